// The legend of a layer: swatches of classes, or a ramp of colours with its numbers.
import { byId, make } from "./dom.js";

const TRANSPARENT = "Transparent: outside the region, or never seen clear.";

export function showLegend(layer) {
  const hint = make("p", { className: "hint", textContent: TRANSPARENT });
  byId("legend").replaceChildren(layer.kind === "classes" ? swatches(layer) : gradient(layer), hint);
}

export function swatch(colour) {
  const element = make("span", { className: "swatch" });
  element.style.background = colour;
  return element;
}

const swatches = (layer) => make("ul", {}, ...layer.legend.map(({ label, colour }) => make("li", {}, swatch(colour), label)));

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
