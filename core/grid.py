"""Grid, Tile and Window: the fixed lattice that all users share, its cells, and pieces of it. No web-map tiles.

core/pixels.py decides which pixels of a lattice belong to a region, core/utm.py in which UTM zone it lies.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from shapely import bounds, box, get_parts, prepare
from shapely.geometry.base import BaseGeometry

from core.pixels import SNAP, Parts, has_pixels, selected_pixels, slivers
from core.region import WGS84, Region, reproject
from core.utm import utm_crs

__all__ = ["Grid", "Tile", "Window", "lattice", "utm_crs"]

OUTLINE_M = 1000.0
"""Longest edge of a footprint: straight in degrees, it misses the true one by less than 0.2 m."""


@dataclass(frozen=True, kw_only=True)
class Window:
    """A rectangle of pixels of one CRS: where a raster lies. Row 0 is the northernmost."""

    crs: str
    """EPSG code with prefix, projected, metres."""
    transform: Affine
    """Pixel (column, row) to CRS (x, y) of the pixel's upper left corner; north up."""
    shape_yx: tuple[int, int]
    """Rows, columns."""

    @property
    def resolution_m(self) -> float:
        """Edge of the square pixel in metres."""
        return float(self.transform.a)

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north in the CRS."""
        rows, columns = self.shape_yx
        west, north = self.transform.c, self.transform.f
        return west, north + self.transform.e * rows, west + self.transform.a * columns, north

    @property
    def footprint_wgs84(self) -> BaseGeometry:
        """The rectangle in longitude/latitude; two polygons where it crosses 180 degrees (RFC 7946, section 3.1.9)."""
        outline = box(*self.bounds).segmentize(min(max(self.shape_yx) * self.resolution_m / 8, OUTLINE_M))
        return reproject(outline, self.crs, WGS84)

    def centres(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the x (X,) and y (Y,) coordinates of the pixel centres, y from north to south."""
        rows, columns = self.shape_yx
        x = self.transform.c + self.transform.a * (np.arange(columns, dtype=np.float64) + 0.5)
        y = self.transform.f + self.transform.e * (np.arange(rows, dtype=np.float64) + 0.5)
        return x.astype(np.float64), y.astype(np.float64)

    def offset_in(self, other: "Window") -> tuple[int, int]:
        """Return the (row, column) in `other` at which this window's first pixel lies; both on one lattice."""
        rows = (self.transform.f - other.transform.f) / other.transform.e
        columns = (self.transform.c - other.transform.c) / other.transform.a
        return round(rows), round(columns)

    def mask(self, region: Region) -> NDArray[np.bool_]:
        """Return (Y, X), True for the pixels of the region, however it is cut into windows.

        They are those with their centre in the region. A part too thin or small to hold any centre has the pixels that
        it touches, or one pixel if it is smaller than one. Pixels in holes do not belong to the region.
        """
        return selected_pixels(region.to_crs(self.crs), *self.centres(), self.resolution_m)


@dataclass(frozen=True, kw_only=True)
class Grid:
    """The fixed lattice of one CRS: pixels of one size, tiles of N x N of them, counted from the origin."""

    crs: str
    """EPSG code with prefix; a UTM zone unless an archive brings a grid of its own."""
    resolution_m: float = 10.0
    """Edge of a pixel."""
    tile_size: int = 128
    """Edge of a tile in pixels."""
    origin_xy: tuple[float, float] = (0.0, 0.0)
    """A pixel corner; (0, 0) except where an archive's pixels lie off the UTM lattice."""

    @property
    def edge_m(self) -> float:
        """Edge of a tile in metres."""
        return self.resolution_m * self.tile_size

    def tile(self, column: int, row: int) -> "Tile":
        """Return the tile at a column (east) and row (north) of the lattice."""
        return Tile(grid=self, column=column, row=row)

    def tiles(self, region: Region) -> list["Tile"]:
        """Return the tiles with pixels of the region, north to south and west to east; at least one.

        The lattice ends nowhere: a region that reaches into the next UTM zone has tiles of this grid's zone there.
        """
        return list(self.find_tiles(region))

    def find_tiles(self, region: Region) -> Iterator["Tile"]:
        """Yield the tiles with pixels of the region from north to south, so that a caller can stop at too many."""
        for row in self.find_rows(region):
            yield from row

    def find_rows(self, region: Region, *, below: int | None = None) -> Iterator[list["Tile"]]:
        """Yield the tiles with pixels of the region row by row, north to south; within a row west to east.

        However large the region, one row of tiles is in memory at a time.

        Args:
            region: what the tiles are to cover.
            below: yield only the rows south of this one; None = all.
        """
        polygon = region.to_crs(self.crs)
        x0, y0 = self.origin_xy
        half = self.resolution_m / 2
        thin = slivers(get_parts(polygon), x0 + half, y0 + half, self.resolution_m)
        slack = SNAP * self.resolution_m
        west, south, east, north = polygon.bounds
        columns = range(int((west - slack - x0) // self.edge_m), int((east + slack - x0) // self.edge_m) + 1)
        top = int((north + slack - y0) // self.edge_m) + 1
        rows = range(int((south - slack - y0) // self.edge_m), top if below is None else min(top, below))
        prepare(polygon)  # what follows takes little per tile, however many vertices there are
        for row in self._touched_rows(polygon, columns, rows):
            touched = self._touched(polygon, columns, row)
            found = [tile for tile, is_within in touched if is_within or tile.has_pixels_of(polygon, thin)]
            if found:
                yield found

    def _touched_rows(self, polygon: BaseGeometry, columns: range, rows: range) -> Iterator[int]:
        """Yield the rows that a polygon touches, north to south, without looking at each one that it does not."""
        waiting = [rows] if rows else []
        while waiting:
            rows = waiting.pop()
            if not polygon.intersects(self._box(columns, rows)):
                continue
            if len(rows) == 1:
                yield rows[0]
            else:
                middle = len(rows) // 2
                waiting += rows[:middle], rows[middle:]

    def _touched(self, polygon: BaseGeometry, columns: range, row: int) -> Iterator[tuple["Tile", bool]]:
        """Yield the tiles of a row that a polygon touches, west to east, and whether they lie within it.

        Neither those outside nor those within are looked at one by one.
        """
        waiting = [columns]
        while waiting:
            columns = waiting.pop()
            rectangle = self._box(columns, range(row, row + 1))
            if not polygon.intersects(rectangle):
                continue
            is_within = polygon.contains(rectangle)
            if is_within or len(columns) == 1:
                yield from ((self.tile(column, row), is_within) for column in columns)
            else:
                middle = len(columns) // 2
                waiting += columns[middle:], columns[:middle]

    def _box(self, columns: range, rows: range) -> BaseGeometry:
        """Return the rectangle of some tiles and SNAP around it."""
        (x0, y0), slack = self.origin_xy, SNAP * self.resolution_m
        west, south = x0 + columns[0] * self.edge_m, y0 + rows[0] * self.edge_m
        east, north = x0 + (columns[-1] + 1) * self.edge_m, y0 + (rows[-1] + 1) * self.edge_m
        return box(west - slack, south - slack, east + slack, north + slack)

    def window(self, region: Region) -> Window:
        """Return the smallest window of the lattice that holds the region but for SNAP; at least one pixel."""
        x0, y0 = self.origin_xy
        size = self.resolution_m
        west, south, east, north = ((bounds(get_parts(region.to_crs(self.crs))) - [x0, y0, x0, y0]) / size).T
        first_column, last_column = _steps(west, east)
        first_row, last_row = _steps(south, north)
        shape_yx = (last_row - first_row, last_column - first_column)
        corner = Affine(size, 0, x0 + first_column * size, 0, -size, y0 + (first_row + shape_yx[0]) * size)
        return Window(crs=self.crs, transform=corner, shape_yx=shape_yx)


@dataclass(frozen=True, kw_only=True)
class Tile:
    """One cell of a Grid."""

    grid: Grid
    column: int
    """Counted eastwards from the origin."""
    row: int
    """Counted northwards from the origin."""

    @property
    def key(self) -> str:
        """Stable name, the same for all users and orders: CRS, pixel size, tile size, origin, column, row."""
        x0, y0 = self.grid.origin_xy
        origin = f"_o{x0:.12g}_{y0:.12g}" if (x0, y0) != (0.0, 0.0) else ""
        code = self.grid.crs.split(":")[-1]
        return f"{code}_{self.grid.resolution_m:g}m_{self.grid.tile_size}{origin}_c{self.column}_r{self.row}"

    @property
    def window(self) -> Window:
        """Where the tile lies."""
        x0, y0 = self.grid.origin_xy
        west, north = x0 + self.column * self.grid.edge_m, y0 + (self.row + 1) * self.grid.edge_m
        size = self.grid.resolution_m
        corner = Affine(size, 0, west, 0, -size, north)
        return Window(crs=self.grid.crs, transform=corner, shape_yx=(self.grid.tile_size, self.grid.tile_size))

    def has_pixels_of(self, polygon: BaseGeometry, thin: Parts) -> bool:
        """Return whether a polygon, in the grid's CRS, has any pixel of the tile.

        Args:
            polygon: prepared.
            thin: its slivers, see core/pixels.py.
        """
        return has_pixels(polygon, thin, *self.window.centres(), self.grid.resolution_m)


def _steps(low: NDArray[np.float64], high: NDArray[np.float64]) -> tuple[int, int]:
    """Return the first pixel of some spans on an axis and the one after the last, but for SNAP; each has at least one.

    Args:
        low, high: (N,) ends of each span, in pixels from the origin.
    """
    first = np.floor(low + SNAP)
    last = np.maximum(first + 1, np.ceil(high - SNAP))
    return int(first.min()), int(last.max())


def lattice(window: Window, *, tile_size: int) -> Grid:
    """Return the grid on which a window lies; its origin is (0, 0) if the corners are multiples of the pixel size."""
    size = window.resolution_m
    west, _, _, north = window.bounds
    origin = (_remainder(west, size), _remainder(north, size))
    return Grid(crs=window.crs, resolution_m=size, tile_size=tile_size, origin_xy=origin)


def _remainder(corner: float, size: float) -> float:
    """Return corner modulo size; 0 where it is a multiple but for rounding."""
    rest = corner - np.floor(corner / size) * size
    return 0.0 if min(rest, size - rest) < 1e-6 * size else float(rest)
