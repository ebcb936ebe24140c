// The list of jobs with live progress.
import { ask, byId, make, shortTime, show } from "./api.js";

const BUSY_MS = 1500;
const IDLE_MS = 8000;
const PAGE = 50;
const rows = new Map();
const ACTIVE = ["accepted", "running"];
let wanted = PAGE;
let timer = null;
let selected = null;

export const isActive = (job) => ACTIVE.includes(job.status);

/** Keep the list current; `onSelect` gets a job's id, `onChange` the state of the selected one. */
export function watchJobs({ titles, onSelect, onChange }) {
  byId("jobs-more").addEventListener("click", () => { wanted += PAGE; refresh(); });
  document.addEventListener("visibilitychange", () => !document.hidden && refresh());

  async function refresh() {
    clearTimeout(timer);
    let pause = IDLE_MS;
    try {
      const { jobs, links } = await ask(`jobs?limit=${wanted}`);
      show(byId("jobs-error"));
      byId("jobs-empty").hidden = jobs.length > 0;
      byId("jobs-more").hidden = !links.some((link) => link.rel === "next");
      update(jobs);
      if (jobs.some(isActive)) pause = BUSY_MS;
      const current = jobs.find((job) => job.jobID === selected);
      if (current) onChange(current);
    } catch (error) {
      show(byId("jobs-error"), error.message);
    }
    if (!document.hidden) timer = setTimeout(refresh, pause);
  }

  function update(jobs) {
    const list = byId("jobs");
    const ids = new Set(jobs.map((job) => job.jobID));
    for (const [id, row] of rows) if (!ids.has(id)) { row.item.remove(); rows.delete(id); }
    jobs.forEach((job, place) => {
      const row = rows.get(job.jobID) ?? add(job);
      fill(row, job);
      if (list.children[place] !== row.item) list.insertBefore(row.item, list.children[place] ?? null);
    });
  }

  function add(job) {
    const parts = {
      title: make("span"), state: make("span"), meta: make("span", { className: "job-meta" }),
      bar: make("progress", { max: 100 }),
    };
    parts.bar.setAttribute("aria-label", "Progress");
    const head = make("span", { className: "job-head" }, parts.title, parts.state);
    parts.button = make("button", { type: "button", className: "job" }, head, parts.meta, parts.bar);
    parts.button.dataset.job = job.jobID;
    parts.button.addEventListener("click", () => onSelect(job.jobID));
    parts.item = make("li", {}, parts.button);
    rows.set(job.jobID, parts);
    return parts;
  }

  function fill(row, job) {
    row.title.textContent = titles.get(job.processID) ?? job.processID;
    row.state.textContent = job.status;
    row.state.className = `state ${job.status}`;
    const said = job.status === "successful" ? "" : ` · ${job.message}`;
    row.meta.textContent = `${shortTime(job.created)}${said}`;
    row.bar.hidden = !isActive(job);
    row.bar.value = job.progress;
    row.button.setAttribute("aria-current", String(job.jobID === selected));
  }

  refresh();
  return { refresh, select(id) { selected = id; rows.forEach((row, key) => row.button.setAttribute("aria-current", String(key === id))); } };
}
