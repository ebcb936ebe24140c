"""How large pixels are on the ground: in a CRS such as Mercator's they are smaller than on its grid."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS, Geod, Transformer

from core.grid import Window

Doubles = NDArray[np.float64]

MOST_DISTORTION = 0.005
"""Areas that differ less are those of the grid: UTM's do by at most 0.3 % within its zone, and stay whole hectares."""
PROBE_M = 1000.0
"""Edge of the squares on which areas are compared."""
NODES = 9
"""Rows and columns of places at which a window's areas are compared; they are drawn between."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Ground:
    """The pixels of a window on the ground."""

    edge_m: float
    """Edge of a square as large as a pixel of mean size; that of the grid where `nodes` is None."""
    shape_yx: tuple[int, int]
    nodes: Doubles | None
    """(NODES, NODES) area of a pixel over `edge_m` squared, from corner to corner; None = it is 1 everywhere."""

    @property
    def pixel_m2(self) -> float:
        """Mean area of a pixel."""
        return self.edge_m**2

    def shares(self, rows: slice) -> Doubles | None:
        """Return (Y, X) of some rows the area of each pixel over `pixel_m2`; None = it is 1 everywhere."""
        if self.nodes is None:
            return None
        height, width = self.shape_yx
        y, x = ((np.arange(n) + 0.5) / n * (NODES - 1) for n in (height, width))
        narrow = np.array([np.interp(x, np.arange(NODES), node) for node in self.nodes])
        y = y[rows]
        first = np.minimum(y.astype(int), NODES - 2)
        down = (y - first)[:, None]
        return np.asarray(narrow[first] * (1 - down) + narrow[first + 1] * down, np.float64)


@lru_cache(maxsize=64)
def ground_of(window: Window) -> Ground:
    """Return the size of a window's pixels on the ground: that of the grid, unless it is wrong by more than 0.5 %."""
    west, south, east, north = window.bounds
    x, y = np.meshgrid(np.linspace(west, east, NODES), np.linspace(north, south, NODES))
    share = 1 / area_scale(CRS.from_user_input(window.crs), x, y)
    if not np.abs(share - 1).max() > MOST_DISTORTION:
        return Ground(edge_m=window.resolution_m, shape_yx=window.shape_yx, nodes=None)
    mean = float(((share[:-1, :-1] + share[1:, :-1] + share[:-1, 1:] + share[1:, 1:]) / 4).mean())
    edge_m = window.resolution_m * mean**0.5
    return Ground(edge_m=edge_m, shape_yx=window.shape_yx, nodes=share / mean)


def ground_edge_m(window: Window) -> float:
    """Return the edge of a window's pixels on the ground, in whole centimetres where it is not that of the grid."""
    ground = ground_of(window)
    return ground.edge_m if ground.nodes is None else round(ground.edge_m, 2)


def ground_m2(area: float, crs: str, xy: tuple[float, float]) -> float:
    """Return an area in a CRS as one on the ground; as it is, unless it is wrong by more than 0.5 %.

    Args:
        area: square metres in the CRS.
        crs: EPSG code with prefix, or WKT.
        xy: its middle, in the CRS.
    """
    scale = float(area_scale(CRS.from_user_input(crs), np.array([xy[0]]), np.array([xy[1]]))[0])
    return area / scale if abs(1 / scale - 1) > MOST_DISTORTION else area


def area_scale(crs: CRS, x: Doubles, y: Doubles) -> Doubles:
    """Return the area of small squares in a CRS, in square metres, over their area on the ellipsoid.

    Args:
        crs: projected.
        x, y: (...) their middles, in its units.

    Returns:
        (...) NaN where the CRS has no place on the earth.
    """
    metres = crs.axis_info[0].unit_conversion_factor
    step = PROBE_M / metres / 2
    to_degrees = Transformer.from_crs(crs, crs.geodetic_crs or "EPSG:4326", always_xy=True)
    geod = crs.get_geod() or Geod(ellps="WGS84")
    corner_x, corner_y = np.stack([x + step * s for s in EAST]), np.stack([y + step * s for s in NORTH])
    lon, lat = to_degrees.transform(corner_x, corner_y)
    corners = zip(lon.reshape(4, -1).T, lat.reshape(4, -1).T, strict=True)
    areas = [abs(geod.polygon_area_perimeter(*c)[0]) if np.isfinite(c).all() else np.nan for c in corners]
    return np.asarray(PROBE_M**2 / np.reshape(areas, np.shape(x)), np.float64)


EAST, NORTH = (-1, 1, 1, -1), (-1, -1, 1, 1)
"""Corners of a square, counterclockwise, from its middle in half edges."""
