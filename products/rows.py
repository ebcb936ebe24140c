"""A product predicted for all pixels of a cube, part by part, so that memory stays bounded. Tables: table.py."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core.bands import Floats
from core.checkpoint import Checkpoint
from core.cube import Cube, Series
from core.grid import Window
from core.product import AnyOptions, Layer, PoolsSeries, Product, Raster, RendersCube
from core.progress import Progress
from core.stages.ahead import ahead
from products.blocks import blocks, is_pooled

BLOCK_PIXELS = 2048
"""Pixels predicted at once: a few hundred MB for three years of all bands."""
MAX_COUNT = 254
"""Largest number that a uint8 layer can hold; 255 is nodata."""
NODATA = 255
STRIP_ROWS = 128
"""Most rows read from a disk at once: those of a chunk of the cache. Fewer would unpack the same chunks again."""
STRIP_BYTES = 512 * 2**20
"""Most pixels read from a disk at once; as many are read while they are predicted."""
Part = tuple[slice, slice]
"""Rows and columns that are predicted at once."""
Mask = NDArray[np.bool_]


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
    observed = replace(cube, data=cube.data[kept]).between(options.days)
    values = np.full((len(layers), *cube.shape_yx), np.nan, np.float32)
    parts = list(blocks(cube.window)) if is_pooled(product, options) else _row_parts(cube.window)
    with (
        ahead(lambda strip: _loaded(observed, strip), _strips(parts, observed)) as strips,
        ahead(lambda one: _seen_series(*one), ((s, part) for s in strips for part in s.parts)) as series_of,
    ):
        for number, (part, (series, seen)) in enumerate(zip(parts, series_of, strict=True)):
            _predict(product, series, seen, options, checkpoint, values[:, *part])
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


def _row_parts(window: Window) -> list[Part]:
    """Return rows and columns of parts of a window that are predicted at once."""
    height, width = window.shape_yx
    step = max(1, BLOCK_PIXELS // width)
    return [(slice(first, min(first + step, height)), slice(0, width)) for first in range(0, height, step)]


@dataclass(frozen=True, kw_only=True)
class _Strip:
    """Rows of a cube in memory."""

    cube: Cube
    first: int
    """Row of the whole cube that is its first."""
    parts: list[Part]
    """Rows and columns of the whole cube that are predicted at once, all of them in the strip."""


def _strips(parts: list[Part], cube: Cube) -> list[list[Part]]:
    """Return the parts in groups whose rows are read from a disk at once; all of them where the cube is in memory."""
    if cube.is_in_memory:
        return [parts]
    row_bytes = sum(v.nbytes for v in cube.data.data_vars.values()) // cube.shape_yx[0]
    most = max(1, min(STRIP_ROWS, STRIP_BYTES // max(1, row_bytes)))
    groups: list[list[Part]] = []
    for part in parts:
        if groups and part[0].stop - groups[-1][0][0].start <= most:
            groups[-1].append(part)
        else:
            groups.append([part])
    return groups


def _loaded(cube: Cube, parts: list[Part]) -> _Strip:
    first, last = parts[0][0].start, parts[-1][0].stop
    return _Strip(cube=cube.rows(slice(first, last)).loaded(), first=first, parts=parts)


def _seen_series(strip: _Strip, part: Part) -> tuple[Series, Mask]:
    """Return the seen pixels of a part as series, and (N,) True for them among all pixels of the part."""
    rows, columns = part
    series = strip.cube.series(slice(rows.start - strip.first, rows.stop - strip.first), columns)
    seen = np.asarray(np.isfinite(series.values).any(axis=(1, 2)))
    return series.take(np.flatnonzero(seen)), seen


def _predict(
    product: Product[AnyOptions], series: Series, seen: Mask, options: AnyOptions, checkpoint: Checkpoint, out: Floats
) -> None:
    """Write what is predicted of the seen pixels of a part into (L, rows, columns); the others stay as they are."""
    if not len(series):
        return
    each = [options] * len(series)
    if isinstance(product, PoolsSeries):
        product = product.pooled(series, each, are_pixels=True)
    out[:, seen.reshape(out.shape[1:])] = product.predict(series, each, checkpoint).T
