"""The window of projected metres that a cube is read on: its own pixels, or UTM pixels around those in degrees."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from affine import Affine
from pyproj import CRS, Transformer
from shapely import box

from core.errors import InvalidCube
from core.grid import Window
from core.region import WGS84, Region, wrap
from core.utm import utm_crs
from ingest.cubes.pixels import cut_window
from ingest.cubes.place import Lattice
from ingest.io.resampling import projection
from ingest.rules.places import are_degrees

METRES_PER_DEGREE = 111_195.0
"""Of latitude, on a sphere of 6371 km."""
USUAL_M = (10.0, 20.0, 30.0, 60.0)
"""Pixel sizes that one in degrees is rounded to if it is within a sixth of them."""
FOLLOWED = 9
"""Rows and columns of a lattice whose pixels are followed to the window and back."""


def target_window(path: object, lattices: Sequence[Lattice]) -> Window:
    """Return the window that a cube is read on: its finest lattice, or UTM pixels around one in degrees."""
    finest = min(lattices, key=lambda found: abs(found.transform.a))
    if CRS.from_user_input(finest.crs).is_projected:
        return Window(crs=finest.crs, transform=finest.transform, shape_yx=finest.shape_yx)
    return _around(path, finest)


def lost_share(lattice: Lattice, window: Window) -> float:
    """Return the share of the pixels of a lattice in degrees that do not reach a window; 0 = all do.

    Some of them, the corners among them, are followed: each has to lie in a pixel of the window that looks it up again.
    """
    rows, columns = (np.unique(np.linspace(0, n - 1, FOLLOWED).round()) + 0.5 for n in lattice.shape_yx)
    at = [(float(column), float(row)) for row in rows for column in columns]
    x, y = projection(lattice.crs, window.crs)(
        *(np.array(v) for v in zip(*(lattice.transform * p for p in at), strict=True))
    )
    return 1 - sum(_is_found(lattice, window, p, xy) for p, xy in zip(at, zip(x, y, strict=True), strict=True)) / len(
        at
    )


def _is_found(lattice: Lattice, window: Window, place: tuple[float, float], xy: tuple[Any, Any]) -> bool:
    """Return whether the pixel of a window at x, y looks up a place of the lattice (column, row), but for its size."""
    if not np.isfinite(xy).all():
        return False
    column, row = (int(v) for v in np.floor(~window.transform * xy))
    if not (0 <= row < window.shape_yx[0] and 0 <= column < window.shape_yx[1]):
        return False
    placed = lattice.placement(cut_window(window, (slice(row, row + 1), slice(column, column + 1))))
    latitude = (lattice.transform * place)[1]
    down = (placed.rows[0, 0] - place[1]) * lattice.transform.e
    right = (placed.columns[0, 0] - place[0]) * lattice.transform.a * np.cos(np.radians(latitude))
    return bool(np.hypot(down, right) * METRES_PER_DEGREE <= window.resolution_m)


def _around(path: object, lattice: Lattice) -> Window:
    """Return the window of UTM pixels that holds a lattice in degrees, its corners at multiples of the pixel size."""
    height, width = lattice.shape_yx
    west, north = lattice.transform.c, lattice.transform.f
    south, east = north + lattice.transform.e * height, west + lattice.transform.a * width
    _check_degrees(path, (west, south, east, north))
    crs = utm_crs(Region(geometry=wrap(box(west, south, east, north))))
    size = _usual(abs(lattice.transform.e) * METRES_PER_DEGREE)
    outline = Transformer.from_crs(WGS84, crs, always_xy=True).transform_bounds(west, south, east, north)
    if not np.isfinite(outline).all():
        raise InvalidCube(path, _too_wide(1.0, crs))
    left, low, right, top = (f(v / size) for f, v in zip((np.floor, np.floor, np.ceil, np.ceil), outline, strict=True))
    corner = Affine(size, 0, left * size, 0, -size, top * size)
    window = Window(crs=crs, transform=corner, shape_yx=(int(top - low), int(right - left)))
    if lost := lost_share(lattice, window):
        raise InvalidCube(path, _too_wide(lost, crs))
    return window


def _check_degrees(path: object, bounds: tuple[float, float, float, float]) -> None:
    if not are_degrees(bounds):
        west, south, east, north = bounds
        found = f"from {west:.10g}, {south:.10g} to {east:.10g}, {north:.10g}"
        reason = f"its coordinates, {found}, are called degrees, and are none"
        raise InvalidCube(path, f"{reason}; give the CRS, for instance --crs EPSG:32632")


def _too_wide(lost: float, crs: str) -> str:
    share = "most" if lost > 0.5 else f"about {max(1, round(100 * lost))} %"
    return f"{share} of its pixels, which are in degrees, have no place in {crs}; cut it into smaller parts, or warp it"


def _usual(size: float) -> float:
    """Return a usual pixel size that is near, else the size in whole decimetres."""
    near = min(USUAL_M, key=lambda usual: abs(size / usual - 1))
    return near if abs(size / near - 1) < 1 / 6 else max(0.1, round(size, 1))
