"""Forecasts as they are stored: the pixels of a raster as integers, in a plain GeoTIFF to make the file from.

What the numbers mean is decided in core/rasters/stored.py.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window as PixelWindow

from core.product import Layer, Raster
from core.rasters.coding import DTYPE, LARGEST, NODATA, Coding
from core.rasters.stored import coding_for, is_compact
from outputs.atomic import remove
from outputs.cog import RasterFile, open_cog, plain_raster

logger = logging.getLogger(__name__)
ROWS = 1024
"""Of one band, encoded at once."""
CLIPPED = "LANDCAST_CLIPPED"
"""Tag that states how many values were cut."""


@contextmanager
def as_stored(source: Raster | RasterFile, path: Path) -> Iterator[tuple[Raster | RasterFile, dict[str, str]]]:
    """Yield a raster as it is stored, with the tags that this adds; class maps and stored ones are as they are.

    Args:
        source: finished pixels, or a GeoTIFF of them.
        path: of the file to be written; the integers lie beside it meanwhile.
    """
    if not is_compact(source.layers):
        yield source, {}
        return
    coded = path.with_name(f".{path.name}.coded.tif")
    try:
        yield _encoded(source, coded)
    finally:
        remove(coded)


def _encoded(source: Raster | RasterFile, coded: Path) -> tuple[RasterFile, dict[str, str]]:
    layers = tuple(replace(layer, dtype=DTYPE) for layer in source.layers)
    codings = [coding_for(layer) for layer in source.layers]
    height, width = source.window.shape_yx
    beyond = 0
    with plain_raster(coded, layers, source.window, dtype=DTYPE, nodata=NODATA) as out:
        out.scales = [coding.scale for coding in codings]
        for position, coding in enumerate(codings):
            for first in range(0, height, ROWS):
                rows = slice(first, min(first + ROWS, height))
                values = _read(source, position, rows)
                beyond += coding.beyond(values)
                place = PixelWindow(0, rows.start, width, rows.stop - rows.start)
                out.write(coding.numbers(values), position + 1, window=place)
    return open_cog(coded), _clipped(beyond, layers, codings)


def _read(source: Raster | RasterFile, position: int, rows: slice) -> NDArray[np.float32]:
    """Return (Y, X) the values of some rows of a layer."""
    if isinstance(source, Raster):
        return np.asarray(source.pixels[position, rows], np.float32)
    whole = slice(0, source.window.shape_yx[1])
    return source.coding(position).values(source.read_stored([position], rows, whole)[0])


def _clipped(count: int, layers: Sequence[Layer], codings: Sequence[Coding]) -> dict[str, Any]:
    """Return the statement on values that were cut; empty if there are none."""
    if not count:
        return {}
    ends = {str(layer.variable): LARGEST * coding.scale for layer, coding in zip(layers, codings, strict=True)}
    limits = ", ".join(f"{variable} {end:g}" for variable, end in ends.items())
    logger.warning("values cut, beyond what can be stored count=%d limits=%s", count, limits)
    return {CLIPPED: f"{count} values lay further from 0 than can be stored and were cut to it: {limits}"}
