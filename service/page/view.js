// The card of one job: its state, and for a finished one layers, legend, opacity, downloads and the forecast plot.
import { ask, below, byId, make, openFiles, opened, shortTime, show } from "./api.js";
import { isActive } from "./jobs.js";
import { removePicture, setOpacity, showPicture, showRegion } from "./map.js";

const NAMES = { geotiff: "GeoTIFF", item: "STAC item", quicklook: "Picture", netcdf: "NetCDF", plot: "Plot" };
const MOST_NOTES = 4;
let current = null;

/** Show a job; `titles` maps process ids to titles. */
export async function openView(id, titles) {
  current = { id, status: null, titles };
  byId("view").hidden = false;
  reset();
  await load();
}

/** Take note of a newer state of the job on show. */
export function viewChanged(job) {
  if (current?.id !== job.jobID) return;
  if (job.status !== current.status) load();
  else if (isActive(job)) facts(job);
}

export function closeView() {
  current = null;
  byId("view").hidden = true;
  byId("simulated-banner").hidden = true;
  removePicture();
  showRegion(null);
}

function reset() {
  removePicture();
  for (const name of ["view-busy", "view-layers", "view-simulated", "view-plot", "simulated-banner"]) byId(name).hidden = true;
  byId("view-downloads").replaceChildren();
  show(byId("view-error"));
}

async function load() {
  const mine = current;
  try {
    const job = await ask(`jobs/${mine.id}`);
    if (mine !== current) return;
    mine.status = job.status;
    byId("view-title").textContent = mine.titles.get(job.processID) ?? job.processID;
    facts(job);
    showRegion(job.inputs?.region, { zoom: !mine.shown });
    mine.shown = true;
    byId("view-downloads").replaceChildren(...(isActive(job) ? [dismissButton(mine)] : []));
    if (job.status === "failed") show(byId("view-error"), job.message);
    if (job.status === "successful") await openFiles(mine.id);
    if (mine !== current) return;
    if (job.status === "successful") await Promise.all([loadLayers(mine), loadFiles(mine)]);
  } catch (error) {
    if (mine === current) show(byId("view-error"), error.message);
  }
}

function facts(job) {
  const tiles = `${job.tiles} ${job.tiles === 1 ? "tile" : "tiles"}`;
  const state = isActive(job) ? `${job.progress} % · ${job.message}` : job.status;
  byId("view-facts").textContent = `${state} · ${tiles} · ${shortTime(job.created)}`;
  byId("view-progress").hidden = !isActive(job);
  byId("view-progress").value = job.progress;
}

function dismissButton(mine) {
  const button = make("button", { type: "button", textContent: "Dismiss this job" });
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      await ask(`jobs/${mine.id}`, { method: "DELETE" });
    } catch (error) {
      show(byId("view-error"), error.message);
    }
    if (mine === current) load();
  });
  return button;
}

async function loadFiles(mine) {
  const results = await ask(`jobs/${mine.id}/results`);
  if (mine !== current) return;
  const links = Object.entries(results).map(([key, { href, title }]) =>
    make("a", { href: opened(below(href, "/files/")), textContent: NAMES[key] ?? key, title, download: href.split("/").at(-1) }),
  );
  byId("view-downloads").replaceChildren(...links);
  byId("view-plot").hidden = !results.plot;
  if (!results.plot) return;
  for (const name of ["view-plot-image", "plot-large"]) {
    Object.assign(byId(name), { src: opened(below(results.plot.href, "/files/")), alt: results.plot.title });
  }
}

async function loadLayers(mine) {
  const found = await ask(`jobs/${mine.id}/layers`);
  if (mine !== current) return;
  mine.found = found;
  byId("view-simulated").hidden = byId("simulated-banner").hidden = !found.simulated;
  fillChoices(mine);
  show(byId("view-evidence"), found.evidence);
  notes(found.notes);
  byId("view-layers").hidden = false;
  await showLayer();
}

/** A layer's name and sentence without its date: what is the same on all dates. */
const kind = (layer) => (layer.date ? layer.name.replace(layer.date, "*") : layer.name);
function label({ name, date, description }) {
  const share = name.match(/_q(\d\d)$/)?.[1];
  if (share === "50") return "Median forecast";
  if (share) return `Forecast, ${Number(share)} % quantile`;
  const short = description.split(":")[0];
  return date ? short.replace(` on ${date}`, "") : short;
}

function fillChoices(mine) {
  const { layers, start } = mine.found;
  const first = layers.find((layer) => layer.name === start) ?? layers[0];
  const dates = [...new Set(layers.map((layer) => layer.date).filter(Boolean))];
  const kinds = new Map(layers.map((layer) => [kind(layer), label(layer)]));
  byId("view-date-row").hidden = dates.length < 2;
  byId("view-date").replaceChildren(...dates.map((date) => new Option(date, date, false, date === first.date)));
  byId("view-layer").replaceChildren(...[...kinds].map(([key, text]) => new Option(text, key, false, key === kind(first))));
}

function chosen() {
  const [key, date] = [byId("view-layer").value, byId("view-date").value];
  const fitting = current.found.layers.filter((layer) => kind(layer) === key);
  return fitting.find((layer) => layer.date === date) ?? fitting[0];
}

async function showLayer() {
  const mine = current;
  const layer = chosen();
  const dated = layer.name !== kind(layer);
  for (const name of ["view-date", "date-back", "date-on"]) byId(name).disabled = !dated;
  if (dated) {
    byId("date-back").disabled = byId("view-date").selectedIndex <= 0;
    byId("date-on").disabled = byId("view-date").selectedIndex >= byId("view-date").length - 1;
  }
  legend(layer);
  byId("view-layer-hint").textContent = `${layer.description}.`;
  show(byId("view-error"));
  const url = opened(`jobs/${mine.id}/preview.png?layer=${encodeURIComponent(layer.name)}`);
  byId("view-busy").hidden = false;
  try {
    await showPicture(url, mine.found.bounds, { opacity: opacity(), alt: layer.description });
    if (mine !== current) removePicture();
    else byId("map").dataset.layer = layer.name;
  } catch (error) {
    if (mine === current) show(byId("view-error"), error.message);
  }
  if (mine === current && chosen() === layer) byId("view-busy").hidden = true;
}

function legend(layer) {
  const box = byId("legend");
  box.replaceChildren(layer.kind === "classes" ? swatches(layer) : gradient(layer));
  box.append(make("p", { className: "hint", textContent: "Transparent: outside the region, or never seen clear." }));
}

/** What to read before the map: the first sentences; the STAC item has all. */
function notes(all) {
  const more = all.length - MOST_NOTES;
  const shown = [...all.slice(0, MOST_NOTES), ...(more > 0 ? [`${more} further notes are in the STAC item.`] : [])];
  byId("view-notes").replaceChildren(...shown.map((text) => make("li", { className: "note", textContent: text })));
  byId("view-notes").hidden = !all.length;
}

function swatches(layer) {
  const entries = layer.legend.map(({ label, colour }) => {
    const swatch = make("span", { className: "swatch" });
    swatch.style.background = colour;
    return make("li", {}, swatch, label);
  });
  return make("ul", {}, ...entries);
}

function gradient(layer) {
  const [low, high] = [layer.legend[0].value, layer.legend.at(-1).value];
  const place = (stop) => `${(100 * (stop.value - low)) / (high - low)}%`;
  const bar = make("div", { className: "gradient" });
  bar.style.background = `linear-gradient(to right, ${layer.legend.map((s) => `${s.colour} ${place(s)}`).join(", ")})`;
  const ticks = layer.legend.map((stop) => {
    const tick = make("span", { textContent: stop.label });
    tick.style.left = place(stop);
    return tick;
  });
  return make("div", {}, bar, make("div", { className: "ticks" }, ...ticks));
}

const opacity = () => Number(byId("view-opacity").value) / 100;

function step(by) {
  byId("view-date").selectedIndex += by;
  showLayer();
}

byId("view-date").addEventListener("change", showLayer);
byId("view-layer").addEventListener("change", showLayer);
byId("date-back").addEventListener("click", () => step(-1));
byId("date-on").addEventListener("click", () => step(1));
byId("view-opacity").addEventListener("input", () => {
  byId("view-opacity-out").textContent = `${byId("view-opacity").value} %`;
  setOpacity(opacity());
});
byId("view-plot").addEventListener("click", () => byId("plot-dialog").showModal());
