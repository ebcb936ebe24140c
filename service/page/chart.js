// Charts as inline SVG: a series with its bands in time, and bars of probabilities. No library.
const SVG = "http://www.w3.org/2000/svg";
const DAY_MS = 86400000;
const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [372, 190, 30, 8, 8, 22];

const day = (date) => Date.parse(date) / DAY_MS;
const iso = (number) => new Date(number * DAY_MS).toISOString().slice(0, 10);

function node(tag, attributes, text) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

/**
 * A chart of NDVI in time.
 * observations: [{date, ndvi}]; forecast: [{date, q05, q25, q50, q75, q95, climatology}], both oldest first.
 */
export function timeChart({ observations, forecast, issue, label }) {
  const dates = [...observations, ...forecast].map((one) => day(one.date));
  const [first, last] = [Math.min(...dates), Math.max(...dates, Math.min(...dates) + 30)];
  const x = (date) => LEFT + ((day(date) - first) / (last - first)) * (WIDTH - LEFT - RIGHT);
  const values = [...observations.map((o) => o.ndvi), ...forecast.flatMap((f) => [f.q05, f.q95, f.q50, f.climatology])].filter((v) => v !== null && v !== undefined);
  const [low, high] = [Math.min(0, ...values), Math.max(1, ...values)];
  const y = (value) => TOP + ((high - value) / (high - low)) * (HEIGHT - TOP - BOTTOM);
  const chart = node("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label, class: "chart" });
  axes(chart, { first, last, low, high, x, y });
  const line = (key) => forecast.filter((f) => f[key] !== null && f[key] !== undefined).map((f) => `${x(f.date)},${y(f[key])}`);
  const band = (from, to, name) => {
    const [lower, upper] = [line(from), line(to)];
    if (lower.length && upper.length) chart.append(node("polygon", { points: [...lower, ...upper.reverse()].join(" "), class: name }));
  };
  band("q05", "q95", "band-90");
  band("q25", "q75", "band-50");
  chart.append(node("polyline", { points: line("climatology").join(" "), class: "usual" }));
  chart.append(node("polyline", { points: line("q50").join(" "), class: "median" }));
  if (forecast.length === 1) forecast.forEach((f) => chart.append(node("circle", { cx: x(f.date), cy: y(f.q50), r: 3.5, class: "median-dot" })));
  if (issue) chart.append(node("line", { x1: x(issue), x2: x(issue), y1: TOP, y2: HEIGHT - BOTTOM, class: "issue" }));
  for (const { date, ndvi } of observations) {
    const dot = node("circle", { cx: x(date), cy: y(ndvi), r: 2.2, class: issue && date >= issue ? "seen later" : "seen" });
    dot.append(node("title", {}, `${date}: ${ndvi.toFixed(2)}`));
    chart.append(dot);
  }
  return chart;
}

function axes(chart, { first, last, low, high, x, y }) {
  for (let value = Math.ceil(low * 4) / 4; value <= high; value += 0.25) {
    chart.append(node("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: y(value), y2: y(value), class: "grid" }));
    chart.append(node("text", { x: LEFT - 4, y: y(value) + 3.5, "text-anchor": "end" }, value.toFixed(2).replace(/0$/, "")));
  }
  for (const date of ticks(first, last)) {
    chart.append(node("line", { x1: x(date), x2: x(date), y1: HEIGHT - BOTTOM, y2: HEIGHT - BOTTOM + 4, class: "tick" }));
    chart.append(node("text", { x: Math.min(x(date), WIDTH - RIGHT - 18), y: HEIGHT - 6, "text-anchor": "middle" }, date.slice(0, 7)));
  }
}

/** First days of months, four to eight of them. */
function ticks(first, last) {
  const months = (last - first) / 30.4;
  const step = [1, 2, 3, 6, 12, 24, 60].find((n) => months / n <= 6) ?? 120;
  const found = [];
  const start = new Date(first * DAY_MS);
  for (let n = 0; found.length < 12; n += 1) {
    const date = iso(Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + n, 1) / DAY_MS);
    if (day(date) > last) break;
    const month = Number(date.slice(0, 4)) * 12 + Number(date.slice(5, 7)) - 1;
    if (day(date) >= first && month % step === 0) found.push(date);
  }
  return found.length ? found : [iso(first)];
}
