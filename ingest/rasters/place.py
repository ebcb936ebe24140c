"""Where a raster lies: on a lattice with north up, or on the nearest such lattice to which it is warped. No pixels."""

import math
from dataclasses import dataclass

from affine import Affine
from pyproj import CRS
from pyproj.exceptions import CRSError
from rasterio.io import DatasetReader
from shapely import Polygon

from core.errors import InvalidOption
from core.grid import Window
from core.region import WGS84, Region, reproject
from core.utm import utm_crs

OWN_SIZES_M = (10.0, 20.0, 30.0, 60.0)
"""Pixel sizes of Sentinel-2 and HLS, to which a size in degrees is rounded."""
SNAP_SHARE = 0.4
"""Of a size in metres: one within it is rounded to it."""
OUTLINE_PARTS = 16
"""Parts of an edge, so that its outline follows the other reference system."""


class NoPlace(Exception):
    """A raster cannot be placed; the text says why."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a raster is read."""

    window: Window
    """Projected, north up: its own lattice, or one to which it is warped."""
    file_crs: str
    """Of the raster, where the user states it; else empty."""
    warped: str
    """Why it is warped, and to which reference system; empty = it is not."""


def find_place(raster: DatasetReader, stated_crs: str = "") -> Place:
    """Find the lattice of a raster.

    Args:
        raster: opened.
        stated_crs: by the user, in place of what the raster states.

    Raises:
        NoPlace: it is not georeferenced, or states no reference system.
    """
    move: Affine = raster.transform
    own = stated_crs or (str(raster.crs) if raster.crs else "")
    if move.is_identity:
        raise NoPlace("it is not georeferenced")
    if not own:
        raise NoPlace("it states no reference system; give --crs EPSG:...")
    crs = _parsed(own)
    shape_yx = (raster.height, raster.width)
    is_north_up = not move.b and not move.d and move.a > 0 > move.e and abs(move.a + move.e) < 1e-6 * move.a
    if crs.is_projected and is_north_up:
        window = Window(crs=own, transform=move, shape_yx=shape_yx)
        return Place(window=window, file_crs=stated_crs, warped="")
    window = _warped(own, move, shape_yx, is_projected=crs.is_projected)
    reason = "turned or of pixels that are not square" if crs.is_projected else f"in degrees ({own[:20]})"
    return Place(window=window, file_crs=stated_crs, warped=f"the raster is {reason}, to {window.crs}")


def _parsed(text: str) -> CRS:
    try:
        return CRS.from_user_input(text)
    except CRSError:
        raise InvalidOption("--crs", text, "write it as EPSG:32631") from None


def _warped(crs: str, move: Affine, shape_yx: tuple[int, int], *, is_projected: bool) -> Window:
    """Return the smallest window around a raster, in its own reference system or in UTM."""
    rows, columns = shape_yx
    parts = [n / OUTLINE_PARTS for n in range(OUTLINE_PARTS)]
    edges = [(p, 0.0) for p in parts] + [(1.0, p) for p in parts] + [(1 - p, 1.0) for p in parts]
    edges += [(0.0, 1 - p) for p in parts]
    outline = Polygon([move * (x * columns, y * rows) for x, y in edges])
    target = crs if is_projected else utm_crs(Region(geometry=reproject(outline, crs, WGS84)))
    there = outline if is_projected else reproject(outline, crs, target)
    size = _rounded(math.sqrt(there.area / (rows * columns)))
    west, south, east, north = there.bounds
    left, top = math.floor(west / size) * size, math.ceil(north / size) * size
    shape = (math.ceil((top - south) / size), math.ceil((east - left) / size))
    return Window(crs=target, transform=Affine(size, 0, left, 0, -size, top), shape_yx=shape)


def _rounded(metres: float) -> float:
    return next((s for s in OWN_SIZES_M if abs(metres - s) <= SNAP_SHARE * s), max(1.0, float(round(metres))))
