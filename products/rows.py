"""A product predicted for all pixels of a cube, rows by rows, so that memory stays bounded. Tables: table.py."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from core.bands import Floats
from core.checkpoint import Checkpoint
from core.cube import Cube
from core.product import AnyOptions, Layer, Product, Raster, RendersCube
from core.progress import Progress

BLOCK_PIXELS = 2048
"""Pixels predicted at once: a few hundred MB for three years of all bands."""
MAX_COUNT = 254
"""Largest number that a uint8 layer can hold; 255 is nodata."""
NODATA = 255


def render(
    product: Product[AnyOptions], cube: Cube, options: AnyOptions, checkpoint: Checkpoint, progress: Progress
) -> Raster:
    """Predict all pixels of a cube.

    Args:
        cube: observations of the order's period; those outside it are not read.
        options: resolved.

    Returns:
        Raster with the product's layers; a pixel never seen is nodata in all, and a cube without one clear pixel is all
        nodata. uint8 with nodata 255 or float32 with NaN, as its layers state.
    """
    if isinstance(product, RendersCube):
        return product.render(cube, options, checkpoint, progress)
    layers = product.layers(options)
    kept = [v for v in cube.data.data_vars if v in (*product.bands, "NDVI")]
    seen = replace(cube, data=cube.data[kept]).between(options.days)
    values = np.full((len(layers), *cube.shape_yx), np.nan, np.float32)
    height, width = cube.shape_yx
    step = max(1, BLOCK_PIXELS // width)
    for first in range(0, height, step):
        rows = slice(first, min(first + step, height))
        values[:, rows] = _predicted(product, seen, rows, options, checkpoint, len(layers))
        progress(rows.stop / height)
    return encode(layers, values, cube)


def encode(layers: tuple[Layer, ...], values: Floats, cube: Cube) -> Raster:
    """Return predicted values as a raster: whole numbers with nodata 255, or floats."""
    if layers[0].dtype != "uint8":
        return Raster(layers=layers, pixels=values, window=cube.window, nodata=np.nan)
    unseen = np.isnan(values[0]) | np.isnan(values)
    whole = [percent(v) if layer.unit == "%" else np.nan_to_num(v) for layer, v in zip(layers, values, strict=True)]
    pixels = np.where(unseen, NODATA, np.minimum(np.stack(whole), MAX_COUNT)).astype(np.uint8)
    return Raster(layers=layers, pixels=pixels, window=cube.window, nodata=NODATA)


def percent(share: Floats) -> NDArray[np.int64]:
    """Return shares as whole percent; NaN becomes 0."""
    return np.asarray(np.rint(np.nan_to_num(share) * 100), np.int64)


def _predicted(
    product: Product[AnyOptions], cube: Cube, rows: slice, options: AnyOptions, checkpoint: Checkpoint, layers: int
) -> Floats:
    """Return (L, rows, X) of some rows."""
    series = cube.series(rows)
    out = np.full((layers, len(series)), np.nan, np.float32)
    seen = np.nonzero(np.isfinite(series.values).any(axis=(1, 2)))[0]
    if len(seen):
        out[:, seen] = product.predict(series.take(seen), [options] * len(seen), checkpoint).T
    return out.reshape(layers, -1, cube.shape_yx[1])
