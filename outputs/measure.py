"""Area tables of finished rasters, read strip by strip. What is measured stands in products/areas.py."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import rasterio
from numpy.typing import NDArray
from rasterio.windows import Window as PixelWindow

from core.options import Options
from core.product import Layer, Product, Raster
from products.areas import Measured, area_table, strip_rows


def measure_file(plain: Path, product: Product[Any], options: Options, layers: Sequence[Layer]) -> dict[str, Any]:
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
            product.area_classes(options),
            nodata=nodata,
            resolution_m=resolution_m,
            limit=_limit(options),
        )


def measure_raster(raster: Raster, product: Product[Any], options: Options) -> dict[str, Any]:
    """Return the area table of a raster in memory; empty if the product has none."""
    if not isinstance(product, Measured):
        return {}
    strips = _strips(raster)
    classes, resolution_m = product.area_classes(options), raster.window.resolution_m
    return area_table(
        strips, raster.layers, classes, nodata=raster.nodata, resolution_m=resolution_m, limit=_limit(options)
    )


def _limit(options: Options) -> float | None:
    """Return the largest dissimilarity inside the area of applicability, where there is such a layer."""
    return getattr(options, "dissimilarity_limit", None)


def _strips(raster: Raster) -> Iterator[NDArray[Any]]:
    height, width = raster.window.shape_yx
    step = strip_rows(raster.window.resolution_m, width)
    for first in range(0, height, step):
        yield raster.pixels[:, first : first + step]
