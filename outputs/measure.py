"""Area tables of finished rasters, read strip by strip. What is measured is defined in products/areas.py."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.windows import Window as PixelWindow

from core.grid import Window
from core.ground.scale import Ground, ground_of
from core.options import Options
from core.product import Layer, Product, Raster, Variable
from products.areas import Measured, area_table, strip_rows


def measure_file(plain: Path, product: Product[Any], options: Options, layers: Sequence[Layer]) -> dict[str, Any]:
    """Return the area table of a GeoTIFF that holds all layers of a product; empty if the product has none."""
    with rasterio.open(plain) as file:
        ground = ground_of(Window(crs=str(file.crs), transform=file.transform, shape_yx=file.shape))
        strips = (
            file.read(window=PixelWindow(0, rows.start, file.width, rows.stop - rows.start))
            for rows in _strips(file.shape, ground.edge_m)
        )
        return _table(strips, product, options, layers, nodata=file.nodata, ground=ground)


def measure_raster(raster: Raster, product: Product[Any], options: Options) -> dict[str, Any]:
    """Return the area table of a raster in memory; empty if the product has none."""
    ground = ground_of(raster.window)
    strips = (raster.pixels[:, rows] for rows in _strips(raster.window.shape_yx, ground.edge_m))
    return _table(strips, product, options, raster.layers, nodata=raster.nodata, ground=ground)


def _strips(shape_yx: tuple[int, int], resolution_m: float) -> Iterator[slice]:
    """Yield rows from north to south."""
    height, width = shape_yx
    step = strip_rows(resolution_m, width)
    for first in range(0, height, step):
        yield slice(first, min(first + step, height))


def median_clear_count(pixels: Raster | Path, layers: Sequence[Layer]) -> float:
    """Return the median of the clear observations of all pixels that were mapped; NaN without such a layer or pixel."""
    names = [layer.variable for layer in layers]
    if Variable.CLEAR_COUNT not in names:
        return float("nan")
    at = names.index(Variable.CLEAR_COUNT)
    if isinstance(pixels, Path):
        with rasterio.open(pixels) as raster:
            band, nodata = raster.read(at + 1), raster.nodata
    else:
        band, nodata = pixels.pixels[at], pixels.nodata
    seen = band[np.isfinite(band) & (band != nodata)]
    return float(np.median(seen)) if seen.size else float("nan")


def is_mapped(pixels: Raster | Path) -> NDArray[np.bool_]:
    """Return (Y, X), True where the first layer is not nodata."""
    if isinstance(pixels, Raster):
        return ~pixels.is_unseen()
    with rasterio.open(pixels) as raster:
        return np.asarray(raster.read_masks(1) > 0)


def _table(
    strips: Iterator[NDArray[Any]],
    product: Product[Any],
    options: Options,
    layers: Sequence[Layer],
    *,
    nodata: float,
    ground: Ground,
) -> dict[str, Any]:
    if not isinstance(product, Measured):
        return {}
    classes, limit = product.area_classes(options), _limit(options)
    return area_table(
        strips,
        layers,
        classes,
        nodata=nodata,
        resolution_m=ground.edge_m,
        shares=ground.shares,
        limit=limit,
    )


def _limit(options: Options) -> float | None:
    """Return the largest dissimilarity inside the area of applicability; None if there is no such layer."""
    return getattr(options, "dissimilarity_limit", None)
