"""Which UTM zone a region lies in: one job has one grid. Lattices: core/grid.py.

A region across the border of zones is mapped in the zone that holds most of its area. Its tiles reach beyond the border
on the lattice of that zone, and are others than those of the neighbour zone there.
"""

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from shapely import box, transform
from shapely.geometry.base import BaseGeometry

from core.region import NORTH_END, SOUTH_END, Region

ZONE_DEGREES = 6
NORWAY = (56.0, 64.0, {31: (0.0, 3.0), 32: (3.0, 12.0)})
"""South, north, and zones with other borders than those of six degrees (DMA TM 8358.2, section 2-1)."""
SVALBARD = (72.0, 84.0, {31: (0.0, 9.0), 33: (9.0, 21.0), 35: (21.0, 33.0), 37: (33.0, 42.0)})
"""The same; zones 32, 34 and 36 do not exist there."""
SVALBARD_ZONES = range(31, 38)


def utm_crs(region: Region) -> str:
    """Return the EPSG code of the UTM zone that holds most of the region's area; of two equal ones, the western.

    Zones are those of the UTM grid with its exceptions for Norway and Svalbard. Of a region across the equator, the
    half with more area decides between north and south.
    """
    polygon = transform(region.unwrapped, _equal_area)
    west, south, east, north = region.unwrapped.bounds
    shares: dict[int, float] = {}
    low, high = (min(max(latitude, SOUTH_END), NORTH_END) for latitude in (south, north))
    for zone, cell in zone_cells(west, low, east, high):
        shares[zone] = shares.get(zone, 0.0) + polygon.intersection(transform(cell, _equal_area)).area
    best = max(shares.values())
    zone = next(z for z, share in shares.items() if share >= best * (1 - 1e-9))
    northern = polygon.intersection(box(west, 0, east, 1)).area
    return f"EPSG:{(32600 if northern >= polygon.area / 2 else 32700) + zone}"


def _equal_area(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return longitude and sine of latitude (Lambert's cylindrical projection, on the sphere)."""
    return np.column_stack([points[:, 0], np.sin(np.radians(points[:, 1]))])


def zone_cells(west: float, south: float, east: float, north: float) -> Iterator[tuple[int, BaseGeometry]]:
    """Yield zone and rectangle of all pieces of zones that meet a rectangle, from west to east."""
    for turn in range(math.floor((west + 180) / ZONE_DEGREES), math.floor((east + 180) / ZONE_DEGREES) + 1):
        zone, edge = turn % 60 + 1, turn * ZONE_DEGREES - 180.0
        for low, high, moved, affected in _bands(zone):
            if high < south or low > north:
                continue
            if not affected:
                yield zone, box(edge, low, edge + ZONE_DEGREES, high)
            for other, (first, last) in moved.items() if affected else ():
                start, end = max(first, edge), min(last, edge + ZONE_DEGREES)
                if start < end:
                    yield other, box(start, low, end, high)


def _bands(zone: int) -> Iterator[tuple[float, float, dict[int, tuple[float, float]], bool]]:
    """Yield south, north, borders of other zones, and whether they hold here, of the bands of a zone."""
    yield SOUTH_END, NORWAY[0], {}, False
    yield *NORWAY, zone in NORWAY[2]
    yield NORWAY[1], SVALBARD[0], {}, False
    yield *SVALBARD, zone in SVALBARD_ZONES
