// What people read of a job: its name, place, days and sizes.
const NO_BREAK = "\u00a0";
const products = new Map();

/** Take note of the title of a product. */
export const learnTitle = (id, title) => products.set(id, title);

export const productOf = (job) => products.get(job.processID) ?? job.processID;

/** The user's own name for a result, or else the product's. */
export const titleOf = (job) => job.title || productOf(job);

/** What tells a job from others of its product: product if the title is the user's own, days, place. */
export const subjectOf = (job) => [job.title && productOf(job), job.subject, placeOf(job)].filter(Boolean).join(" · ");

export const placeOf = ({ place }) => (place ? `${degrees(place[1], 3, "N", "S")} ${degrees(place[0], 3, "E", "W")}`.replaceAll(" ", NO_BREAK) : "");

export const degrees = (value, digits, plus, minus) =>
  `${Math.abs(value).toFixed(digits)}° ${value > 0 ? plus : value < 0 ? minus : ""}`.trim();

export function duration(seconds) {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

export const count = (n, noun) => `${n.toLocaleString("en")} ${noun}${n === 1 ? "" : "s"}`;

export const percent = (share) => `${share > 0 && share < 0.001 ? "< 0.1" : (100 * share).toFixed(share < 0.999 && share > 0 ? 1 : 0)} %`;

export function hectares(value) {
  const digits = value < 10 ? 2 : value < 1000 ? 1 : 0;
  return value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

export function shortTime(text) {
  const moment = new Date(text);
  const two = (n) => String(n).padStart(2, "0");
  return `${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())} ${two(moment.getHours())}:${two(moment.getMinutes())}`;
}
