// One pixel of the result on show: class probabilities or forecast, its clear observations, and what they rest on.
import { ask, sharedBy } from "./api.js";
import { timeChart } from "./chart.js";
import { byId, make, show, table } from "./dom.js";
import { isDrawing } from "./draw.js";
import { onShow } from "./layers.js";
import { swatch } from "./legend.js";
import { map, markPixel, uncoverPixel } from "./map.js";
import { count, degrees } from "./names.js";

const SHOWN_ELSEWHERE = ["probability", "climatology", "anomaly", "embedding"];
const DRAWN = { median: ["q50"], "band-50": ["q25", "q75"], "band-90": ["q05", "q95"], usual: ["climatology"] }; // of a forecast, by their keys in the legend
const isKnown = (value) => value !== null && value !== undefined;
let wanted = 0;

export function closePixel() {
  wanted += 1;
  byId("pixel").hidden = true;
  markPixel(null);
}

async function openPixel({ lat, lng }) {
  const shown = onShow();
  if (!shown) return;
  const mine = (wanted += 1);
  byId("pixel").hidden = false;
  empty();
  if (isOutside(shown.found.bounds, lng, lat)) return show(byId("pixel-unseen"), "Outside the map of this result.");
  const query = `lon=${lng.toFixed(7)}&lat=${lat.toFixed(7)}`;
  try {
    const point = await ask(`jobs/${shown.found.id}/point?${query}`);
    if (mine !== wanted) return;
    markPixel(point);
    describe(point);
    if (sharedBy) return; // a share link opens the result, and not the archive
    show(byId("pixel-busy"), "Reading its observations …");
    draw(point, await ask(`jobs/${shown.found.id}/point/history?${query}`), mine);
  } catch (error) {
    if (mine === wanted) show(byId("pixel-error"), error.message);
  } finally {
    if (mine === wanted) {
      show(byId("pixel-busy"));
      uncoverPixel(byId("pixel"));
    }
  }
}

const isOutside = ([west, south, east, north], lng, lat) => lng < west || lng > east || lat < south || lat > north;

function empty() {
  markPixel(null);
  byId("pixel-title").textContent = "Pixel";
  for (const name of ["pixel-error", "pixel-unseen", "pixel-busy", "pixel-evidence"]) show(byId(name));
  for (const name of ["pixel-classes", "pixel-chart", "pixel-table"]) byId(name).replaceChildren();
  byId("pixel-chart-legend").hidden = true;
}

function describe(point) {
  byId("pixel-title").textContent = `Pixel at ${degrees(point.lat, 5, "N", "S")} ${degrees(point.lon, 5, "E", "W")}`;
  show(byId("pixel-unseen"), point.is_seen ? "" : "Outside the region, or never seen clear.");
  const forecast = forecastOf(point);
  byId("pixel-classes").replaceChildren(...classes(point));
  showForecast(point, forecast, []);
}

function showForecast(point, forecast, observations) {
  showChart(point, forecast, observations);
  const isOpen = byId("pixel-table").querySelector("details")?.open ?? false;
  byId("pixel-table").replaceChildren(...(forecast.length ? [numbers(forecast, isOpen)] : []), ...others(point));
}

function draw(point, history, mine) {
  if (mine !== wanted) return;
  const { observations, dates, period, usual } = history;
  const last = observations.at(-1);
  const text = last ? `${count(observations.length, "clear observation")} on ${count(dates, "date")}, the last on ${last.date}.` : `No clear observation in ${period.replace("/", " to ")}.`;
  show(byId("pixel-evidence"), text);
  showForecast(point, forecastOf(point, usual), observations);
}

function showChart(point, forecast, observations) {
  const isEmpty = !forecast.length && !observations.length;
  const label = chartLabel(forecast, observations);
  byId("pixel-chart").replaceChildren(...(isEmpty ? [] : [timeChart({ observations, forecast, issue: point.issue_date, label })]));
  byId("pixel-chart-legend").hidden = isEmpty;
  for (const [name, needed] of Object.entries(DRAWN)) {
    byId("pixel-chart-legend").querySelector(`.${name}`).hidden = !forecast.some((f) => needed.every((key) => isKnown(f[key])));
  }
}

function chartLabel(forecast, observations) {
  const seen = observations.length ? `${observations.length} clear observations from ${observations[0].date} to ${observations.at(-1).date}` : "";
  const ahead = forecast.length ? `forecast from ${forecast[0].date} to ${forecast.at(-1).date}, in numbers below` : "";
  return `NDVI in time: ${[seen, ahead].filter(Boolean).join("; ")}`;
}

/** Quantiles of NDVI and climatology by date, oldest first; `usual` has that of files without climatology. */
function forecastOf({ values, is_seen: isSeen }, usual = []) {
  if (!isSeen) return [];
  const dates = new Map();
  for (const { variable, date, quantile, value } of values) {
    const key = variable === "climatology" ? "climatology" : variable === "NDVI" && quantile ? `q${String(Math.round(100 * quantile)).padStart(2, "0")}` : null;
    if (key && date) dates.set(date, { ...dates.get(date), date, [key]: value });
  }
  for (const { date, ndvi } of usual) {
    const found = dates.get(date);
    if (found && !isKnown(found.climatology)) found.climatology = ndvi;
  }
  return [...dates.values()].filter((one) => "q50" in one).sort((a, b) => a.date.localeCompare(b.date));
}

function numbers(forecast, isOpen) {
  const number = (value) => (isKnown(value) ? value.toFixed(2) : "");
  const range = (from, to) => (isKnown(from) && isKnown(to) ? `${number(from)} to ${number(to)}` : "");
  const columns = [
    ["Date", (f) => f.date],
    ["Median", (f) => number(f.q50)],
    ["50 %", (f) => range(f.q25, f.q75)],
    ["90 %", (f) => range(f.q05, f.q95)],
    ["Usual", (f) => number(f.climatology)],
  ].filter(([, text]) => forecast.some(text));
  const rows = forecast.map((f) => columns.map(([, text]) => text(f)));
  const found = table("Forecast of NDVI", columns.map(([name]) => name), rows);
  return make("details", { open: isOpen }, make("summary", { textContent: "The forecast in numbers" }), found);
}

/** Classes with their labels and colours, and a bar for each probability. */
function classes({ values }) {
  const named = values.filter((one) => one.label).map((one) =>
    make("p", { className: "pixel-class" }, swatch(one.colour), make("strong", { textContent: one.label }), ` ${heading(one)}`));
  const bars = values.filter((one) => one.variable === "probability" && one.value !== null).map((one) => {
    const share = one.unit === "%" ? one.value : 100 * one.value;
    const text = heading(one).replace("Probability of ", "").replace(/ (from|on) \d.*/, "");
    const bar = make("meter", { min: 0, max: 100, value: share });
    bar.setAttribute("aria-label", `Probability of ${text}`);
    return make("li", {}, make("span", { textContent: text }), bar, make("span", { textContent: `${Math.round(share)} %` }));
  });
  return [...named, ...(bars.length ? [make("ul", { className: "bars" }, ...bars)] : [])];
}

/** Further numbers, such as the count of clear observations, dissimilarity, or departure. */
function others({ values }) {
  const rows = values
    .filter((one) => one.value !== null && !one.label && one.quantile === null && !SHOWN_ELSEWHERE.includes(one.variable))
    .map((one) => [heading(one), `${Number(one.value.toFixed(3))}${one.unit === "%" ? " %" : one.unit === "days" ? " days" : ""}`]);
  return rows.length ? [table("Further layers", ["Layer", "Value"], rows)] : [];
}

const heading = (one) => one.description.split(":")[0].split(/, (?:where|as forecast|at most|whatever|mean of)/)[0];

map.on("click", (event) => { if (!isDrawing()) openPixel(event.latlng); });
byId("pixel-centre").addEventListener("click", () => { openPixel(map.getCenter()); byId("pixel-close").focus(); });
byId("pixel-close").addEventListener("click", closePixel);
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target === byId("map") && !isDrawing()) openPixel(map.getCenter());
});
