"""rioxarray and xarray: rasters over HTTP, and the cubes as their CRS and coordinates are found without options."""

import warnings

import numpy as np
import rasterio
import rioxarray
import xarray as xr

from tests.conformance.clients.rasters import bands, check_equal
from tests.conformance.clients.report import Report, Result, Service, expect, run


def examine(service: Service, report: Report) -> None:
    """Open all results."""
    for result in service.results:
        report.check(f"{result.name}: raster equals the file", lambda one=result: raster(service, one))
        if result.cube:
            report.check(f"{result.name}: cube has the grid of the raster", lambda one=result: cube(one))


def raster(service: Service, result: Result) -> None:
    """Open a raster over HTTP."""
    with rioxarray.open_rasterio(service.href(result)) as opened:
        names, wanted = opened.attrs["long_name"], bands(result.tif)
        check_equal(opened.to_numpy(), np.stack(list(wanted.values())), result.name)
        expect([name.split()[0].rstrip(":") for name in names], list(wanted), "long_name")


def cube(result: Result) -> None:
    """Open a cube as anyone does, and look for its grid."""
    with xr.open_dataset(result.cube, decode_coords="all") as opened, rasterio.open(result.tif) as file:
        expect(opened.rio.crs, file.crs, "the CRS")
        expect(tuple(opened.rio.transform())[:6], tuple(file.transform)[:6], "the transform")
    with xr.open_dataset(result.cube) as plain, rasterio.open(result.tif) as file:
        expect(plain.rio.crs, file.crs, "the CRS without options")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    run("rioxarray", examine)
