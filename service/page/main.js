// The page: tabs, and the list, the card and the form put together.
import { ask, byId, show } from "./api.js";
import { watchJobs } from "./jobs.js";
import { setUpOrders } from "./order.js";
import { closeView, openView, viewChanged } from "./view.js";

const tabs = ["results", "orders"];

function openTab(name) {
  for (const tab of tabs) {
    const on = tab === name;
    byId(tab).hidden = !on;
    byId(`tab-${tab}`).setAttribute("aria-selected", String(on));
    byId(`tab-${tab}`).tabIndex = on ? 0 : -1;
  }
}

for (const tab of tabs) {
  byId(`tab-${tab}`).addEventListener("click", () => openTab(tab));
  byId(`tab-${tab}`).addEventListener("keydown", (event) => {
    if (!["ArrowLeft", "ArrowRight"].includes(event.key)) return;
    const other = tabs.find((name) => name !== tab);
    openTab(other);
    byId(`tab-${other}`).focus();
  });
}
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  openTab("orders");
  byId("product").focus();
});

async function start() {
  const titles = new Map();
  const processes = await settled(ask("processes"));
  (processes.value?.processes ?? []).forEach((p) => titles.set(p.id, p.title));
  const select = (id) => { list.select(id); openView(id, titles); };
  const list = watchJobs({ titles, onSelect: select, onChange: viewChanged });
  byId("view-close").addEventListener("click", () => { list.select(null); closeView(); });
  if (processes.reason) show(byId("order-error"), processes.reason.message);
  ask("version").then(({ version }) => { byId("version").textContent = version; }, () => {});
  setUpOrders({
    processes: processes.value?.processes ?? [],
    archives: ask("archives").then((answer) => answer.archives),
    onOrdered(job) {
      openTab("results");
      select(job.jobID);
      list.refresh();
    },
  });
}

const settled = async (promise) => (await Promise.allSettled([promise]))[0];

start();
