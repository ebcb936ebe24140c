// The order form: product, name, region, archive, dates and the product's own options; its estimate and its sending.
import { ask, jobInAddress } from "./api.js";
import { byId, make, show } from "./dom.js";
import { showArchives } from "./map.js";
import { count, duration } from "./names.js";
import { readRegion, setUpRegion } from "./region.js";

const SHARED = ["region", "period", "archive", "title"];
const PAUSE_MS = 700; // after the last change, before an estimate is asked for
let inputs = {};
let timer = null;
let asked = 0;

/** Fill the form and take orders; `archives` may come later, `onOrdered` gets the new job. */
export function setUpOrders({ processes, archives, onOrdered }) {
  const product = byId("product");
  product.replaceChildren(...processes.map((p) => new Option(p.title, p.id)));
  product.addEventListener("change", () => describe(processes).then(estimateSoon));
  byId("archive").replaceChildren(new Option("The service's own", ""));
  archives.then(fillArchives, (error) => { byId("archive-hint").textContent = error.message; });
  setUpRegion(estimateSoon);
  byId("order").addEventListener("change", (event) => { if (event.target !== byId("region") && event.target !== product) estimateSoon(); });
  byId("order").addEventListener("submit", (event) => {
    event.preventDefault();
    send("execution", (job) => { show(byId("order-estimate")); onOrdered(job); });
  });
  byId("estimate").addEventListener("click", () => send("estimate", showEstimate));
  describe(processes);
}

async function describe(processes) {
  const id = byId("product").value;
  byId("product-description").textContent = processes.find((p) => p.id === id)?.description ?? "";
  try {
    const process = await ask(`processes/${id}`);
    inputs = process.inputs;
    const own = Object.entries(inputs).filter(([name]) => !SHARED.includes(name));
    byId("option-fields").replaceChildren(...own.map(([name, input]) => field(name, input)));
    byId("options").hidden = own.length === 0;
  } catch (error) {
    show(byId("order-error"), error.message);
  }
}

function field(name, { title, description, schema }) {
  const id = `option-${name}`;
  const text = title === name ? name.replace("_", " ").replace(/^./, (c) => c.toUpperCase()) : title;
  const control = schema.enum ? choice(schema.enum) : schema.type === "boolean" ? choice(["true", "false"]) : entry(schema);
  Object.assign(control, { id, name });
  control.setAttribute("aria-describedby", `${id}-hint`);
  const hint = make("p", { id: `${id}-hint`, className: "hint", textContent: description });
  return make("div", {}, make("label", { htmlFor: id, textContent: text }), control, hint);
}

const choice = (values) => make("select", {}, new Option("Default", ""), ...values.map((value) => new Option(value, value)));

function entry(schema) {
  if (schema.format === "date") return make("input", { type: "date" });
  const example = schema.type === "array" ? "2024-06-01, 2024-06-11" : String(schema.default ?? "");
  return make("input", { type: "text", placeholder: example });
}

function fillArchives(archives) {
  const select = byId("archive");
  const usual = archives.find((a) => a.default);
  select.replaceChildren(...archives.map((a) => new Option(a.title, a.default ? "" : a.id, false, a.default)));
  const tell = () => {
    const archive = archives.find((a) => a.id === select.value) ?? usual;
    const warning = archive?.simulated ? "Simulated observations. " : "";
    byId("archive-hint").textContent = archive ? `${warning}${archive.period.replace("/", " to ")}. ${archive.attribution}` : "";
  };
  select.addEventListener("change", tell);
  tell();
  showArchives(archives.map((a) => a.footprint), { zoom: !jobInAddress });
}

function collect() {
  const region = readRegion({ zoom: false });
  if (!region) {
    if (byId("order-error").hidden) show(byId("order-error"), "Draw or enter a region first.");
    return null;
  }
  const order = { region };
  if (byId("title").value.trim()) order.title = byId("title").value.trim();
  if (byId("archive").value) order.archive = byId("archive").value;
  const [start, end] = [byId("start").value, byId("end").value];
  if (start || end) order.period = `${start}/${end}`;
  for (const control of byId("option-fields").querySelectorAll("input, select")) {
    const value = control.value.trim();
    if (value) order[control.name] = inputs[control.name].schema.type === "array" ? value.split(/[\s,]+/) : value;
  }
  return order;
}

const post = (what, order) => ask(`processes/${byId("product").value}/${what}`, { method: "POST", body: { inputs: order } });

async function send(what, onAnswer) {
  clearTimeout(timer);
  asked += 1;
  show(byId("order-estimate"));
  const order = collect();
  if (!order) return byId("region").focus();
  const buttons = byId("order").querySelectorAll(".end button");
  buttons.forEach((button) => { button.disabled = true; });
  try {
    onAnswer(await post(what, order));
  } catch (error) {
    show(byId("order-error"), error.message);
    byId("order-error").scrollIntoView({ block: "nearest" });
  } finally {
    buttons.forEach((button) => { button.disabled = false; });
  }
}

/** Estimate what the form says, once it has not changed for a moment. */
function estimateSoon() {
  clearTimeout(timer);
  show(byId("order-estimate"));
  const mine = (asked += 1);
  if (!byId("region").value.trim()) return;
  timer = setTimeout(async () => {
    const order = collect();
    if (!order) return;
    try {
      const found = await post("estimate", order);
      if (mine === asked) showEstimate(found);
    } catch (error) {
      if (mine === asked) show(byId("order-error"), error.message);
    }
  }, PAUSE_MS);
}

function showEstimate({ tiles, pixels, area_km2: area, archive_share: share, scenes, seconds, processing_units: units }) {
  const size = `${area.toPrecision(3)} km², ${count(tiles, "tile")}, ${count(pixels, "pixel")}, ${count(scenes, "scene")}`;
  const cost = units ? ` Reading costs about ${units.toPrecision(2)} processing units.` : "";
  const outside = share < 1 ? ` The archive covers ${(100 * share).toPrecision(3)} % of it.` : "";
  show(byId("order-estimate"), `${size}: about ${duration(seconds)}.${outside}${cost}`);
}
