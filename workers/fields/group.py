"""Neighbouring fields in groups, each read as one small cube: never the whole region that fields are scattered over."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from affine import Affine
from pyproj import Transformer
from shapely import transform
from shapely.geometry.base import BaseGeometry

from core.cube import Cube
from core.grid import Grid, Window
from core.region import EDGE_DEGREES, WGS84, Field, Region, segmentize, unwrap
from ingest.archive import Archive

EDGE_PIXELS = 128
"""Fields whose middles lie in one square of so many pixels share a cube: some tens of MB for three years."""
SNAP = 1e-6
"""Share of a pixel by which the ends of a field may lie beyond an edge: coming from degrees, they are not exact."""


@dataclass(frozen=True, kw_only=True)
class Group:
    """Neighbouring fields and the window around them."""

    numbers: tuple[int, ...]
    """Their positions among all fields."""
    shapes: tuple[BaseGeometry, ...]
    """Their polygons in the CRS of the window."""
    window: Window
    inside: tuple[float, ...] = ()
    """Share of each field's area that the source covers, 0..1; empty where the window itself is cut to the source."""

    def share_inside(self, own: int) -> float:
        """Return the share of a field, by its position in the group, that the source covers, as far as it is known."""
        return self.inside[own] if self.inside else 1.0


def groups_of_archive(fields: Mapping[int, Field], archive: Archive) -> list[Group]:
    """Return the groups of fields that touch an archive, each on the lattice on which the archive is read.

    Args:
        fields: those that can be measured, by their positions.
        archive: fields in different UTM zones have different lattices.
    """
    by_grid: dict[Grid, list[int]] = defaultdict(list)
    for number, field in fields.items():
        if field.geometry is not None and archive.footprint.intersects(field.geometry):
            by_grid[replace(archive.grid(Region(geometry=field.geometry)), tile_size=EDGE_PIXELS)].append(number)
    found = [g for grid, numbers in by_grid.items() for g in _groups(fields, numbers, grid)]
    return [replace(g, inside=tuple(_share(fields[n], archive.footprint) for n in g.numbers)) for g in found]


def _share(field: Field, footprint: BaseGeometry) -> float:
    """Return the share of a field that lies in a footprint, both WGS84."""
    shape = field.geometry
    return 0.0 if shape is None else float(shape.intersection(footprint).area / shape.area)


def groups_of_window(fields: Mapping[int, Field], window: Window) -> list[Group]:
    """Return the groups of fields that touch a window, cut to it."""
    west, south, _, _ = window.bounds
    grid = Grid(crs=window.crs, resolution_m=window.resolution_m, tile_size=EDGE_PIXELS, origin_xy=(west, south))
    found = _groups(fields, list(fields), grid, within=window)
    return [replace(g, window=_common(g.window, window)) for g in found]


def cut(cube: Cube, window: Window) -> Cube:
    """Return the part of a cube in a window of its lattice that lies in it as a whole."""
    row, column = window.offset_in(cube.window)
    rows, columns = window.shape_yx
    dims = {"y": slice(row, row + rows), "x": slice(column, column + columns)}
    data = cube.data.isel({d: s for d, s in dims.items() if d in cube.data.dims})
    return replace(cube, data=data, window=window)


def projected(geometries: Sequence[BaseGeometry], crs: str) -> list[BaseGeometry]:
    """Return polygons of WGS84 in a projected CRS; their edges are straight in degrees."""
    transformer = Transformer.from_crs(WGS84, crs, always_xy=True)
    whole = [segmentize(unwrap(g), EDGE_DEGREES) for g in geometries]
    return [transform(g, lambda xy: np.column_stack(transformer.transform(xy[:, 0], xy[:, 1]))) for g in whole]


def _groups(
    fields: Mapping[int, Field], numbers: Sequence[int], grid: Grid, *, within: Window | None = None
) -> list[Group]:
    """Return groups on a grid, from north to south; fields that only touch `within` at its edge are left out."""
    known = [(n, fields[n].geometry) for n in numbers]
    shapes = projected([g for _, g in known if g is not None], grid.crs)
    cells: dict[tuple[int, int], list[tuple[int, BaseGeometry]]] = defaultdict(list)
    for number, shape in zip(numbers, shapes, strict=True):
        if np.isfinite(shape.bounds).all() and (within is None or _overlaps(shape, within)):
            cells[_cell(grid, shape)].append((number, shape))
    return [
        Group(
            numbers=tuple(n for n, _ in some),
            shapes=tuple(s for _, s in some),
            window=_window(grid, [s for _, s in some]),
        )
        for _, some in sorted(cells.items(), key=lambda c: (-c[0][0], c[0][1]))
    ]


def _cell(grid: Grid, shape: BaseGeometry) -> tuple[int, int]:
    """Return the row (north) and column (east) of the square that holds the middle of a polygon's bounds."""
    west, south, east, north = shape.bounds
    x0, y0 = grid.origin_xy
    return math.floor(((south + north) / 2 - y0) / grid.edge_m), math.floor(((west + east) / 2 - x0) / grid.edge_m)


def _window(grid: Grid, shapes: Sequence[BaseGeometry]) -> Window:
    """Return the smallest window of a lattice that holds some polygons."""
    bounds = np.array([s.bounds for s in shapes])
    (x0, y0), size = grid.origin_xy, grid.resolution_m
    west, south = (bounds[:, :2].min(axis=0) - (x0, y0)) / size
    east, north = (bounds[:, 2:].max(axis=0) - (x0, y0)) / size
    first, low = math.floor(west + SNAP), math.floor(south + SNAP)
    last, high = max(first + 1, math.ceil(east - SNAP)), max(low + 1, math.ceil(north - SNAP))
    corner = Affine(size, 0, x0 + first * size, 0, -size, y0 + high * size)
    return Window(crs=grid.crs, transform=corner, shape_yx=(high - low, last - first))


def _overlaps(shape: BaseGeometry, window: Window) -> bool:
    """Tell whether the bounds of a polygon share an area with a window, but for SNAP."""
    west, south, east, north = shape.bounds
    left, bottom, right, top = window.bounds
    slack = SNAP * window.resolution_m
    return bool(min(east, right) - max(west, left) > slack and min(north, top) - max(south, bottom) > slack)


def _common(one: Window, whole: Window) -> Window:
    """Return what two windows of one lattice have in common."""
    row, column = one.offset_in(whole)
    (height, width), (rows, columns) = one.shape_yx, whole.shape_yx
    top, left = max(row, 0), max(column, 0)
    bottom, right = min(row + height, rows), min(column + width, columns)
    corner = whole.transform * Affine.translation(left, top)
    return replace(whole, transform=corner, shape_yx=(bottom - top, right - left))
