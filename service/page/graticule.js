// The ground of the map: coarse outlines of the continents, meridians and parallels with their degrees, and a small map
// of the world that says where one is once the outlines are too coarse.
/* global L */
import { degrees } from "./names.js";
import { CONTINENTS } from "./outline.js";

const STEPS = [60, 30, 15, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0002];
const LINE = { pane: "ground", className: "graticule", weight: 1, interactive: false };
const LAND = { pane: "ground", className: "land", weight: 1, interactive: false };
const LABEL_WIDTH = 225; // pixels for each meridian; steps differ by up to 2.5 times, so a label has 90 at least
const COARSEST_USE = 6.5; // nearer, the outlines are too coarse to lie where a result does

/** Draw the ground anew whenever the map has moved. */
export function drawGraticule(map) {
  const lines = L.layerGroup().addTo(map);
  const land = L.layerGroup(CONTINENTS.flatMap((ring) => [-360, 0, 360].map((turn) => L.polygon(ring.map(([x, y]) => [y, x + turn]), LAND))));
  const draw = () => {
    lines.clearLayers();
    const isFar = map.getZoom() < COARSEST_USE;
    if (isFar) land.addTo(map);
    else land.remove();
    map.getContainer().classList.toggle("far", isFar);
    const view = map.getBounds();
    const [west, east] = [Math.max(view.getWest(), -360), Math.min(view.getEast(), 360)];
    const [south, north] = [Math.max(view.getSouth(), -85), Math.min(view.getNorth(), 85)];
    const least = Math.min(5, map.getSize().x / LABEL_WIDTH);
    const step = STEPS.find((s) => (east - west) / s >= least) ?? STEPS.at(-1);
    const digits = Math.max(0, Math.ceil(-Math.log10(step)));
    const [top, left] = [map.containerPointToLatLng([0, 12]).lat, map.containerPointToLatLng([12, 0]).lng];
    for (let x = Math.ceil(west / step); x * step <= east; x += 1) {
      L.polyline([[south, x * step], [north, x * step]], LINE).addTo(lines);
      label([top, x * step], degrees(x * step, digits, "E", "W"), [-4, 0]);
    }
    for (let y = Math.ceil(south / step); y * step <= north; y += 1) {
      L.polyline([[y * step, west], [y * step, east]], LINE).addTo(lines);
      label([y * step, left], degrees(y * step, digits, "N", "S"), [0, 15]);
    }
  };
  const label = (at, text, anchor) => {
    const icon = L.divIcon({ className: "graticule-label", html: text, iconSize: null, iconAnchor: anchor });
    L.marker(at, { icon, interactive: false, keyboard: false }).addTo(lines);
  };
  const locate = addLocator(map);
  map.on("moveend", draw).on("moveend", locate);
  draw();
  locate();
}

/** Add a small map of the world with a mark; returns what moves the mark to the middle of the map. */
function addLocator(map) {
  const [svg, mark] = [element("svg", { viewBox: "-180 -84 360 160", class: "locator", "aria-hidden": "true" }), element("circle", { r: 9, class: "here" })];
  for (const ring of CONTINENTS) svg.append(element("polygon", { points: ring.map(([x, y]) => `${x},${-y}`).join(" "), class: "land" }));
  svg.append(mark);
  map.getContainer().append(svg);
  return () => {
    const { lng, lat } = map.getCenter().wrap();
    mark.setAttribute("cx", lng);
    mark.setAttribute("cy", -lat);
    svg.toggleAttribute("hidden", map.getZoom() < COARSEST_USE);
  };
}

function element(tag, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}
