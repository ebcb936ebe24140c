"""odc-stac: every band of every result by its name, on the grid of the file."""

import warnings

import odc.stac
import pystac

from tests.conformance.clients.rasters import bands, check_equal
from tests.conformance.clients.report import Report, Result, Service, run


def examine(service: Service, report: Report) -> None:
    """Load all results."""
    for result in service.results:
        report.check(f"{result.name} equals the file", lambda one=result: load(service, one))


def load(service: Service, result: Result) -> None:
    """Load all bands, and the first by itself."""
    item, wanted = pystac.Item.from_file(service.item(result)), bands(result.tif)
    loaded = odc.stac.load([item], bands=list(wanted))
    for name, pixels in wanted.items():
        check_equal(loaded[name].to_numpy()[0], pixels, name)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    run("odc-stac", examine)
