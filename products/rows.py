"""A product predicted for all pixels of a cube, part by part, so that memory stays bounded. Tables: table.py."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from core.bands import Floats
from core.checkpoint import Checkpoint
from core.cube import Cube
from core.grid import Window
from core.product import AnyOptions, Layer, PoolsSeries, Product, Raster, RendersCube
from core.progress import Progress
from products.blocks import blocks, is_pooled

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
    parts = list(blocks(cube.window)) if is_pooled(product, options) else _row_parts(cube.window)
    for number, part in enumerate(parts):
        _predict(product, seen, part, options, checkpoint, values[:, *part])
        progress((number + 1) / len(parts))
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


def _row_parts(window: Window) -> list[tuple[slice, slice]]:
    """Return rows and columns of parts of a window that are predicted at once."""
    height, width = window.shape_yx
    step = max(1, BLOCK_PIXELS // width)
    return [(slice(first, min(first + step, height)), slice(0, width)) for first in range(0, height, step)]


def _predict(
    product: Product[AnyOptions],
    cube: Cube,
    part: tuple[slice, slice],
    options: AnyOptions,
    checkpoint: Checkpoint,
    out: Floats,
) -> None:
    """Write what is predicted of the seen pixels of a part into (L, rows, columns); the others stay as they are."""
    series = cube.series(*part)
    seen = np.isfinite(series.values).any(axis=(1, 2))
    if not seen.any():
        return
    series, each = series.take(np.flatnonzero(seen)), [options] * int(seen.sum())
    if isinstance(product, PoolsSeries):
        product = product.pooled(series, each)
    out[:, seen.reshape(out.shape[1:])] = product.predict(series, each, checkpoint).T
