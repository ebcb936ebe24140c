// The card of one job: its name and state, and for a finished one what is in it.
import { ask, openFiles } from "./api.js";
import { showAreas, showCompleteness, showNotes } from "./areas.js";
import { closeComparison, offerComparison } from "./compare.js";
import { byId, make, show } from "./dom.js";
import { closeFields, showFields } from "./fields.js";
import { showFiles } from "./files.js";
import { isActive, isOfFields } from "./jobs.js";
import { closeLayers, onShow, openLayers, readLayers } from "./layers.js";
import { fitTo, showGaps, showRegion } from "./map.js";
import { count, duration, productOf, shortTime, subjectOf, titleOf } from "./names.js";
import { closePixel } from "./pixel.js";

const PARTS = ["view-busy", "view-layers", "view-result", "view-simulated", "view-plot", "simulated-banner"];
let current = null;

/** Show a job. */
export async function openView(id) {
  current = { id, status: null };
  byId("view").hidden = false;
  reset();
  await load();
}

/** Show a result by a share link, which opens its layers, pictures and files, and not its job. */
export async function openShared(id) {
  current = { id, status: "successful" };
  byId("view").hidden = false;
  reset();
  try {
    await result(current, null);
    const { product, bounds } = onShow().found;
    fitTo(bounds);
    const files = { geotiff: ["tif", "GeoTIFF"], item: ["json", "STAC item"] };
    showFiles(id, Object.fromEntries(Object.entries(files).map(([key, [ending, title]]) => [key, { href: `/files/${id}/${product}.${ending}`, title }])));
  } catch (error) {
    await sharedFields(id).catch(() => show(byId("view-error"), error.message));
  }
}

/** Show the files of a shared job that answers fields and has no layers; its provenance names them. */
async function sharedFields(id) {
  const about = await aboutFields(id);
  name({ title: count(about.order.fields.count, "field") });
  const files = Object.keys(about.files).map((file) => [file.split(".").at(-1), { href: `/files/${id}/${file}`, title: file }]);
  showFiles(id, Object.fromEntries(files));
  await showFields(id, Object.fromEntries(files));
}

/** Read where the answers about fields come from, and say so if no satellite has measured them. */
async function aboutFields(id) {
  const about = await ask(`files/${id}/fields_provenance.json`);
  if (current?.id === id) byId("view-simulated").hidden = byId("simulated-banner").hidden = !about.simulated;
  return about;
}

/** Take note of a newer state of the job on show. */
export function viewChanged(job) {
  if (current?.id !== job.jobID || current.status === null) return; // null: it is being read, state and all
  if (job.status !== current.status) load();
  else if (isActive(job)) facts(job);
}

export function closeView() {
  current = null;
  byId("view").hidden = true;
  reset();
  showRegion(null);
}

function reset() {
  closeLayers();
  closePixel();
  closeComparison();
  closeFields();
  showGaps([]);
  for (const name of PARTS) byId(name).hidden = true;
  byId("view-downloads").replaceChildren();
  show(byId("view-error"));
}

async function load() {
  const mine = current;
  try {
    const job = await ask(`jobs/${mine.id}`);
    if (mine !== current) return;
    Object.assign(mine, { status: job.status, isOfFields: isOfFields(job) });
    name(job);
    facts(job);
    showRegion(job.inputs?.region, { zoom: !mine.shown });
    showGaps(job.gaps ?? []);
    mine.shown = true;
    byId("view-downloads").replaceChildren(...(isActive(job) ? [dismissButton(mine)] : []));
    if (job.status === "failed") show(byId("view-error"), job.message);
    if (job.status !== "successful") return;
    await openFiles(mine.id);
    if (mine === current) await Promise.all([isOfFields(job) || result(mine, job), files(mine)]);
  } catch (error) {
    if (mine === current) show(byId("view-error"), error.message);
  }
}

async function result(mine, job) {
  const found = await readLayers(mine.id);
  if (mine !== current) return;
  name(job ?? { title: found.title });
  byId("view-simulated").hidden = byId("simulated-banner").hidden = !found.simulated;
  show(byId("view-evidence"), found.evidence);
  showNotes(found.notes);
  showAreas(found.areas);
  showCompleteness(found, job);
  offerComparison(found);
  byId("view-layers").hidden = byId("view-result").hidden = false;
  await openLayers(found);
}

async function files(mine) {
  const results = await ask(`jobs/${mine.id}/results`);
  if (mine !== current) return;
  showFiles(mine.id, results);
  if (mine.isOfFields) await Promise.all([showFields(mine.id, results), aboutFields(mine.id)]);
}

function name(job) {
  byId("view-title").textContent = titleOf(job);
  document.title = `${titleOf(job)} – landcast`;
  show(byId("view-subject"), job.processID && (subjectOf(job) || productOf(job)));
}

function facts(job) {
  const fields = job.inputs?.fields?.count;
  const tiles = isOfFields(job) ? (fields ? count(fields, "field") : "fields") : job.tiles ? count(job.tiles, "tile") : "not planned yet";
  const left = job.secondsLeft ? ` · about ${duration(job.secondsLeft)} left` : "";
  const state = isActive(job) ? `${job.progress} % · ${job.message}${left}` : job.status;
  byId("view-facts").textContent = `${state} · ${tiles} · ${shortTime(job.created)}`;
  byId("view-progress").hidden = !isActive(job);
  byId("view-progress").value = job.progress;
}

function dismissButton(mine) {
  const button = make("button", { type: "button", textContent: "Dismiss this job" });
  button.addEventListener("click", () => change(mine, button, `jobs/${mine.id}`, "DELETE"));
  return button;
}

/** Ask for a change of a job and show what becomes of it. */
async function change(mine, button, path, method) {
  button.disabled = true;
  try {
    await ask(path, { method });
  } catch (error) {
    show(byId("view-error"), error.message);
  }
  button.disabled = false;
  if (mine === current) load();
}

byId("view-retry").addEventListener("click", () => change(current, byId("view-retry"), `jobs/${current.id}/retry`, "POST"));
byId("view-plot").addEventListener("click", () => byId("plot-dialog").showModal());
