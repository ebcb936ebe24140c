// Tiles of another server below the results, if the settings of this service name one.
/* global L */
import { send } from "./api.js";
import { map } from "./map.js";

export async function showBaseMap() {
  const answer = await send("page/base-map.json").catch(() => null);
  const { template, attribution } = answer?.ok ? await answer.json() : {};
  if (!template) return;
  L.tileLayer(template, { maxZoom: 19, className: "base-map" }).addTo(map);
  const credit = document.createElement("span");
  credit.textContent = attribution; // as text: a setting is no HTML
  L.control.attribution({ position: "bottomleft", prefix: false }).addAttribution(credit.innerHTML).addTo(map);
}
