"""Grid, Tile and Window: the fixed lattice that all users share, its cells, and pieces of it. No web-map tiles."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from shapely import box, contains_xy, intersects
from shapely.geometry.base import BaseGeometry

from core.region import Region, reproject

SNAP = 0.01
"""Share of a pixel by which a region's edge may miss the lattice: degrees with 7 decimals add no row or column."""


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
        """The rectangle in longitude/latitude."""
        outline = box(*self.bounds).segmentize(max(self.shape_yx) * self.resolution_m / 8)
        return reproject(outline, self.crs, "EPSG:4326")

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
        """Return (Y, X), True where the pixel centre lies in the region, plus pixels hit by slivers if none does."""
        polygon = region.to_crs(self.crs)
        x, y = self.centres()
        inside = contains_xy(polygon, *np.meshgrid(x, y))
        return inside if inside.any() else self._touched(polygon)

    def _touched(self, polygon: BaseGeometry) -> NDArray[np.bool_]:
        x, y = np.meshgrid(*self.centres())
        half = self.resolution_m / 2
        cells = box(x - half, y - half, x + half, y + half)
        return np.asarray(intersects(polygon, cells), np.bool_)


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
        """Return the tiles that the region overlaps, from north to south and west to east; at least one."""
        polygon = region.to_crs(self.crs)
        touched = [(t, box(*t.window.bounds)) for t in self._candidates(polygon)]
        slack = SNAP * self.resolution_m
        overlapped = [t for t, cell in touched if polygon.intersects(cell.buffer(-slack))]
        return overlapped or [next(t for t, cell in touched if polygon.intersects(cell))]

    def _candidates(self, polygon: BaseGeometry) -> Iterator["Tile"]:
        west, south, east, north = polygon.bounds
        x0, y0 = self.origin_xy
        columns = range(int((west - x0) // self.edge_m), int((east - x0) // self.edge_m) + 1)
        rows = range(int((south - y0) // self.edge_m), int((north - y0) // self.edge_m) + 1)
        return (self.tile(c, r) for r in reversed(rows) for c in columns)

    def window(self, region: Region) -> Window:
        """Return the smallest window of the lattice that holds the region but for SNAP; at least one pixel."""
        west, south, east, north = region.to_crs(self.crs).bounds
        x0, y0 = self.origin_xy
        size = self.resolution_m
        first_column, last_column = np.floor((west - x0) / size + SNAP), np.ceil((east - x0) / size - SNAP)
        first_row, last_row = np.floor((south - y0) / size + SNAP), np.ceil((north - y0) / size - SNAP)
        shape_yx = (max(1, int(last_row - first_row)), max(1, int(last_column - first_column)))
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


def utm_crs(region: Region) -> str:
    """Return the EPSG code of the UTM zone of the region's centre (exceptions for Norway and Svalbard left out)."""
    centre = region.geometry.centroid
    zone = min(60, int((centre.x + 180) // 6) + 1)
    return f"EPSG:{(32600 if centre.y >= 0 else 32700) + zone}"
