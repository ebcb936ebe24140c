// The page: tabs, and the list, the card and the form put together.
import { ask, jobInAddress, sharedBy } from "./api.js";
import { showBaseMap } from "./base_map.js";
import { byId, show } from "./dom.js";
import { watchJobs } from "./jobs.js";
import { map } from "./map.js";
import { learnTitle } from "./names.js";
import { setUpOrders } from "./order.js";
import "./print.js";
import { closeView, openShared, openView, viewChanged } from "./view.js";

const tabs = ["results", "orders"];

function openTab(name) {
  for (const tab of tabs) {
    const on = tab === name;
    byId(tab).hidden = !on;
    byId(`tab-${tab}`).setAttribute("aria-selected", String(on));
    byId(`tab-${tab}`).tabIndex = on ? 0 : -1;
  }
}

function setUpTabs() {
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
}

/** Keep the job on show in the page's address, so that it can be opened again. */
function nameInAddress(id) {
  const address = new URL(location.href);
  if (id) address.searchParams.set("job", id);
  else address.searchParams.delete("job");
  history.replaceState(null, "", address);
}

async function start() {
  const processes = await settled(ask("processes"));
  (processes.value?.processes ?? []).forEach(({ id, title }) => learnTitle(id, title));
  const select = (id) => { list.select(id); nameInAddress(id); openView(id); };
  const list = watchJobs({ onSelect: select, onChange: viewChanged });
  byId("view-close").addEventListener("click", () => { list.select(null); nameInAddress(null); closeView(); });
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
  if (jobInAddress) select(jobInAddress);
}

/** Show one job and nothing else to people who have a share link of it. */
function startShared() {
  document.body.classList.add("shared");
  for (const name of ["view-close", "share"]) byId(name).hidden = true;
  map.invalidateSize({ animate: false });
  openShared(jobInAddress);
}

const settled = async (promise) => (await Promise.allSettled([promise]))[0];

showBaseMap();
setUpTabs();
if (sharedBy && jobInAddress) startShared();
else start();
