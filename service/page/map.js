// The map and what lies on it: the region of an order, gaps, archives, and pictures of results.
/* global L */
import { drawGraticule } from "./graticule.js";

const REGION = { className: "region", weight: 2, fill: false, interactive: false };
const ARCHIVE = { pane: "ground", className: "archive", weight: 1.5, dashArray: "2 5", fillOpacity: 0.1, interactive: false };
const GAP = { pane: "gaps", weight: 1.5, dashArray: "4 3", fillOpacity: 0.15, className: "gap" };

export const map = L.map("map", { zoomControl: false, attributionControl: false, maxZoom: 19, minZoom: 2, zoomSnap: 0.5 });
map.setView([30, 8], 2.5);
L.control.zoom({ position: "bottomright" }).addTo(map);
L.control.scale({ imperial: false, position: "bottomleft", maxWidth: 160 }).addTo(map);

// From below to above: ground 100, tiles 200, pictures 300, those of a comparison 310, region 400, gaps 450
for (const [name, height] of [["ground", 100], ["pictures", 300], ["compared", 310], ["gaps", 450]]) {
  map.createPane(name).style.zIndex = height;
}
drawGraticule(map);

const archives = L.geoJSON(null, { style: ARCHIVE, pane: "ground" }).addTo(map);
const region = L.geoJSON(null, { style: REGION }).addTo(map);
const gaps = L.geoJSON(null, { style: GAP, pane: "gaps" }).addTo(map);
const shown = new Map();
let pixel = null;

/** Fit beside the panels that lie over the map, where there is room for that. */
function fit(bounds) {
  const isWide = map.getSize().x > 700;
  map.fitBounds(bounds, isWide ? { paddingTopLeft: [50, 50], paddingBottomRight: [394, 60], maxZoom: 17 } : { padding: [20, 20], maxZoom: 17 });
}

export function showRegion(geometry, { zoom = true } = {}) {
  region.clearLayers();
  if (!geometry) return;
  region.addData(geometry);
  if (zoom && region.getBounds().isValid()) fit(region.getBounds());
}

export const fitTo = ([west, south, east, north]) => fit([[south, west], [north, east]]);

/** Draw the tiles that a map lacks, each with its reason. */
export function showGaps(features) {
  gaps.clearLayers();
  for (const feature of features) {
    const text = document.createElement("span");
    text.textContent = `Gap: ${feature.properties.reason}`; // as text: a reason is no HTML
    gaps.addLayer(L.geoJSON(feature, { style: GAP, pane: "gaps" }).bindTooltip(text, { sticky: true }));
  }
}

export function showArchives(geometries, { zoom = true } = {}) {
  archives.clearLayers();
  geometries.forEach((geometry) => archives.addData(geometry));
  if (zoom && archives.getBounds().isValid()) fit(archives.getBounds());
}

/** Lay a picture over west, south, east, north, in a pane of its own; resolves once it is there. */
export function showPicture(url, [west, south, east, north], { opacity, alt, pane = "pictures" }) {
  const before = shown.get(pane);
  const added = L.imageOverlay(url, [[south, west], [north, east]], { opacity, alt, pane, className: "crisp" });
  shown.set(pane, added);
  return new Promise((resolve, reject) => {
    added.once("load", () => {
      before?.remove();
      if (shown.get(pane) !== added) added.remove(); // another one was asked for meanwhile
      resolve();
    });
    added.once("error", () => { before?.remove(); added.remove(); reject(new Error("The picture of this layer could not be loaded.")); });
    added.addTo(map);
  });
}

export function removePicture(pane = "pictures") {
  shown.get(pane)?.remove();
  shown.delete(pane);
}

export const setOpacity = (value) => shown.forEach((picture) => picture.setOpacity(value));

/** Mark a pixel by its middle, or none. */
export function markPixel(place) {
  pixel?.remove();
  pixel = null;
  if (!place) return;
  const icon = L.divIcon({ className: "pixel-mark", iconSize: [18, 18] });
  pixel = L.marker([place.lat, place.lon], { icon, interactive: false, keyboard: false }).addTo(map);
}

/** Move the map so that the marked pixel does not lie below a panel. */
export function uncoverPixel(panel) {
  if (!pixel) return;
  const [box, frame] = [panel.getBoundingClientRect(), map.getContainer().getBoundingClientRect()];
  const at = map.latLngToContainerPoint(pixel.getLatLng());
  const [x, y] = [at.x + frame.left, at.y + frame.top];
  if (x > box.left && x < box.right && y > box.top && y < box.bottom) map.panBy([0, y - box.top + 30]);
}

new ResizeObserver(() => map.invalidateSize({ animate: false, pan: false })).observe(map.getContainer());
