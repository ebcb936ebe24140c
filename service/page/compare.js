// Two pictures side by side under a slider: another date of the result on show, or another result.
import { openFiles } from "./api.js";
import { byId, make, show } from "./dom.js";
import { finishedJobs } from "./jobs.js";
import { firstLayer, kindOf, labelOf, onShow, opacity, pictureOf, readLayers } from "./layers.js";
import { map, removePicture, showPicture } from "./map.js";
import { subjectOf, titleOf } from "./names.js";

const NOTHING = "";
const MOST_RESULTS = 100;
const THUMB_PX = 20;
let own = null;

/** Offer what the result on show can be compared with. */
export function offerComparison(found) {
  own = found;
  const dates = [...new Set(found.layers.filter((layer) => layer.name !== kindOf(layer)).map((layer) => layer.date))];
  const others = finishedJobs().filter((job) => job.jobID !== found.id).slice(0, MOST_RESULTS);
  const group = (label, options) => (options.length ? [Object.assign(make("optgroup", {}, ...options), { label })] : []);
  byId("compare").replaceChildren(
    new Option("Nothing", NOTHING),
    ...group("Another date of this result", dates.length > 1 ? dates.map((date) => new Option(date, `date ${date}`)) : []),
    ...group("Another result", others.map((job) => new Option([titleOf(job), subjectOf(job)].filter(Boolean).join(" · "), `job ${job.jobID}`))),
  );
  byId("compare-row").hidden = byId("compare").length < 2;
}

export function closeComparison() {
  byId("compare").value = NOTHING;
  byId("compare-bar").hidden = true;
  removePicture("compared");
  clip();
}

async function compare() {
  const [what, value] = byId("compare").value.split(" ");
  if (!what) return closeComparison();
  const shown = onShow();
  try {
    const { found, layer } = what === "date" ? sameOn(shown, value) : await ofJob(shown, value);
    if (byId("compare").value !== `${what} ${value}`) return;
    await showPicture(pictureOf(found, layer), found.bounds, { opacity: opacity(), alt: layer.description, pane: "compared" });
    show(byId("compare-left"), `Left: ${what === "date" ? dated(shown.layer) : byId("view-title").textContent}`);
    show(byId("compare-right"), `Right: ${what === "date" ? dated(layer) : byId("compare").selectedOptions[0].text}`);
    byId("compare-bar").hidden = false;
    clip();
  } catch (error) {
    closeComparison();
    show(byId("view-error"), error.message);
  }
}

const dated = (layer) => `${labelOf(layer)}, ${layer.date}`;

function sameOn({ found, layer }, date) {
  const same = found.layers.find((one) => one.date === date && kindOf(one) === kindOf(layer));
  return { found, layer: same ?? found.layers.find((one) => one.date === date) };
}

/** The layer of another result that is the same as the one on show, or its first. */
async function ofJob(shown, id) {
  await openFiles(id);
  const found = await readLayers(id);
  return { found, layer: found.layers.find((layer) => layer.name === shown.layer.name) ?? firstLayer(found) };
}

/** Cut the two panes at the slider: the one left of it, the other right of it. */
function clip() {
  const isOn = !byId("compare-bar").hidden;
  const [left, right] = [map.getPane("pictures"), map.getPane("compared")];
  if (!isOn) {
    left.style.clipPath = right.style.clipPath = "";
    return;
  }
  const size = map.getSize();
  const share = Number(byId("compare-slider").value) / 100;
  const start = map.containerPointToLayerPoint([0, 0]);
  const end = map.containerPointToLayerPoint(size);
  const border = THUMB_PX / 2 + share * (size.x - THUMB_PX); // below the middle of the slider's thumb
  const middle = start.x + border;
  const box = (from, to) => `polygon(${from}px ${start.y}px, ${to}px ${start.y}px, ${to}px ${end.y}px, ${from}px ${end.y}px)`;
  left.style.clipPath = box(start.x, middle);
  right.style.clipPath = box(middle, end.x);
  byId("compare-line").style.left = `${border}px`;
}

byId("compare").addEventListener("change", compare);
byId("compare-slider").addEventListener("input", clip);
document.addEventListener("layer-shown", () => { if (own && !byId("compare-bar").hidden) compare(); });
map.on("move zoomend resize", clip);
