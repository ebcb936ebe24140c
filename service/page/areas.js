// How much there is of each class, how sure that is, and how complete the map is.
import { byId, make, show, table } from "./dom.js";
import { count, hectares, percent } from "./names.js";

const MOST_NOTES = 4;
const MOST_GAPS = 5;

/** Show the table of areas of a map; products without classes have none. */
export function showAreas(areas) {
  const box = byId("view-areas");
  box.hidden = !areas;
  if (!areas) return;
  const rows = areas.classes.map((row) => [row.label, hectares(row.mapped_ha), row.expected_ha === null ? "" : hectares(row.expected_ha), interval(row)]);
  const all = ["All that was seen", hectares(areas.total_ha), "", ""];
  const found = table("Areas in hectares", ["Class", "Mapped", "Expected", "95 %"], [...rows, all]);
  const method = make("details", {}, make("summary", { textContent: "How these are counted" }), make("p", { className: "hint", textContent: sentence(areas.method) }));
  const outside = areas.applicability && `Unlike the training data: ${percent(areas.applicability.outside_share)} of the pixels.`;
  const further = [outside, decline(areas.decline)].filter(Boolean).map((text) => make("p", { className: "hint", textContent: text }));
  box.replaceChildren(found, ...further, method);
}

const interval = ({ low_ha: low, high_ha: high }) => (low === null ? "" : `${hectares(low)}–${hectares(high)}`);
const sentence = (text) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
const decline = (found) => found && found.share !== null && `Canopy in decline: ${percent(found.share)} of the ${hectares(found.judged_ha)} ha that could be judged.`;

/** Show which share of the region was seen, which reads failed, and which tiles are missing for which reasons. */
export function showCompleteness(found, job) {
  const lacking = job?.gaps?.length ?? 0;
  const parts = [
    found.clear_share !== null && found.clear_share !== undefined && `${percent(found.clear_share)} of the region was seen clear.`,
    found.completeness < 1 && `${percent(1 - found.completeness)} of the scenes could not be read.`,
    lacking ? `${count(lacking, "tile")} of ${job.tiles} ${lacking === 1 ? "is" : "are"} missing, drawn in red:` : job?.tiles && "No tile is missing.",
  ];
  show(byId("view-complete"), parts.filter(Boolean).join(" "));
  const reasons = [...new Set((job?.gaps ?? []).map((gap) => gap.properties.reason))].slice(0, MOST_GAPS);
  byId("view-gaps").replaceChildren(...reasons.map((text) => make("li", { textContent: text })));
  byId("view-gaps").hidden = byId("view-retry").hidden = !lacking;
}

/** Show what to read before the map: the first sentences; the STAC item has all. */
export function showNotes(all) {
  const more = all.length - MOST_NOTES;
  const shown = [...all.slice(0, MOST_NOTES), ...(more > 0 ? [`${more} further notes are in the STAC item.`] : [])];
  byId("view-notes").replaceChildren(...shown.map((text) => make("li", { className: "note", textContent: text })));
  byId("view-notes").hidden = !all.length;
}
