"""Area tables of finished rasters, read strip by strip. What is measured stands in products/areas.py."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import rasterio
from numpy.typing import NDArray
from rasterio.windows import Window as PixelWindow

from core.product import Layer, Params, Product, Raster
from products.areas import Measured, area_table, strip_rows

LIMIT = "dissimilarity_limit"
"""Option of a class map with the layer of dissimilarities."""


def measure_file(plain: Path, product: Product, params: Params, layers: Sequence[Layer]) -> dict[str, Any]:
    """Return the area table of a GeoTIFF that holds all layers of a product; empty if the product has none."""
    if not isinstance(product, Measured):
        return {}
    with rasterio.open(plain) as file:
        step, nodata, resolution_m = strip_rows(file.res[0], file.width), file.nodata, file.res[0]
        strips = (
            file.read(window=PixelWindow(0, first, file.width, min(step, file.height - first)))
            for first in range(0, file.height, step)
        )
        return area_table(
            strips,
            layers,
            product.area_classes(params),
            nodata=nodata,
            resolution_m=resolution_m,
            limit=params.options.get(LIMIT),
        )


def measure_raster(raster: Raster, product: Product, params: Params) -> dict[str, Any]:
    """Return the area table of a raster in memory; empty if the product has none."""
    if not isinstance(product, Measured):
        return {}
    strips = _strips(raster)
    classes, resolution_m = product.area_classes(params), raster.window.resolution_m
    limit = params.options.get(LIMIT)
    return area_table(strips, raster.layers, classes, nodata=raster.nodata, resolution_m=resolution_m, limit=limit)


def _strips(raster: Raster) -> Iterator[NDArray[Any]]:
    height, width = raster.window.shape_yx
    step = strip_rows(raster.window.resolution_m, width)
    for first in range(0, height, step):
        yield raster.pixels[:, first : first + step]
