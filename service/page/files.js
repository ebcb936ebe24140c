// Files of a result: links to them, the plot of a forecast, and links for people without access.
import { ask, below, opened } from "./api.js";
import { byId, make, show } from "./dom.js";

const NAMES = {
  geotiff: "GeoTIFF", item: "STAC item", quicklook: "Picture", netcdf: "NetCDF", plot: "Plot",
  csv: "CSV", geoparquet: "GeoParquet", parquet: "GeoParquet", gpkg: "GeoPackage", html: "Report", geojson: "GeoJSON", geopackage: "GeoPackage", report: "Report", provenance: "Provenance",
  style: "QGIS style", definition: "QGIS layers", legend: "Legend for GDAL",
};
const WEEK_S = 7 * 86400;
let current = null;

export function showFiles(id, results) {
  current = id;
  const links = Object.entries(results).map(([key, { href, title }]) =>
    make("a", { href: opened(below(href, "/files/"), id), textContent: NAMES[key] ?? key, title, download: href.split("/").at(-1) }));
  byId("view-downloads").replaceChildren(...links);
  byId("view-plot").hidden = !results.plot;
  if (!results.plot) return;
  for (const name of ["view-plot-image", "plot-large"]) {
    Object.assign(byId(name), { src: opened(below(results.plot.href, "/files/"), id), alt: results.plot.title });
  }
}

/** Make a link to this page that shows the result on show to whoever has it. */
async function share() {
  show(byId("share-error"));
  byId("share-link").value = "";
  byId("share-dialog").showModal();
  try {
    const { query, expires } = await ask(`jobs/${current}/share`, { method: "POST", body: { seconds: WEEK_S } });
    byId("share-link").value = `${location.origin}${location.pathname}?job=${current}&${query}`;
    byId("share-expires").textContent = `It opens this result, and nothing else, until ${expires.slice(0, 10)}.`;
    byId("share-link").select();
  } catch (error) {
    show(byId("share-error"), error.message);
  }
}

async function copy() {
  byId("share-link").select();
  try {
    await navigator.clipboard.writeText(byId("share-link").value);
    byId("share-copied").textContent = "Copied.";
  } catch {
    byId("share-copied").textContent = "Press Ctrl+C to copy it.";
  }
}

byId("share").addEventListener("click", share);
byId("share-copy").addEventListener("click", copy);
byId("share-dialog").addEventListener("close", () => { byId("share-copied").textContent = ""; });
byId("print").addEventListener("click", () => print());
