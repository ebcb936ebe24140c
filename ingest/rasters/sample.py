"""Sparse samples: some pixels spread over a whole raster, at the same places in every raster of a scene."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.io import DatasetReader

SAMPLE_PIXELS = 96
"""Rows and columns of a sample at most."""
SMALL_PIXELS = 1024
"""Rasters up to this edge are sampled all over; larger ones without overviews in blocks."""
SAMPLE_BLOCKS = 3
"""Blocks down and across a large raster."""
BLOCK_SHARE = 1 / 50
"""Edge of a block: 220 pixels of a granule of 10,980."""


@dataclass(frozen=True, kw_only=True)
class Spread:
    """Which pixels of the rasters of a scene are read, as shares of their edges."""

    shape_yx: tuple[int, int]
    """Rows and columns of the sample."""
    is_in_blocks: bool
    """False = at equal distances all over."""


def choose_spread(raster: DatasetReader, index: int) -> Spread:
    """Choose what is read of a raster: all over where that is cheap, else blocks."""
    shape_yx = (min(SAMPLE_PIXELS, raster.height), min(SAMPLE_PIXELS, raster.width))
    is_cheap = max(raster.height, raster.width) <= SMALL_PIXELS or bool(raster.overviews(index))
    return Spread(shape_yx=shape_yx, is_in_blocks=not is_cheap)


def read_spread(raster: DatasetReader, index: int, spread: Spread) -> NDArray[Any]:
    """Return (Y, X) stored numbers of one band, from overviews where there are some.

    Args:
        raster: opened.
        index: of the band, from 1.
        spread: of the first raster of the scene.
    """
    rows, columns = spread.shape_yx
    if not spread.is_in_blocks:
        return np.asarray(raster.read(index, out_shape=(rows, columns)))
    sample = np.empty((rows, columns), raster.dtypes[index - 1])
    for down, across in np.ndindex(SAMPLE_BLOCKS, SAMPLE_BLOCKS):
        here = [_share(n, k) for n, k in ((rows, down), (columns, across))]
        there = (_block(raster.height, down), _block(raster.width, across))
        shape = (here[0].stop - here[0].start, here[1].stop - here[1].start)
        sample[here[0], here[1]] = raster.read(index, window=there, out_shape=shape)
    return sample


def _share(count: int, number: int) -> slice:
    """Return the part of a sample's rows or columns that one of the blocks fills."""
    return slice(count * number // SAMPLE_BLOCKS, count * (number + 1) // SAMPLE_BLOCKS)


def _block(size: int, number: int) -> tuple[int, int]:
    """Return first and last of the rows or columns of a block, at the same share of every raster of a scene."""
    edge = size * BLOCK_SHARE
    middle = size * (number + 0.5) / SAMPLE_BLOCKS
    first = max(0, math.floor(middle - edge / 2))
    return first, min(size, max(first + 1, math.ceil(middle + edge / 2)))
