// The answers of a job of fields as a table: a row for each field, sorted by any column, exported as CSV.
import { send } from "./api.js";
import { byId, make, show } from "./dom.js";
import { showRegion } from "./map.js";
import { count, percent } from "./names.js";

const MOST_BYTES = 30e6; // of lines that a browser reads at once
const MOST_SHAPES_BYTES = 15e6;
const MOST_ROWS = 1000;
const number = (text) => (text === "" || text === undefined ? null : Number(text));
const COLUMNS = [ // head, value of a field, text of the value
  ["Newest NDVI", (f) => f.newest?.ndvi ?? null, (v) => v.toFixed(2)],
  ["Seen on", (f) => f.newest?.date ?? null],
  ["Forecast", (f) => f.last?.q50 ?? null, (v) => v.toFixed(2)],
  ["90 % from", (f) => f.last?.q05 ?? null, (v) => v.toFixed(2)],
  ["to", (f) => f.last?.q95 ?? null, (v) => v.toFixed(2)],
  ["For", (f) => f.last?.date ?? null],
  ["Crop", (f) => number(f.facts.p_crop), percent],
  ["Conifer", (f) => number(f.facts.p_conifer), percent],
  ["Broadleaf", (f) => number(f.facts.p_broadleaf), percent],
  ["Clear dates", (f) => number(f.facts.clear_count)],
  ["To know first", (f) => f.facts.flags || null],
];
let current = null;

/** Read the lines of a job and offer them as a table; `results` are the links of its files. */
export async function showFields(id, results) {
  closeFields();
  const mine = (current = { id });
  if (!results.csv) return;
  const text = await textOf(results.csv.href, MOST_BYTES);
  if (mine !== current) return;
  if (text === null) return show(byId("fields-note"), "The table is too large for this page; download one of the files.");
  Object.assign(mine, fieldsOf(parse(text)), { by: -1, falling: false });
  byId("fields-open").hidden = false;
  show(byId("fields-note"), summary(mine.fields));
  const shapes = results.geojson && (await textOf(results.geojson.href, MOST_SHAPES_BYTES));
  if (mine === current && shapes) showRegion(outlines(JSON.parse(shapes)));
}

export function closeFields() {
  current = null;
  byId("fields-open").hidden = true;
  show(byId("fields-note"));
  byId("fields-dialog").close();
}

async function textOf(href, most) {
  const path = href.slice(href.indexOf("/files/") + 1);
  const response = await send(path, { accept: "*/*" });
  if (!response.ok || Number(response.headers.get("Content-Length")) > most) {
    await response.body?.cancel();
    return null;
  }
  return response.text();
}

/** Rows of a CSV file, each a list of cells (RFC 4180). */
export function parse(text) {
  const rows = [[]];
  let cell = "";
  let quoted = false;
  for (let n = 0; n < text.length; n += 1) {
    const sign = text[n];
    if (quoted && sign === '"' && text[n + 1] === '"') { cell += sign; n += 1; }
    else if (sign === '"') quoted = !quoted;
    else if (!quoted && (sign === "," || sign === "\n")) {
      rows.at(-1).push(cell);
      cell = "";
      if (sign === "\n") rows.push([]);
    } else if (quoted || sign !== "\r") cell += sign;
  }
  return rows.filter((row) => row.length > 1);
}

/** The fields that lines are about: those of one field follow each other by date. */
function fieldsOf([heads, ...lines]) {
  const fields = [];
  let day = "";
  for (const cells of lines) {
    const line = Object.fromEntries(heads.map((head, n) => [head, cells[n]]));
    const own = cells[0];
    if (own !== fields.at(-1)?.id || !line.date || line.date <= day) fields.push({ id: own, facts: line });
    day = line.date;
    const field = fields.at(-1);
    if (line.ndvi_mean !== "") field.newest = { date: line.date, ndvi: Number(line.ndvi_mean) };
    if (line.q50 !== "") field.last = { date: line.date, q05: Number(line.q05), q50: Number(line.q50), q95: Number(line.q95) };
  }
  const named = heads[1] === "name" ? [["name", (f) => f.facts.name || null]] : [];
  const columns = [[heads[0], (f) => (fields.every((g) => Number.isFinite(number(g.id))) ? Number(f.id) : f.id)], ...named, ...COLUMNS];
  return { fields, columns };
}

function summary(fields) {
  const flagged = fields.filter((f) => f.facts.flags.split("; ").some((flag) => flag && !flag.startsWith("simulated:")));
  return `${count(fields.length, "field")}, ${flagged.length} with something to know first.`;
}

/** The polygon of each field once: every line of a field has it. */
function outlines({ features }) {
  const seen = new Set();
  const own = features.filter(({ geometry }) => {
    const key = JSON.stringify(geometry);
    return geometry && !seen.has(key) && seen.add(key);
  });
  return { type: "FeatureCollection", features: own };
}

function sorted({ fields, columns, by, falling }) {
  if (by < 0) return fields;
  const value = columns[by][1];
  const compare = (a, b) => (typeof a === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true }));
  return fields.toSorted((a, b) => {
    const [one, other] = [value(a), value(b)];
    if (one === null || other === null) return (one === null) - (other === null); // what is missing comes last
    return falling ? compare(other, one) : compare(one, other);
  });
}

function draw() {
  const { columns, by, falling } = current;
  const rows = sorted(current);
  const heads = columns.map(([title], n) => {
    const button = make("button", { type: "button", textContent: title });
    button.addEventListener("click", () => { Object.assign(current, { by: n, falling: by === n && !falling }); draw(); byId("fields-table").querySelectorAll("th button")[n].focus(); });
    const head = make("th", { scope: "col" }, button);
    if (by === n) head.setAttribute("aria-sort", falling ? "descending" : "ascending");
    return head;
  });
  const body = rows.slice(0, MOST_ROWS).map((field) => make("tr", {}, ...columns.map(([, value, text = String], n) => {
    const found = value(field);
    return make(n ? "td" : "th", { ...(n ? {} : { scope: "row" }), textContent: found === null ? "" : text(found) });
  })));
  const caption = make("caption", { className: "unseen", textContent: "Answers, a row for each field; buttons in the heads sort" });
  byId("fields-table").replaceChildren(make("table", {}, caption, make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...body)));
  show(byId("fields-more"), rows.length > MOST_ROWS ? `The first ${MOST_ROWS.toLocaleString("en")} of ${count(rows.length, "field")}; the export has all.` : "");
}

/** Save the table as it is sorted. */
function save() {
  const { columns } = current;
  const quoted = (value) => (/[",\n\r]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
  const lines = [columns.map(([title]) => title), ...sorted(current).map((field) => columns.map(([, value]) => value(field) ?? ""))];
  const url = URL.createObjectURL(new Blob([lines.map((cells) => cells.map((c) => quoted(String(c))).join(",")).join("\r\n") + "\r\n"], { type: "text/csv" }));
  make("a", { href: url, download: `fields-${current.id}.csv` }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

byId("fields-open").addEventListener("click", () => { draw(); byId("fields-dialog").showModal(); });
byId("fields-save").addEventListener("click", save);
