"""stackstac: it reads files of one band, so each band is given to it as a view of GDAL's, `vrt://HREF?bands=N`.

It looks for `proj:epsg`, which pystac takes out of items in favour of `proj:code`: give it items as dictionaries, as
they are served, or name the EPSG code.
"""

import warnings
from typing import Any

import numpy as np
import stackstac
from pystac_client import Client

from tests.conformance.clients.rasters import bands, check_equal, nodata
from tests.conformance.clients.report import Report, Result, Service, run

MOST = 3
"""Bands of each result that are read."""


def examine(service: Service, report: Report) -> None:
    """Load all results."""
    for result in service.results:
        report.check(f"{result.name}: bands equal the file", lambda one=result: load(service, one))


def load(service: Service, result: Result) -> None:
    """Load the first bands, each as an asset of its own."""
    found = Client.open(f"{service.url}/stac").search(collections=[result.product], ids=[result.id])
    (item,) = found.item_collection_as_dict()["features"]
    wanted = dict(list(bands(result.tif).items())[:MOST])
    data = item["assets"]["data"]
    assets = {name: view(data, n) for n, name in enumerate(wanted, 1)}
    loaded = stackstac.stack([{**item, "assets": assets}]).isel(time=0).compute(scheduler="synchronous")
    nothing = nodata(result.tif)
    for name, pixels in wanted.items():
        expected = np.where(pixels == nothing, np.nan, pixels.astype(float))
        check_equal(loaded.sel(band=name).to_numpy(), expected, name)


def view(asset: dict[str, Any], number: int) -> dict[str, Any]:
    """Return one band of an asset as an asset."""
    return {**asset, "href": f"vrt:///vsicurl/{asset['href']}?bands={number}"}


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    run("stackstac", examine)
