// The region of an order: drawn, pasted, or read from a file, and shown on the map.
import { byId, show } from "./dom.js";
import { Drawing } from "./draw.js";
import { map, showRegion } from "./map.js";

/** Let people give a region; `onChange` is called whenever there is another. */
export function setUpRegion(onChange) {
  const text = byId("region");
  const changed = ({ zoom }) => { if (readRegion({ zoom })) onChange(); };
  const set = (geometry) => {
    text.value = geometry ? JSON.stringify(geometry) : "";
    changed({ zoom: false });
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
    byId("corner").hidden = !on;
    byId("undo").disabled = true;
  };
  byId("draw").addEventListener("click", () => {
    if (drawing.active) return drawing.close();
    set(null);
    drawing.start();
    pressed(true);
  });
  byId("corner").addEventListener("click", () => drawing.add());
  byId("undo").addEventListener("click", () => drawing.undo());
  byId("clear").addEventListener("click", () => { drawing.stop(); pressed(false); set(null); });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && drawing.active) { drawing.stop(); pressed(false); }
    if (event.key === "Enter" && drawing.active && event.target === byId("map")) drawing.add(map.getCenter());
  });
  text.addEventListener("change", () => changed({ zoom: true }));
  byId("upload").addEventListener("change", async (event) => {
    const [file] = event.target.files;
    if (!file) return;
    text.value = await file.text();
    changed({ zoom: true });
  });
}

/** The region in the text field, drawn on the map; null if there is none that can be read. */
export function readRegion({ zoom }) {
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
