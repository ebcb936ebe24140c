// The layers of a finished result: which one is shown, of which date, and how strongly.
import { ask, opened } from "./api.js";
import { byId, show } from "./dom.js";
import { showLegend } from "./legend.js";
import { removePicture, setOpacity, showPicture } from "./map.js";

let current = null;

/** Return the layers of a job. */
export async function readLayers(id) {
  return { id, ...(await ask(`jobs/${id}/layers`)) };
}

/** Offer the layers of a result and show the first. */
export function openLayers(found) {
  current = found;
  fillChoices(found);
  return showLayer();
}

export function closeLayers() {
  current = null;
  removePicture();
}

/** A layer's name and sentence without its date: what is the same on all dates. */
export const kindOf = (layer) => (layer.date ? layer.name.replace(layer.date, "*") : layer.name);

export function labelOf({ name, date, description }) {
  const share = name.match(/_q(\d\d)$/)?.[1];
  if (share === "50") return "Median forecast";
  if (share) return `Forecast, ${Number(share)} % quantile`;
  const short = description.split(":")[0].split(", where")[0];
  return date ? short.replace(` on ${date}`, "") : short;
}

export const pictureOf = (found, layer) => opened(`jobs/${found.id}/preview.png?layer=${encodeURIComponent(layer.name)}`, found.id);

export const firstLayer = ({ layers, start }) => layers.find((layer) => layer.name === start) ?? layers[0];

/** The result and the layer that are on show; null if there are none. */
export const onShow = () => current && { found: current, layer: chosen() };

export const opacity = () => Number(byId("view-opacity").value) / 100;

function fillChoices({ layers, ...found }) {
  const first = firstLayer({ layers, ...found });
  const dates = [...new Set(layers.filter((layer) => layer.name !== kindOf(layer)).map((layer) => layer.date))];
  const kinds = new Map(layers.map((layer) => [kindOf(layer), labelOf(layer)]));
  byId("view-date-row").hidden = dates.length < 2;
  byId("view-date").replaceChildren(...dates.map((date) => new Option(date, date, false, date === first.date)));
  byId("view-layer").replaceChildren(...[...kinds].map(([key, text]) => new Option(text, key, false, key === kindOf(first))));
}

function chosen() {
  const [key, date] = [byId("view-layer").value, byId("view-date").value];
  const fitting = current.layers.filter((layer) => kindOf(layer) === key);
  return fitting.find((layer) => layer.date === date) ?? fitting[0];
}

function enableDates(layer) {
  const isDated = layer.name !== kindOf(layer);
  const { selectedIndex, length } = byId("view-date");
  byId("view-date").disabled = !isDated;
  byId("date-back").disabled = !isDated || selectedIndex <= 0;
  byId("date-on").disabled = !isDated || selectedIndex >= length - 1;
}

async function showLayer() {
  const found = current;
  const layer = chosen();
  enableDates(layer);
  showLegend(layer);
  byId("view-layer-hint").textContent = `${layer.kind === "classes" ? layer.description.split(":")[0] : layer.description}.`;
  show(byId("view-error"));
  byId("view-busy").hidden = false;
  try {
    await showPicture(pictureOf(found, layer), found.bounds, { opacity: opacity(), alt: layer.description });
    if (found === current) byId("map").dataset.layer = layer.name;
    else if (!current) removePicture();
  } catch (error) {
    if (found === current) show(byId("view-error"), error.message);
  }
  if (found !== current || chosen() !== layer) return;
  byId("view-busy").hidden = true;
  document.dispatchEvent(new CustomEvent("layer-shown"));
}

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
