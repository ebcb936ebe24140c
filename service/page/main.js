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
  const select = (id) => { list.select(id); openView(id, titles); };
  const list = watchJobs({ titles, onSelect: select, onChange: viewChanged });
  byId("view-close").addEventListener("click", () => { list.select(null); closeView(); });
  const [processes, archives, version] = await Promise.allSettled([ask("processes"), ask("archives"), ask("version")]);
  if (version.value) byId("version").textContent = version.value.version;
  for (const failed of [processes, archives]) if (failed.reason) show(byId("order-error"), failed.reason.message);
  const found = processes.value?.processes ?? [];
  found.forEach((p) => titles.set(p.id, p.title));
  await setUpOrders({
    processes: found,
    archives: archives.value?.archives ?? [],
    onOrdered(job) {
      openTab("results");
      select(job.jobID);
      list.refresh();
    },
  });
  list.refresh();
}

start();
