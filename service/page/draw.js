// Drawing of one polygon on the map by its corners.
/* global L */
import { map } from "./map.js";

const DRAFT = { className: "draft", weight: 2, dashArray: "6 4", fillOpacity: 0.08, interactive: false };
const SAME_PX = 4;
const draft = L.layerGroup().addTo(map);
let active = null;

/** Whether clicks on the map are corners now. */
export const isDrawing = () => active !== null;

export class Drawing {
  corners = [];

  constructor({ onChange, onEnd }) {
    Object.assign(this, { onChange, onEnd });
    map.on("click", (event) => this.active && this.add(event.latlng));
    map.on("dblclick", () => this.active && this.close());
    map.on("mousemove", (event) => this.active && this.corners.length && this.paint(event.latlng));
  }

  get active() {
    return active === this;
  }

  start() {
    this.corners = [];
    active = this;
    map.doubleClickZoom.disable();
    map.getContainer().classList.add("drawing");
    this.changed();
  }

  /** Add a corner; by default the middle of the map, for keyboards. */
  add(corner = map.getCenter()) {
    const last = this.corners.at(-1);
    const isSame = last && map.latLngToContainerPoint(last).distanceTo(map.latLngToContainerPoint(corner)) < SAME_PX;
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
    if (this.active) active = null;
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
