// Printing: the map takes the size that it has on paper, and shows the whole region there.
import { onShow } from "./layers.js";
import { map } from "./map.js";

const onPaper = matchMedia("print");
let before = null;

function fit() {
  map.invalidateSize({ animate: false, pan: false });
  const shown = onShow();
  if (shown) map.fitBounds(bounds(shown.found.bounds), { animate: false, padding: [20, 20] });
}

const bounds = ([west, south, east, north]) => [[south, west], [north, east]];

onPaper.addEventListener("change", ({ matches }) => {
  if (matches) {
    before = [map.getCenter(), map.getZoom()];
    fit();
  } else {
    map.invalidateSize({ animate: false, pan: false });
    if (before) map.setView(...before, { animate: false });
  }
});
