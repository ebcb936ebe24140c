"""Blocks: fixed squares of a map's lattice, in which pixels are pooled. No pixels are predicted here.

They are counted from the lattice's origin, so they are the same however a map is cut into tiles, strips or files, and
in every order of a place.
"""

import itertools
from collections.abc import Iterator
from math import floor
from typing import Any

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from core.grid import Window
from core.product import PoolsSeries

BLOCK_EDGE = 32
"""Pixels: 320 m of Sentinel-2. Better than 8 with short histories of forests (benchmarks/forecasts/pooled_maps.py)."""
SNAP = 1e-6
"""Pixels by which corners of a lattice may miss each other in floating point."""
Mask = NDArray[np.bool_]


def is_pooled(product: Any, options: Any) -> bool:
    """Return whether the pixels of a map learn from those of their block."""
    return isinstance(product, PoolsSeries) and product.is_pooled(options)


def blocks(window: Window) -> Iterator[tuple[slice, slice]]:
    """Yield rows and columns of each block, or of the part of it that lies in a window."""
    column, row = _place(window)
    for rows in _cuts(row, window.shape_yx[0]):
        for columns in _cuts(column, window.shape_yx[1]):
            yield rows, columns


def whole_blocks(window: Window) -> Window:
    """Return the smallest window of whole blocks that holds a window."""
    (column, row), (height, width) = _place(window), window.shape_yx
    left, above = column % BLOCK_EDGE, row % BLOCK_EDGE
    shape_yx = (above + height + -(row + height) % BLOCK_EDGE, left + width + -(column + width) % BLOCK_EDGE)
    corner = window.transform * Affine.translation(-left, -above)
    return Window(crs=window.crs, transform=corner, shape_yx=shape_yx)


def in_whole_blocks(window: Window, mask: Mask) -> tuple[Window, Mask]:
    """Return the window of whole blocks around a window, and (Y, X) True in its blocks that hold a True pixel."""
    whole = whole_blocks(window)
    rows, columns = inside(window, whole)
    wanted = np.zeros(whole.shape_yx, bool)
    wanted[rows, columns] = mask
    for block in blocks(whole):
        wanted[block] = wanted[block].any()
    return whole, wanted


def inside(window: Window, other: Window) -> tuple[slice, slice]:
    """Return the rows and columns of another window, of the same lattice, that are those of a window within it."""
    row, column = window.offset_in(other)
    return slice(row, row + window.shape_yx[0]), slice(column, column + window.shape_yx[1])


def strips(window: Window, most: int) -> list[slice]:
    """Return the rows of a window in strips of whole blocks of at most `most` rows, or of one block."""
    parts = _cuts(_place(window)[1], window.shape_yx[0])
    together = max(1, most // BLOCK_EDGE)
    groups = [parts[first : first + together] for first in range(0, len(parts), together)]
    return [slice(group[0].start, group[-1].stop) for group in groups]


def _place(window: Window) -> tuple[int, int]:
    """Return the column of the lattice, eastwards, and its row, southwards, of a window's first pixel."""
    west, _, _, north = window.bounds
    return floor(west / window.resolution_m + SNAP), -floor(north / window.resolution_m + SNAP)


def _cuts(first: int, count: int) -> list[slice]:
    """Return the parts of so many pixels from `first` on that lie in one block each."""
    edges = [0, *range(BLOCK_EDGE - first % BLOCK_EDGE, count, BLOCK_EDGE), count]
    return [slice(low, high) for low, high in itertools.pairwise(edges)]
