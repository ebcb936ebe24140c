// The map: a plain ground with a graticule, the region of an order, a result laid over it, and drawing of polygons.
/* global L */

const STEPS = [60, 30, 15, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0002];
const REGION = { color: "#1f5c4d", weight: 2, fill: false, interactive: false };
const ARCHIVE = { pane: "ground", color: "#8a7a45", weight: 1.5, dashArray: "2 5", fillColor: "#d9b86a", fillOpacity: 0.1, interactive: false };
const DRAFT = { color: "#b3541e", weight: 2, dashArray: "6 4", fillOpacity: 0.08, interactive: false };

const GAP = { pane: "gaps", color: "#a3252b", weight: 1.5, dashArray: "4 3", fillColor: "#a3252b", fillOpacity: 0.15, className: "gap" };

export const map = L.map("map", { zoomControl: false, attributionControl: false, maxZoom: 19, minZoom: 2, zoomSnap: 0.5 });
map.setView([30, 8], 2.5);
L.control.zoom({ position: "bottomright" }).addTo(map);
L.control.scale({ imperial: false, position: "bottomleft", maxWidth: 160 }).addTo(map);

map.createPane("ground").style.zIndex = 100; // below the pictures of results
map.createPane("gaps").style.zIndex = 450; // above the pictures and the region
const lines = L.layerGroup().addTo(map);
const archives = L.geoJSON(null, { style: ARCHIVE, pane: "ground" }).addTo(map);
const region = L.geoJSON(null, { style: REGION }).addTo(map);
const gaps = L.geoJSON(null, { style: GAP, pane: "gaps" }).addTo(map);
const draft = L.layerGroup().addTo(map);
let overlay = null;

function drawGraticule() {
  lines.clearLayers();
  const view = map.getBounds();
  const [west, east] = [Math.max(view.getWest(), -360), Math.min(view.getEast(), 360)];
  const [south, north] = [Math.max(view.getSouth(), -85), Math.min(view.getNorth(), 85)];
  const step = STEPS.find((s) => (east - west) / s >= 5) ?? STEPS.at(-1);
  const digits = Math.max(0, Math.ceil(-Math.log10(step)));
  const style = { pane: "ground", color: "#cdd3c6", weight: 1, interactive: false };
  const [top, left] = [map.containerPointToLatLng([0, 12]).lat, map.containerPointToLatLng([12, 0]).lng];
  for (let x = Math.ceil(west / step); x * step <= east; x += 1) {
    L.polyline([[south, x * step], [north, x * step]], style).addTo(lines);
    label([top, x * step], degrees(x * step, digits, "E", "W"), [-4, 0]);
  }
  for (let y = Math.ceil(south / step); y * step <= north; y += 1) {
    L.polyline([[y * step, west], [y * step, east]], style).addTo(lines);
    label([y * step, left], degrees(y * step, digits, "N", "S"), [0, 15]);
  }
}

const degrees = (value, digits, plus, minus) =>
  `${Math.abs(value).toFixed(digits)}° ${value > 0 ? plus : value < 0 ? minus : ""}`;

function label(at, text, anchor) {
  const icon = L.divIcon({ className: "graticule-label", html: text, iconSize: null, iconAnchor: anchor });
  L.marker(at, { icon, interactive: false, keyboard: false }).addTo(lines);
}

map.on("moveend", drawGraticule);
drawGraticule();

/** Space that panels over the map take, so that what is fitted lies beside them. */
const fit = (bounds) => map.fitBounds(bounds, { paddingTopLeft: [50, 50], paddingBottomRight: [370, 60], maxZoom: 17 });

export function showRegion(geometry, { zoom = true } = {}) {
  region.clearLayers();
  if (!geometry) return;
  region.addData(geometry);
  if (zoom && region.getBounds().isValid()) fit(region.getBounds());
}

/** Draw the tiles that a map lacks, each with its reason. */
export function showGaps(features) {
  gaps.clearLayers();
  for (const feature of features) {
    const text = document.createElement("span");
    text.textContent = `Gap: ${feature.properties.reason}`; // as text: a reason is no HTML
    gaps.addLayer(L.geoJSON(feature, { style: GAP, pane: "gaps" }).bindTooltip(text, { sticky: true }));
  }
}

export function showArchives(geometries) {
  archives.clearLayers();
  geometries.forEach((geometry) => archives.addData(geometry));
  if (archives.getBounds().isValid()) fit(archives.getBounds());
}

/** Lay a picture over west, south, east, north; resolves once it is there. */
export function showPicture(url, [west, south, east, north], { opacity, alt }) {
  const before = overlay;
  overlay = L.imageOverlay(url, [[south, west], [north, east]], { opacity, alt, className: "crisp" });
  const added = overlay;
  return new Promise((resolve, reject) => {
    added.once("load", () => { before?.remove(); resolve(); });
    added.once("error", () => { before?.remove(); added.remove(); reject(new Error("The picture of this layer could not be loaded.")); });
    added.addTo(map);
  });
}

export function removePicture() {
  overlay?.remove();
  overlay = null;
}

export const setOpacity = (value) => overlay?.setOpacity(value);

/** Drawing of one polygon by its corners. */
export class Drawing {
  corners = [];

  constructor({ onChange, onEnd }) {
    Object.assign(this, { onChange, onEnd, active: false });
    map.on("click", (event) => this.active && this.add(event.latlng));
    map.on("dblclick", () => this.active && this.close());
    map.on("mousemove", (event) => this.active && this.corners.length && this.paint(event.latlng));
  }

  start() {
    this.corners = [];
    this.active = true;
    map.doubleClickZoom.disable();
    map.getContainer().classList.add("drawing");
    this.changed();
  }

  add(corner) {
    const last = this.corners.at(-1);
    const isSame = last && map.latLngToContainerPoint(last).distanceTo(map.latLngToContainerPoint(corner)) < 4;
    if (!isSame) this.corners.push(corner.wrap());
    this.changed();
  }

  undo() {
    this.corners.pop();
    this.changed();
  }

  close() {
    const ring = this.corners.map((c) => [Number(c.lng.toFixed(6)), Number(c.lat.toFixed(6))]);
    this.stop();
    this.onEnd(ring.length < 3 ? null : { type: "Polygon", coordinates: [[...ring, ring[0]]] });
  }

  stop() {
    this.active = false;
    this.corners = [];
    draft.clearLayers();
    map.getContainer().classList.remove("drawing");
    setTimeout(() => map.doubleClickZoom.enable(), 300);
  }

  changed() {
    this.paint();
    this.onChange(this.corners.length);
  }

  paint(pointer) {
    draft.clearLayers();
    L.polygon(pointer ? [...this.corners, pointer] : this.corners, DRAFT).addTo(draft);
    this.corners.forEach((corner, n) => {
      const first = n === 0;
      const icon = L.divIcon({ className: first ? "corner first" : "corner", iconSize: first ? [14, 14] : [10, 10] });
      const marker = L.marker(corner, { icon, keyboard: false, interactive: first, title: first ? "Close the polygon" : "" });
      if (first) marker.on("click", () => this.close());
      marker.addTo(draft);
    });
  }
}
