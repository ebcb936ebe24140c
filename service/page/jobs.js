// The list of jobs. Jobs that run are followed by their streams; the list is asked for now and then.
import { ask } from "./api.js";
import { byId, make, show } from "./dom.js";
import { follow } from "./events.js";
import { shortTime, subjectOf, titleOf } from "./names.js";

const IDLE_MS = 8000;
const PAGE = 50;
const MOST_STREAMS = 2; // browsers open six connections to a host, and pictures need some
const rows = new Map();
const streams = new Map();
const finished = new Map();
let wanted = PAGE;
let timer = null;
let selected = null;

export const isActive = (job) => ["accepted", "running"].includes(job.status);

/** Whether a job answers fields by a table: it has no layers. */
export const isOfFields = (job) => job.processID === "fields";

/** Finished jobs of the list, newest first. */
export const finishedJobs = () => [...finished.values()];

/** Keep the list current; `onSelect` gets a job's id, `onChange` the state of the selected one. */
export function watchJobs({ onSelect, onChange }) {
  byId("jobs-more").addEventListener("click", () => { wanted += PAGE; refresh(); });
  document.addEventListener("visibilitychange", () => (document.hidden ? followOnly([]) : refresh()));

  async function refresh() {
    clearTimeout(timer);
    try {
      const { jobs, links } = await ask(`jobs?limit=${wanted}`);
      show(byId("jobs-error"));
      byId("jobs-empty").hidden = jobs.length > 0;
      byId("jobs-more").hidden = !links.some((link) => link.rel === "next");
      update(jobs);
      jobs.filter((job) => job.jobID === selected).forEach(onChange);
      followOnly(jobs.filter(isActive).sort((a, b) => (b.jobID === selected) - (a.jobID === selected)));
    } catch (error) {
      show(byId("jobs-error"), error.message);
    }
    if (!document.hidden) timer = setTimeout(refresh, IDLE_MS);
  }

  function followOnly(jobs) {
    const ids = jobs.slice(0, MOST_STREAMS).map((job) => job.jobID);
    for (const [id, stop] of streams) if (!ids.includes(id)) { stop(); streams.delete(id); }
    for (const id of ids) if (!streams.has(id)) streams.set(id, follow(id, changed));
  }

  function changed(job) {
    if (rows.has(job.jobID)) fill(rows.get(job.jobID), job);
    if (job.jobID === selected) onChange(job);
    if (!isActive(job)) refresh();
  }

  function update(jobs) {
    const list = byId("jobs");
    const ids = new Set(jobs.map((job) => job.jobID));
    for (const [id, row] of rows) if (!ids.has(id)) { row.item.remove(); rows.delete(id); }
    finished.clear();
    jobs.filter((job) => job.status === "successful" && !isOfFields(job)).forEach((job) => finished.set(job.jobID, job));
    jobs.forEach((job, place) => {
      const row = rows.get(job.jobID) ?? add(job);
      fill(row, job);
      if (list.children[place] !== row.item) list.insertBefore(row.item, list.children[place] ?? null);
    });
  }

  function add(job) {
    const parts = {
      title: make("span", { className: "job-title" }), state: make("span"),
      subject: make("span", { className: "job-meta" }), meta: make("span", { className: "job-meta" }),
      bar: make("progress", { max: 100 }),
    };
    parts.bar.setAttribute("aria-label", "Progress");
    const head = make("span", { className: "job-head" }, parts.title, parts.state);
    parts.button = make("button", { type: "button", className: "job" }, head, parts.subject, parts.meta, parts.bar);
    parts.button.dataset.job = job.jobID;
    parts.button.addEventListener("click", () => onSelect(job.jobID));
    parts.item = make("li", {}, parts.button);
    rows.set(job.jobID, parts);
    return parts;
  }

  function fill(row, job) {
    row.title.textContent = titleOf(job);
    row.subject.textContent = subjectOf(job);
    row.state.textContent = job.status;
    row.state.className = `state ${job.status}`;
    row.meta.textContent = `${shortTime(job.created)}${remark(job)}`;
    row.bar.hidden = !isActive(job);
    row.bar.value = job.progress;
    row.button.setAttribute("aria-current", String(job.jobID === selected));
  }

  refresh();
  return {
    refresh,
    select(id) {
      selected = id;
      rows.forEach((row, key) => row.button.setAttribute("aria-current", String(key === id)));
    },
  };
}

function remark(job) {
  if (job.status !== "successful") return ` · ${job.message}`;
  return job.complete === false ? ` · ${job.tiles - job.tilesDone} of ${job.tiles} tiles missing` : "";
}
