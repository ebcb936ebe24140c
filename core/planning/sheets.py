"""Map sheets: a region of any size cut into squares of 100 km of its UTM zones, each small enough for one order.

A region of an order is cut into tiles in core/grid.py; one order has one UTM zone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from shapely import box, get_parts, get_type_id, prepare, union_all
from shapely.geometry.base import BaseGeometry

from core.errors import InvalidRegion
from core.region import (
    EDGE_DEGREES,
    NORTH_END,
    POLYGON,
    SOUTH_END,
    WGS84,
    Region,
    parse_polygons,
    reproject,
    segmentize,
    wrap,
)
from core.utm import zone_cells

SHEET_M = 100_000.0
"""Edge of a sheet, as of the squares of the military grid (MGRS) and of Sentinel-2's tiles."""
EDGE_M = 1000.0
"""Longest edge in degrees of a sheet's border: straight in degrees, it misses the true one by less than 0.2 m, and
sheets' borders are borders of pixels, whose centres lie 5 m away."""
SLIVER_KM2 = 1e-8
"""A hundredth of a square metre: what rounding leaves of a border."""


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """The part of a region in one square."""

    crs: str
    """EPSG code of its UTM zone, with prefix."""
    column: int
    """Easting of the square's west in units of 100 km."""
    row: int
    """Northing of its south in units of 100 km."""
    region: Region

    @property
    def name(self) -> str:
        """Stable name: zone, column, row."""
        return f"{self.crs.split(':')[-1]}_e{self.column}_n{self.row}"


def parse_large_region(document: dict[str, Any]) -> Region:
    """Read a region from GeoJSON as `core.region.parse_region` does, however large it is.

    Raises:
        InvalidRegion: as there; or it reaches beyond UTM.
    """
    region = Region(geometry=union_all([wrap(polygon) for polygon in parse_polygons(document)]))
    _, south, _, north = region.geometry.bounds
    if south < SOUTH_END or north > NORTH_END:
        raise InvalidRegion(
            f"it reaches from {south:.1f} to {north:.1f} degrees, beyond UTM ({SOUTH_END} to {NORTH_END})"
        )
    return region


def sheets(region: Region) -> Iterator[Sheet]:
    """Yield the sheets of a region: zones from west to east, and in a zone, squares from north to south, west to east.

    Together they cover the region; they overlap nowhere by more than 0.2 m.
    """
    whole = region.unwrapped
    prepare(whole)
    found: dict[str, list[BaseGeometry]] = {}
    for zone, cell in zone_cells(*whole.bounds):
        for south, north, first in ((SOUTH_END, 0.0, 32700), (0.0, NORTH_END, 32600)):
            west, low, east, high = cell.bounds
            if low < north and high > south:
                part = _polygons(whole.intersection(box(west, max(low, south), east, min(high, north))))
                found.setdefault(f"EPSG:{first + zone}", []).append(part)
    for crs, parts in found.items():
        yield from _of_zone(union_all(parts), crs)


def _of_zone(part: BaseGeometry, crs: str) -> Iterator[Sheet]:
    if part.is_empty:
        return
    projected = reproject(segmentize(part, EDGE_DEGREES), WGS84, crs)
    prepare(projected)
    west, south, east, north = (int(edge) for edge in np.floor(np.array(projected.bounds) / SHEET_M))
    for row in range(north, south - 1, -1):
        for column in range(west, east + 1):
            corner = column * SHEET_M, row * SHEET_M
            piece = _polygons(projected.intersection(box(*corner, corner[0] + SHEET_M, corner[1] + SHEET_M)))
            if piece.area > SLIVER_KM2 * 1e6:
                own = Region(geometry=reproject(segmentize(piece, EDGE_M), crs, WGS84))
                yield Sheet(crs=crs, column=column, row=row, region=own)


def _polygons(geometry: BaseGeometry) -> BaseGeometry:
    """Return the polygons of an intersection, which may touch in lines and points besides."""
    parts = get_parts(get_parts(geometry))
    return union_all(parts[get_type_id(parts) == POLYGON])
