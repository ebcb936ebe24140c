// The order form: product, region by drawing, text or file, archive, dates and the product's own options.
import { ask, byId, make, show } from "./api.js";
import { Drawing, showArchives, showRegion } from "./map.js";

const SHARED = ["region", "period", "archive"];
let inputs = {};

/** Fill the form and take orders; `archives` may come later, `onOrdered` gets the new job. */
export function setUpOrders({ processes, archives, onOrdered }) {
  const product = byId("product");
  product.replaceChildren(...processes.map((p) => new Option(p.title, p.id)));
  product.addEventListener("change", () => describe(processes));
  byId("archive").replaceChildren(new Option("The service's own", ""));
  archives.then(fillArchives, (error) => { byId("archive-hint").textContent = error.message; });
  setUpRegion();
  byId("order").addEventListener("submit", (event) => {
    event.preventDefault();
    send("execution", (job) => { show(byId("order-estimate")); onOrdered(job); });
  });
  byId("estimate").addEventListener("click", () => send("estimate", (e) => show(byId("order-estimate"), estimateText(e))));
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
  const control = schema.enum ? choice(schema) : entry(schema);
  Object.assign(control, { id, name });
  control.setAttribute("aria-describedby", `${id}-hint`);
  const hint = make("p", { id: `${id}-hint`, className: "hint", textContent: description });
  return make("div", {}, make("label", { htmlFor: id, textContent: text }), control, hint);
}

const choice = (schema) => make("select", {}, new Option("Default", ""), ...schema.enum.map((value) => new Option(value, value)));

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
  showArchives(archives.map((a) => a.footprint));
}

function setUpRegion() {
  const text = byId("region");
  const set = (geometry) => {
    text.value = geometry ? JSON.stringify(geometry) : "";
    read({ zoom: false });
  };
  const drawing = new Drawing({
    onChange: (count) => { byId("undo").disabled = count === 0; },
    onEnd: (geometry) => {
      pressed(false);
      if (geometry) set(geometry);
      else show(byId("order-error"), "A polygon needs at least three corners.");
    },
  });
  const pressed = (on) => {
    byId("draw").setAttribute("aria-pressed", String(on));
    byId("draw").textContent = on ? "Close the polygon" : "Draw on the map";
    byId("undo").disabled = true;
  };
  byId("draw").addEventListener("click", () => {
    if (drawing.active) return drawing.close();
    show(byId("order-error"));
    set(null);
    drawing.start();
    pressed(true);
  });
  byId("undo").addEventListener("click", () => drawing.undo());
  byId("clear").addEventListener("click", () => { drawing.stop(); pressed(false); set(null); });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && drawing.active) { drawing.stop(); pressed(false); }
    if (event.key === "Enter" && drawing.active && event.target === byId("map")) drawing.close();
  });
  text.addEventListener("change", () => read({ zoom: true }));
  byId("upload").addEventListener("change", async (event) => {
    const [file] = event.target.files;
    if (!file) return;
    text.value = await file.text();
    read({ zoom: true });
  });
}

/** The region in the text field, drawn on the map; null if there is none that can be read. */
function read({ zoom }) {
  const text = byId("region").value.trim();
  show(byId("order-error"));
  if (!text) {
    showRegion(null);
    return null;
  }
  try {
    const geometry = JSON.parse(text);
    showRegion(geometry, { zoom });
    return geometry;
  } catch {
    showRegion(null);
    show(byId("order-error"), "The region is not GeoJSON: draw a polygon, paste one, or choose a file.");
    return null;
  }
}

function collect() {
  const region = read({ zoom: false });
  if (!region) {
    if (byId("order-error").hidden) show(byId("order-error"), "Draw or enter a region first.");
    byId("region").focus();
    return null;
  }
  const order = { region };
  if (byId("archive").value) order.archive = byId("archive").value;
  const [start, end] = [byId("start").value, byId("end").value];
  if (start || end) order.period = `${start}/${end}`;
  for (const control of byId("option-fields").querySelectorAll("input, select")) {
    const value = control.value.trim();
    if (value) order[control.name] = inputs[control.name].schema.type === "array" ? value.split(/[\s,]+/) : value;
  }
  return order;
}

async function send(what, onAnswer) {
  show(byId("order-estimate"));
  const order = collect();
  if (!order) return;
  const buttons = byId("order").querySelectorAll(".end button");
  buttons.forEach((button) => { button.disabled = true; });
  try {
    onAnswer(await ask(`processes/${byId("product").value}/${what}`, { method: "POST", body: { inputs: order } }));
  } catch (error) {
    show(byId("order-error"), error.message);
    byId("order-error").scrollIntoView({ block: "nearest" });
  } finally {
    buttons.forEach((button) => { button.disabled = false; });
  }
}

function estimateText({ tiles, pixels, area_km2: area, scenes, seconds }) {
  const time = seconds < 90 ? `${Math.max(1, Math.round(seconds))} s` : `${Math.round(seconds / 60)} min`;
  const count = (n, noun) => `${n.toLocaleString("en")} ${noun}${n === 1 ? "" : "s"}`;
  return `${area.toPrecision(3)} km², ${count(tiles, "tile")}, ${count(pixels, "pixel")}, ${count(scenes, "scene")}: about ${time}.`;
}
