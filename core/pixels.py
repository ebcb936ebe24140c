"""Which pixels of a lattice belong to a polygon. Lattices, tiles and windows: core/grid.py."""

import numpy as np
from numpy.typing import NDArray
from shapely import (
    area,
    bounds,
    box,
    contains_xy,
    get_coordinates,
    get_num_interior_rings,
    get_parts,
    get_rings,
    intersects,
    length,
    prepare,
)
from shapely.geometry.base import BaseGeometry

Doubles = NDArray[np.float64]
Parts = NDArray[np.object_]
"""(N,) polygons."""

SNAP = 0.01
"""Share of a pixel by which a region's edge may miss the lattice: degrees with 7 decimals add no row or column."""
ROUND = 0.708
"""Share of a pixel: a circle of this radius holds a pixel's centre wherever it lies (half the diagonal is 0.7072)."""
SPARSE = 8
"""Distance in pixels between those that are checked first."""
CROSSINGS = 50_000
"""Crossings of edges and rows that are looked at together: most polygons show a centre among the first."""


def selected_pixels(polygon: BaseGeometry, x: Doubles, y: Doubles, size: float) -> NDArray[np.bool_]:
    """Return (Y, X), True for the pixels of a rectangle that belong to a polygon, whatever the rectangle.

    Those are the pixels with their centre inside. A part of the polygon that holds no centre anywhere has the pixels
    that it touches, and one pixel if it is no longer and no wider than one.

    Args:
        polygon: Polygon or MultiPolygon in the CRS of the pixels.
        x, y: (X,) and (Y,) pixel centres, x eastwards, y southwards.
        size: edge of a pixel in metres.
    """
    selected = _centres_in(polygon, x, y)
    near = _near(get_parts(polygon), x, y, size)
    if len(near) > 1 or not selected.any():  # else the only part holds a centre
        _add_all(slivers(near, x[0], y[0], size), selected, x, y, size)
    return selected


def has_pixels(polygon: BaseGeometry, thin: Parts, x: Doubles, y: Doubles, size: float) -> bool:
    """Return whether any pixel of a rectangle belongs to a polygon whose slivers are known.

    Args:
        polygon, x, y, size: as in `selected_pixels`.
        thin: (N,) its slivers, see `slivers`.
    """
    if _centres_in(polygon, x[::SPARSE], y[::SPARSE]).any():  # settles most tiles at a 64th of the work
        return True
    selected = np.zeros((len(y), len(x)), np.bool_)
    _add_all(_near(thin, x, y, size), selected, x, y, size)
    return bool(selected.any() or _centres_in(polygon, x, y).any())


def _centres_in(polygon: BaseGeometry, x: Doubles, y: Doubles) -> NDArray[np.bool_]:
    return np.asarray(contains_xy(polygon, *np.meshgrid(x, y)), np.bool_)


def _near(parts: Parts, x: Doubles, y: Doubles, size: float) -> Parts:
    """Return the parts whose box touches a rectangle of pixels."""
    west, south, east, north = bounds(parts).T
    near: Parts = parts[(west < x[-1] + size) & (east > x[0] - size) & (south < y[0] + size) & (north > y[-1] - size)]
    return near


def slivers(parts: Parts, x0: float, y0: float, size: float) -> Parts:
    """Return the polygons that hold no centre of the lattice that has one at (x0, y0).

    The work grows with the number of vertices and of rows that edges cross, whatever the shape.
    """
    # All points of a polygon with h holes lie nearer than r to its outline only if area <= length r + h pi r^2
    # (Sz.-Nagy 1959, Acta Sci. Math. Szeged 20); a larger one holds a circle of radius r, and so a centre.
    reach = ROUND * size
    doubtful = parts[area(parts) <= length(parts) * reach + get_num_interior_rings(parts) * np.pi * reach**2]
    if not len(doubtful):
        return doubtful
    return doubtful[~_hold_centres(doubtful, x0, y0, size)]


def _hold_centres(parts: Parts, x0: float, y0: float, size: float) -> NDArray[np.bool_]:
    """Return (N,), True for the polygons that hold a centre of the lattice."""
    part, a, b = _edges(parts, x0, y0, size)
    first, last = np.ceil(np.minimum(a[:, 1], b[:, 1])), np.ceil(np.maximum(a[:, 1], b[:, 1]))  # rows first..last - 1
    found = np.zeros(len(parts), np.bool_)
    prepare(parts)
    low, high = first.min(), last.max()
    bands = int((last - first).sum() // CROSSINGS) + 1
    for band in range(bands):
        start, end = np.floor(low + (high - low) * np.array([band, band + 1]) / bands)
        rows = np.clip(first, start, None), np.clip(last, None, end if band + 1 < bands else high)
        crossing = (rows[1] > rows[0]) & ~found[part]
        if crossing.any():
            own, column, row = _candidates(part[crossing], a[crossing], b[crossing], *(r[crossing] for r in rows))
            inside = contains_xy(parts[own], x0 + column * size, y0 + row * size)
            found[own[inside]] = True
    return found


def _edges(parts: Parts, x0: float, y0: float, size: float) -> tuple[NDArray[np.intp], Doubles, Doubles]:
    """Return number of the polygon (E,), start and end (E, 2) of all edges, in pixels from the centre at (x0, y0)."""
    rings, ring_part = get_rings(parts, return_index=True)
    points, ring = get_coordinates(rings, return_index=True)
    points = (points - [x0, y0]) / size
    joined = ring[1:] == ring[:-1]
    return ring_part[ring[:-1][joined]], points[:-1][joined], points[1:][joined]


def _candidates(
    part: NDArray[np.intp], a: Doubles, b: Doubles, first: Doubles, last: Doubles
) -> tuple[NDArray[np.intp], Doubles, Doubles]:
    """Return polygon, column and row of one centre for each piece of a row inside a polygon that has one.

    Args:
        part: (E,) polygon of each edge.
        a, b: (E, 2) its ends, in pixels.
        first, last: (E,) rows that it crosses, the last one not included.
    """
    counts = (last - first).astype(np.intp)
    edge = np.repeat(np.arange(len(counts)), counts)
    row = first[edge] + np.arange(len(edge)) - np.repeat(np.cumsum(counts) - counts, counts)
    x = a[edge, 0] + (row - a[edge, 1]) * (b[edge, 0] - a[edge, 0]) / (b[edge, 1] - a[edge, 1])
    order = np.lexsort((x, row, part[edge]))
    west, east = x[order].reshape(-1, 2).T  # a row crosses an outline an even number of times
    column = np.floor(west) + 1
    wide = column < east
    return part[edge][order][::2][wide], column[wide], row[order][::2][wide]


def _add_all(thin: Parts, selected: NDArray[np.bool_], x: Doubles, y: Doubles, size: float) -> None:
    for part in thin:
        _add(part, selected, x, y, size)


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
