"""Which pixels of a lattice belong to a polygon. Lattices, tiles and windows: core/grid.py."""

import numpy as np
from numpy.typing import NDArray
from shapely import bounds, box, buffer, contains_xy, get_parts, intersection, intersects, is_empty, linestrings
from shapely.geometry.base import BaseGeometry

Doubles = NDArray[np.float64]

SNAP = 0.01
"""Share of a pixel by which a region's edge may miss the lattice: degrees with 7 decimals add no row or column."""
ROUND = 0.708
"""Share of a pixel: a circle of this radius holds a pixel's centre wherever it lies (half the diagonal is 0.7072)."""


def selected_pixels(polygon: BaseGeometry, x: Doubles, y: Doubles, size: float) -> NDArray[np.bool_]:
    """Return (Y, X), True for the pixels of a rectangle that belong to a polygon, whatever the rectangle.

    Those are the pixels with their centre inside. A part of the polygon that holds no centre anywhere has the pixels
    that it touches, and one pixel if it is no longer and no wider than one.

    Args:
        polygon: Polygon or MultiPolygon in the CRS of the pixels.
        x, y: (X,) and (Y,) pixel centres, x eastwards, y southwards.
        size: edge of a pixel in metres.
    """
    selected = np.asarray(contains_xy(polygon, *np.meshgrid(x, y)), np.bool_)
    for part in _slivers(polygon, x, y, size):
        _add(part, selected, x, y, size)
    return selected


def _slivers(polygon: BaseGeometry, x: Doubles, y: Doubles, size: float) -> list[BaseGeometry]:
    """Return the parts at the rectangle that hold no pixel centre of its lattice, in it or beyond."""
    parts = get_parts(polygon)
    west, south, east, north = bounds(parts).T
    is_near = (west < x[-1] + size) & (east > x[0] - size) & (south < y[0] + size) & (north > y[-1] - size)
    near = parts[is_near]
    thin = near[is_empty(buffer(near, -ROUND * size))]
    return [part for part in thin if not _holds_centre(part, x[0], y[0], size)]


def _holds_centre(part: BaseGeometry, x0: float, y0: float, size: float) -> bool:
    """Return whether a polygon holds a centre of the lattice that has one at (x0, y0): row by row, so at any length."""
    west, south, east, north = part.bounds
    rows = y0 + size * np.arange(np.ceil((south - y0) / size), np.floor((north - y0) / size) + 1)
    ends = np.stack([np.column_stack([np.full_like(rows, edge), rows]) for edge in (west - size, east + size)], 1)
    segments = bounds(get_parts(intersection(part, linestrings(ends)))) if len(rows) else np.empty((0, 4))
    first, last = (segments[:, 0] - x0) / size, (segments[:, 2] - x0) / size
    return bool((np.floor(first) + 1 < last).any())


def _add(part: BaseGeometry, selected: NDArray[np.bool_], x: Doubles, y: Doubles, size: float) -> None:
    """Add to (Y, X) the pixels of a part without a centre."""
    west, south, east, north = part.bounds
    is_speck = max(east - west, north - south) <= size
    columns = _span(west, east, x[0] - size / 2, size, is_speck)
    rows = len(y) - 1 - _span(south, north, y[-1] - size / 2, size, is_speck)  # counted northwards, as in Grid
    columns, rows = columns[(columns >= 0) & (columns < len(x))], rows[(rows >= 0) & (rows < len(y))]
    centre_x, centre_y = np.meshgrid(x[columns], y[rows])
    half = (0.5 + SNAP) * size
    cells = box(centre_x - half, centre_y - half, centre_x + half, centre_y + half)
    selected[np.ix_(rows, columns)] |= True if is_speck else intersects(part, cells)


def _span(low: float, high: float, start: float, size: float, is_speck: bool) -> NDArray[np.intp]:
    """Return the pixels of a span on an axis but for SNAP, counted from `start`: at least one; of a speck, one."""
    first = int(np.floor((low - start) / size + SNAP))
    last = max(first, int(np.ceil((high - start) / size - SNAP)) - 1)
    if is_speck:
        first = last = min(max(int(np.floor(((low + high) / 2 - start) / size)), first), last)
    return np.arange(first, last + 1)
