"""Rows and columns of a cube file: what a window covers, and stored numbers read from the north-west."""

from typing import Any

import numpy as np
import xarray as xr
from affine import Affine
from numpy.typing import NDArray

from core.grid import Window
from ingest.cubes.arrange import yx_of
from ingest.cubes.place import Lattice

WHOLE = (slice(None), slice(None))
"""All rows, all columns."""


def window_slices(window: Window, part: Window) -> tuple[slice, slice]:
    """Return the rows and columns of `window` that `part` covers, cut to the window; both on one lattice."""
    row, column = part.offset_in(window)
    height, width = part.shape_yx
    rows, columns = window.shape_yx
    return (
        slice(min(max(row, 0), rows), min(max(row + height, 0), rows)),
        slice(min(max(column, 0), columns), min(max(column + width, 0), columns)),
    )


def cut_window(window: Window, rows_columns: tuple[slice, slice]) -> Window:
    """Return the part of a window at some rows and columns."""
    rows, columns = rows_columns
    old = window.transform
    moved = Affine(old.a, 0, old.c + old.a * columns.start, 0, old.e, old.f + old.e * rows.start)
    return Window(crs=window.crs, transform=moved, shape_yx=(rows.stop - rows.start, columns.stop - columns.start))


def whole(at: tuple[slice, slice], window: Window) -> tuple[slice, slice]:
    """Return rows and columns with both their ends."""
    rows, columns = (slice(*s.indices(n)[:2]) for s, n in zip(at, window.shape_yx, strict=True))
    return rows, columns


def widened(
    at: tuple[slice, slice], reach: int, shape_yx: tuple[int, int]
) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Return rows and columns with a margin as far as there are pixels, and where the given ones lie in them."""
    pairs = [(slice(max(0, s.start - reach), min(n, s.stop + reach)), s) for s, n in zip(at, shape_yx, strict=True)]
    wide = pairs[0][0], pairs[1][0]
    inner = [slice(s.start - w.start, s.stop - w.start) for w, s in pairs]
    return wide, (inner[0], inner[1])


def stored_pixels(variable: xr.DataArray, lattice: Lattice, rows: slice, columns: slice) -> NDArray[Any]:
    """Return (T, Y, X) stored numbers of rows and columns counted from the north-west."""
    y, x = yx_of(variable) or ("y", "x")
    at_rows, at_columns = lattice.stored(rows, columns)
    part = variable.isel({y: at_rows, x: at_columns}).transpose(..., y, x)
    return lattice.upright(np.asarray(part.values))


def middle(variable: xr.DataArray) -> NDArray[Any]:
    """Return (T,) of weather: it is coarse, so that one value serves the whole file."""
    dims = yx_of(variable)
    if dims is None:
        return np.asarray(variable.values)
    return np.asarray(variable.isel({d: variable.sizes[d] // 2 for d in dims}).values)
