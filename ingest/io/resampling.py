"""Resampling of one raster to a window, independent of how an area is cut into windows. Pure: no files, no units.

A window's pixel centre is looked up in the raster's pixel coordinates. Those are rounded to `SNAP` of a pixel and every
sum is taken in a fixed order, so that two windows that share a pixel give it the same bits: no seams.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from pyproj import CRS, Transformer

from core.bands import Floats
from core.grid import Window

SNAP = 2.0**-16
"""Pixel coordinates are rounded to this share of a pixel: far above rounding errors, far below what can be seen."""
SAME = 0.01
"""Share of a pixel by which a raster may miss the window's lattice and still be read as it is."""
NODE_STEP = 16
"""Between two reference systems, every 16th pixel of the lattice is projected and the rest drawn between: in UTM zones
the error stays below a thousandth of a pixel."""
COARSER = 0.75
"""A raster is averaged over n x n pixels before it is interpolated where its pixels are n - 0.25 times finer."""

Coordinates = NDArray[np.float64]
Projection = Callable[[Coordinates, Coordinates], tuple[Coordinates, Coordinates]]
"""x and y in the window's reference system to column and row of a raster, counted in pixels from its corner."""


@dataclass(frozen=True, kw_only=True)
class Placement:
    """Where the pixel centres of a window lie in a raster."""

    rows: Coordinates
    """(Y, 1) or (Y, X): pixels from the raster's upper edge; (Y, 1) where the lattices are parallel."""
    columns: Coordinates
    """(1, X) or (Y, X): pixels from its left edge."""
    factor: int
    """Number of rows and columns over which the raster is averaged before it is interpolated; 1 = not averaged."""
    shift: tuple[int, int] | None = None
    """(row, column) of the window's first pixel, where both lie on one lattice."""


@dataclass(frozen=True, kw_only=True)
class Span:
    """Rows and columns of a raster that a window needs; may reach beyond the raster."""

    first: tuple[int, int]
    shape_yx: tuple[int, int]

    def inside(self, shape_yx: tuple[int, int]) -> tuple[slice, slice]:
        """Return the rows and columns that exist in a raster of a shape."""
        ends = [(max(f, 0), min(f + n, size)) for f, n, size in zip(self.first, self.shape_yx, shape_yx, strict=True)]
        (row, last_row), (column, last_column) = [(a, max(a, b)) for a, b in ends]
        return slice(row, last_row), slice(column, last_column)

    def put(self, pixels: NDArray[Any], at: tuple[slice, slice], fill: float) -> NDArray[Any]:
        """Return (Y, X) of the whole span: pixels where they were read, `fill` elsewhere."""
        if pixels.shape == self.shape_yx:
            return pixels
        whole = np.full(self.shape_yx, fill, pixels.dtype)
        row, column = at[0].start - self.first[0], at[1].start - self.first[1]
        whole[row : row + pixels.shape[0], column : column + pixels.shape[1]] = pixels
        return whole


@lru_cache(maxsize=32)
def place_parallel(window: Window, transform: Affine) -> Placement:
    """Place a window in a raster of the same reference system with north up; cached for further files."""
    x, y = window.centres()
    columns, rows = _snap((x - transform.c) / transform.a), _snap((y - transform.f) / transform.e)
    ratio = min(window.resolution_m / abs(transform.a), window.resolution_m / abs(transform.e))
    placed = Placement(rows=rows[:, None], columns=columns[None], factor=_factor(ratio))
    corner = rows[0] - 0.5, columns[0] - 0.5
    shift = round(corner[0]), round(corner[1])
    misses = [abs(c - s) for c, s in zip(corner, shift, strict=True)]
    misses += [abs(v[-1] - 0.5 - s - len(v) + 1) for v, s in zip((rows, columns), shift, strict=True)]
    is_same = max(misses) <= SAME
    return Placement(**{**placed.__dict__, "shift": shift}) if is_same else placed


def place_projected(window: Window, project: Projection) -> Placement:
    """Place a window in a raster of another reference system, turned, or tied to the ground by points.

    Args:
        window: of any lattice.
        project: exact; called with nodes whose places do not depend on the window.
    """
    step = NODE_STEP * window.resolution_m
    x, y = window.centres()
    nodes_x, along_x = _nodes(x, step)
    nodes_y, along_y = _nodes(y, step)
    mesh = np.meshgrid(nodes_x, nodes_y)
    found = [np.asarray(v, np.float64) for v in project(mesh[0], mesh[1])]
    known = [np.where(np.isfinite(found[0]) & np.isfinite(found[1]), v, np.nan) for v in found]
    columns, rows = (_between(v, along_y, along_x) for v in known)
    ratio = min(np.hypot(*(np.diff(v[:2, :2], axis=axis).flat[0] for v in known)) for axis in (0, 1)) / NODE_STEP
    return Placement(rows=_snap(rows), columns=_snap(columns), factor=_factor(float(ratio)))


def find_span(placement: Placement, shape_yx: tuple[int, int]) -> Span:
    """Return which rows and columns of a raster of a shape have to be read; at most one block beyond its edges."""
    k = placement.factor
    first, size = [], []
    for centres, length in zip((placement.rows, placement.columns), shape_yx, strict=True):
        finite = centres[np.isfinite(centres)]
        low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
        start = min(max(int(np.floor(low / k - 0.5)), -1), length // k + 1)
        stop = max(min(int(np.floor(high / k - 0.5)) + 2, -(-length // k) + 1), start + 2)
        first.append(start * k)
        size.append((stop - start) * k)
    return Span(first=(first[0], first[1]), shape_yx=(size[0], size[1]))


def interpolate(values: Floats, placement: Placement, span: Span) -> Floats:
    """Interpolate bilinearly; pixels without data take no part.

    Args:
        values: (Y', X') of the span; NaN = no data.
        placement, span: of the window in the raster.

    Returns:
        (Y, X) of the window; NaN where less than half of the weight falls on pixels with data.
    """
    coarse = _average(values, placement.factor)
    taps = _find_taps(placement, span, coarse.shape)
    found = _weigh(coarse, taps)
    holes = np.isnan(found)  # one of the four pixels has no data, or none of the weight
    if holes.any():
        found[holes] = _weigh_seen(coarse, taps, holes)
    if placement.rows.shape[1] > 1:
        found[~np.isfinite(placement.rows)] = np.nan
    return found


def nearest(codes: NDArray[Any], placement: Placement, span: Span, *, fill: float) -> NDArray[Any]:
    """Return (Y, X) the code of the raster's pixel in which each centre lies.

    Args:
        codes: (Y', X') of the span.
        placement, span: of the window in the raster.
        fill: where a centre lies outside the span.
    """
    rows, columns = (_whole(c, f) for c, f in zip((placement.rows, placement.columns), span.first, strict=True))
    height, width = codes.shape
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    taken = codes[np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)]
    return np.where(inside, taken, codes.dtype.type(fill))


def _whole(centres: Coordinates, first: int) -> NDArray[np.int64]:
    known = np.where(np.isfinite(centres), centres, -1e9)
    return np.floor(known).astype(np.int64) - first


def _snap(values: Coordinates) -> Coordinates:
    return np.asarray(np.rint(values / SNAP) * SNAP, np.float64)


def _factor(ratio: float) -> int:
    return max(1, int(ratio + 1 - COARSER)) if np.isfinite(ratio) else 1


def _nodes(centres: Coordinates, step: float) -> tuple[Coordinates, Coordinates]:
    """Return nodes at multiples of a step around some centres, and where the centres lie between, in steps."""
    low, high = min(centres[0], centres[-1]), max(centres[0], centres[-1])
    first, last = int(np.floor(low / step)), int(np.floor(high / step)) + 1
    nodes = np.arange(first, last + 1, dtype=np.float64) * step
    return nodes, np.asarray(centres / step - first, np.float64)


def _between(nodes: Coordinates, rows: Coordinates, columns: Coordinates) -> Coordinates:
    """Return (Y, X) drawn linearly between (M, N) nodes."""
    i = np.clip(np.floor(rows).astype(int), 0, nodes.shape[0] - 2)
    j = np.clip(np.floor(columns).astype(int), 0, nodes.shape[1] - 2)
    along = (rows - i)[:, None], (columns - j)[None]
    narrow = nodes[:, j] * (1 - along[1]) + nodes[:, j + 1] * along[1]
    return np.asarray(narrow[i] * (1 - along[0]) + narrow[i + 1] * along[0], np.float64)


def _average(values: Floats, k: int) -> Floats:
    """Return means of k x k pixels, of those with data; NaN where these are less than half."""
    if k == 1:
        return values
    rows, columns = values.shape
    blocks = values.reshape(rows // k, k, columns // k, k)
    total, count = (np.zeros((rows // k, columns // k), np.float32) for _ in range(2))
    for i in range(k):  # one after the other: the order of a sum must not depend on the size of the window
        for j in range(k):
            part = blocks[:, i, :, j]
            seen = np.isfinite(part)
            total += np.where(seen, part, np.float32(0))
            count += seen
    counted = count >= k * k / 2
    return np.where(counted, total / np.where(counted, count, 1), np.float32(np.nan)).astype(np.float32)


@dataclass(frozen=True, kw_only=True)
class _Taps:
    """The four pixels around each centre: rows i and i + 1, columns j and j + 1."""

    i: NDArray[np.int64]
    """(Y, 1) or (Y, X)."""
    j: NDArray[np.int64]
    """(1, X) or (Y, X)."""
    down: Floats
    """How far the centre lies towards row i + 1, 0..1; like i."""
    right: Floats
    """How far towards column j + 1; like j."""


def _find_taps(placement: Placement, span: Span, shape_yx: tuple[int, int]) -> _Taps:
    k = placement.factor
    i, down = _along(placement.rows, k, span.first[0], shape_yx[0])
    j, right = _along(placement.columns, k, span.first[1], shape_yx[1])
    return _Taps(i=i, j=j, down=down, right=right)


def _along(centres: Coordinates, k: int, first: int, size: int) -> tuple[NDArray[np.int64], Floats]:
    """Return the pixel before each centre, and how far towards the next one it lies, 0..1."""
    known = np.where(np.isfinite(centres), centres, -1e9)
    place = np.clip(_snap(known / k - 0.5) - first // k, 0, size - 1)
    before = np.minimum(np.floor(place).astype(np.int64), size - 2)
    return before, (place - before).astype(np.float32)


def _weigh(values: Floats, taps: _Taps) -> Floats:
    """Return (Y, X) the sum of four pixels by their weights; NaN where one of them is."""
    i, j = taps.i, taps.j
    if i.shape[1] == 1 and j.shape[0] == 1:
        narrow = _mix(np.take(values, j[0], axis=1), np.take(values, j[0] + 1, axis=1), taps.right)
        return _mix(np.take(narrow, i[:, 0], axis=0), np.take(narrow, i[:, 0] + 1, axis=0), taps.down)
    upper = _mix(values[i, j], values[i, j + 1], taps.right)
    return _mix(upper, _mix(values[i + 1, j], values[i + 1, j + 1], taps.right), taps.down)


def _weigh_seen(values: Floats, taps: _Taps, at: NDArray[np.bool_]) -> Floats:
    """Return (N,) for some pixels the mean of those of the four that have data, by their weights.

    NaN where less than half of the weight falls on pixels with data.
    """
    i, j = (np.broadcast_to(v, at.shape)[at] for v in (taps.i, taps.j))
    down, right = (np.asarray(np.broadcast_to(v, at.shape)[at], np.float32) for v in (taps.down, taps.right))
    corners = [values[i + a, j + b] for a in (0, 1) for b in (0, 1)]
    seen = [np.isfinite(c) for c in corners]
    total = _four([np.where(s, c, np.float32(0)) for s, c in zip(seen, corners, strict=True)], down, right)
    weight = _four([s.astype(np.float32) for s in seen], down, right)
    counted = weight >= 0.5
    return np.where(counted, total / np.where(counted, weight, 1), np.float32(np.nan)).astype(np.float32)


def _four(corners: list[Floats], down: Floats, right: Floats) -> Floats:
    return _mix(_mix(corners[0], corners[1], right), _mix(corners[2], corners[3], right), down)


def _mix(first: Floats, second: Floats, share: Floats) -> Floats:
    """Return first * (1 - share) + second * share; writes over both."""
    first *= 1 - share
    second *= share
    first += second
    return first


@lru_cache(maxsize=64)
def projection(source: str, target: str, *, middle: float = 0.0) -> Projection:
    """Return the exact transformation between two reference systems, x before y; infinite where there is none.

    Args:
        source, target: EPSG codes with prefix, or WKT.
        middle: x of the middle of the raster that is looked into. Longitudes are those within 180 degrees of it, so
            that a raster across 180 degrees, or with longitudes 0..360, is found as one piece.
    """
    move = Transformer.from_crs(source, target, always_xy=True).transform
    if not CRS.from_user_input(target).is_geographic:
        return move

    def move_near(x: Coordinates, y: Coordinates) -> tuple[Coordinates, Coordinates]:
        longitude, latitude = move(x, y)
        return longitude + 360 * np.round((middle - longitude) / 360), latitude

    return move_near
