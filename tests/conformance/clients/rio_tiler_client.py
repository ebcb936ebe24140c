"""rio-tiler: rasters by URL, and bands of STAC items by their names."""

import warnings

import numpy as np
from rio_tiler.io import Reader, STACReader

from tests.conformance.clients.rasters import bands, check_equal, nodata
from tests.conformance.clients.report import Different, Report, Result, Service, expect, run


def examine(service: Service, report: Report) -> None:
    """Read all results."""
    for result in service.results:
        report.check(f"{result.name}: raster equals the file", lambda one=result: raster(service, one))
        report.check(f"{result.name}: STAC item, by the band's name", lambda one=result: item(service, one))
        report.check(f"{result.name}: tile", lambda one=result: tile(service, one))


def raster(service: Service, result: Result) -> None:
    """Read a raster whole; nothing is masked that the file does not leave out."""
    with Reader(service.href(result)) as reader:
        image, wanted = reader.read(), np.stack(list(bands(result.tif).values()))
        check_equal(image.data, wanted, result.name)
        left_out = np.isnan(wanted) | (wanted == nodata(result.tif))
        check_equal(image.array.mask, left_out, f"mask of {result.name}")


def item(service: Service, result: Result) -> None:
    """Read two bands of an item by their names."""
    with STACReader(service.item(result)) as reader:
        expect("data" in reader.assets, True, "an asset 'data'")
        wanted = bands(result.tif)
        names = list(wanted)[:2]
        image = reader.preview(assets=[{"name": "data", "bands": names}], max_size=None)
        check_equal(image.data, np.stack([wanted[name] for name in names]), result.name)


def tile(service: Service, result: Result) -> None:
    """Read one tile of the middle."""
    with Reader(service.href(result)) as reader:
        west, south, east, north = reader.get_geographic_bounds("epsg:4326")
        place = reader.tms.tile((west + east) / 2, (south + north) / 2, reader.maxzoom)
        if not reader.tile(place.x, place.y, place.z, indexes=1).mask.any():
            raise Different("the tile in the middle is empty")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    run("rio-tiler", examine)
