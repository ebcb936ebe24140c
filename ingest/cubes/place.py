"""Where the pixels of a cube lie: its lattice and CRS. The window that it is read on: target.py.

A cube in degrees, and bands of coarser pixels, are resampled; all else keeps its own pixels.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xarray as xr
from affine import Affine
from numpy.typing import NDArray
from pyproj import CRS
from pyproj.exceptions import CRSError

from core.errors import InvalidCube
from core.grid import Window
from ingest.io.resampling import (
    Placement,
    find_span,
    interpolate,
    nearest,
    place_parallel,
    place_projected,
    projection,
)

DEFAULT_RESOLUTION_M = 10.0
"""Pixel size where one row and one column leave it open: Sentinel-2's finest."""
METRES = {"": 1.0, "km": 1000.0, "kilometre": 1000.0, "kilometer": 1000.0, "kilometres": 1000.0, "kilometers": 1000.0}
"""Units of coordinates in metres; every other unit is metres or degrees."""
CRS_KEYS = ("crs_wkt", "spatial_ref", "epsg", "proj:code", "proj:epsg", "crs", "proj:wkt2")
"""Attributes that state a CRS, in the order in which they are believed."""
CRS_COORDINATES = ("spatial_ref", "crs", "epsg", "proj:epsg", "proj:code")
SAME_LATTICE = 0.01
"""Share of a pixel by which two lattices may differ and still be one."""


ReadPixels = Callable[[slice, slice], NDArray[Any]]
"""Reads (T, Y, X) of some rows and columns of a lattice, counted from the north-west."""


@dataclass(frozen=True, kw_only=True)
class Lattice:
    """The pixels of a variable as they are stored."""

    crs: str
    """EPSG code with prefix, or WKT; projected or in degrees."""
    transform: Affine
    """Of the lattice with row 0 in the north and column 0 in the west."""
    shape_yx: tuple[int, int]
    is_south_up: bool = False
    """True = rows are stored from south to north."""
    is_east_first: bool = False
    """True = columns are stored from east to west."""

    def stored(self, rows: slice, columns: slice) -> tuple[slice, slice]:
        """Return where rows and columns, counted from the north-west, are stored."""
        height, width = self.shape_yx
        if self.is_south_up:
            rows = slice(height - rows.stop, height - rows.start)
        if self.is_east_first:
            columns = slice(width - columns.stop, width - columns.start)
        return rows, columns

    def upright(self, pixels: NDArray[Any]) -> NDArray[Any]:
        """Return (..., Y, X) with row 0 in the north and column 0 in the west, from the order in which it is stored."""
        rows = slice(None, None, -1) if self.is_south_up else slice(None)
        columns = slice(None, None, -1) if self.is_east_first else slice(None)
        return pixels[..., rows, columns]

    def is_that_of(self, window: Window) -> bool:
        """Return whether pixels need no resampling."""
        near = np.abs(np.subtract(self.transform[:6], window.transform[:6])) <= SAME_LATTICE * window.resolution_m
        return bool(self.crs == window.crs and self.shape_yx == window.shape_yx and near.all())

    @property
    def middle_x(self) -> float:
        """Return x of the middle, in the CRS."""
        return float(self.transform.c + self.transform.a * self.shape_yx[1] / 2)

    def placement(self, window: Window) -> Placement:
        """Return where a window's pixels lie in the lattice."""
        if self.crs == window.crs:
            return place_parallel(window, self.transform)
        back, to_lattice = ~self.transform, projection(window.crs, self.crs, middle=self.middle_x)

        def project(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[Any, Any]:
            east, north = to_lattice(x, y)
            return back.a * east + back.c, back.e * north + back.f

        return place_projected(window, project)


def find_lattice(path: object, data: xr.Dataset, dims: tuple[str, str], crs: str) -> Lattice:
    """Find the lattice of two dimensions from their coordinates, or from a GeoTransform where they have none.

    Raises:
        InvalidCube: no pixels, no regular coordinates, or rotated pixels.
    """
    y_dim, x_dim = dims
    if not data.sizes[y_dim] or not data.sizes[x_dim]:
        raise InvalidCube(path, "it has no pixels")
    stated = geo_transform(data)
    if stated is not None and (stated.b or stated.d):
        advice = "warp them to a lattice that is not rotated, for instance with gdalwarp"
        raise InvalidCube(path, f"its pixels are rotated against the CRS (GeoTransform); {advice}")
    if y_dim not in data.coords or x_dim not in data.coords or _are_counters(data, dims, stated):
        return _from_transform(path, stated, (data.sizes[y_dim], data.sizes[x_dim]), crs)
    x, y = (np.asarray(data[d].values, np.float64) for d in (x_dim, y_dim))
    x, y = (v * METRES[unit_of(data[d])] for v, d in ((x, x_dim), (y, y_dim)))
    if CRS.from_user_input(crs).is_geographic:
        x = np.unwrap(x, period=360)  # from 179.9 on to -179.9
    step_x, step_y = (_step(path, name, values) for name, values in (("x", x), ("y", y)))
    if are_corners(data, x_dim, y_dim):
        x, y = x + step_x / 2, y + step_y / 2
    size_x = abs(step_x) or abs(step_y) or DEFAULT_RESOLUTION_M
    size_y = abs(step_y) or size_x
    corner = Affine(size_x, 0, x.min() - size_x / 2, 0, -size_y, y.max() + size_y / 2)
    return Lattice(
        crs=crs, transform=corner, shape_yx=(len(y), len(x)), is_south_up=step_y > 0, is_east_first=step_x < 0
    )


def coarser(path: object, fine: Lattice, shape_yx: tuple[int, int]) -> Lattice:
    """Return the lattice of fewer pixels that cover the same ground; rows and columns are stored in the same order.

    Raises:
        InvalidCube: the finer pixels do not fill the coarser ones.
    """
    ratio = fine.shape_yx[0] / shape_yx[0]
    if ratio != fine.shape_yx[1] / shape_yx[1] or ratio < 1:
        sizes = f"{shape_yx[0]} x {shape_yx[1]} pixels beside {fine.shape_yx[0]} x {fine.shape_yx[1]}"
        raise InvalidCube(path, f"a mask or band of it has {sizes} and no coordinates")
    return replace(fine, transform=fine.transform * Affine.scale(ratio), shape_yx=shape_yx)


def resample(read: ReadPixels, lattice: Lattice, window: Window, *, fill: float) -> NDArray[Any]:
    """Return (T, Y, X) of a window, date by date: floats bilinear, codes by the nearest pixel.

    Args:
        read: returns (T, Y', X') decoded pixels of some rows and columns of the lattice.
        lattice: of the variable.
        window: to fill.
        fill: where the lattice has no pixel.
    """
    placement = lattice.placement(window)
    span = find_span(placement, lattice.shape_yx)
    at = span.inside(lattice.shape_yx)
    stack = read(*at)
    out = np.full((len(stack), *window.shape_yx), fill, stack.dtype)
    if 0 in stack.shape:
        return out
    for number, pixels in enumerate(stack):
        whole = span.put(pixels, at, fill)
        if pixels.dtype.kind == "f":
            out[number] = interpolate(np.array(whole, np.float32), placement, span)
        else:
            out[number] = nearest(whole, placement, span, fill=fill)
    return out


def find_crs(path: object, data: xr.Dataset, variables: Iterable[str], stated: str = "") -> str:
    """Return the CRS of a cube, EPSG code with prefix or WKT; `stated` by the user goes first.

    Raises:
        InvalidCube: none is stated, it is not understood, or it is neither in metres nor in degrees.
    """
    text = stated or _crs_text(data, variables) or ("EPSG:4326" if _looks_like_degrees(data) else "")
    if not text:
        raise InvalidCube(path, "it names no coordinate reference system; give it with --crs EPSG:32632, for example")
    try:
        crs = CRS.from_user_input(int(text) if text.isdigit() else text)
    except CRSError:
        reason = f"its coordinate reference system '{text[:40]}' is not understood; give it with --crs EPSG:32632"
        raise InvalidCube(path, reason) from None
    crs = crs.source_crs if crs.is_bound and crs.source_crs else crs  # GDAL wraps a CRS with a shift to WGS84
    if crs.is_projected and abs(crs.axis_info[0].unit_conversion_factor - 1) > 1e-6:
        raise InvalidCube(path, f"its coordinates are in {crs.axis_info[0].unit_name}, and only metres are read")
    if not crs.is_projected and not crs.is_geographic:
        raise InvalidCube(path, f"its coordinate reference system ({crs.name}) is neither projected nor geographic")
    code = crs.to_epsg(min_confidence=25)
    return f"EPSG:{code}" if code else str(crs.to_wkt())


def unit_of(coordinate: xr.DataArray) -> str:
    """Return the unit of a coordinate that is another multiple of the metre than 1, or an empty text."""
    unit = str(coordinate.attrs.get("units", "")).lower()
    return unit if unit in METRES else ""


def are_corners(data: xr.Dataset, x_dim: str = "x", y_dim: str = "y") -> bool:
    """Return whether coordinates are those of the pixels' first corners, which stackstac writes by default.

    Its array keeps the corner of the lattice in `transform`. Where attributes were lost, coordinates that are multiples
    of the pixel size show it: centres of Sentinel-2's pixels are not.
    """
    if x_dim not in data.coords or y_dim not in data.coords or "epsg" not in data.coords:
        return False
    x, y = (np.asarray(data[d].values, np.float64) for d in (x_dim, y_dim))
    if min(len(x), len(y)) < 2:
        return False
    corners = [_stackstac_corner(v.attrs.get("transform")) for v in data.data_vars.values()]
    stated = next((c for c in corners if c is not None), None)
    if stated is not None:
        return bool(abs(x[0] - stated[0]) < abs(x[1] - x[0]) / 4)
    is_stackstac = {"id", "epsg"} <= {str(c) for c in data.coords} and "spatial_ref" not in data.coords
    return is_stackstac and all(bool(np.isclose(v % abs(v[1] - v[0]), 0).all()) for v in (x, y))


def _stackstac_corner(text: Any) -> tuple[float, float] | None:
    """Return x and y of the upper left corner of an affine transform, as text or numbers; None if it is neither."""
    numbers = [float(n) for n in re.findall(r"-?\d+(?:\.\d+)?", str(text))] if text is not None else []
    return (numbers[2], numbers[5]) if len(numbers) in (6, 9) else None


def geo_transform(data: xr.Dataset) -> Affine | None:
    """Return the GeoTransform that GDAL and rioxarray write on the grid mapping; None where there is none."""
    for name in (*CRS_COORDINATES, *(str(v) for v in data.variables)):
        if name in data.variables and data[name].ndim == 0 and data[name].attrs.get("GeoTransform") is not None:
            return _affine(data[name].attrs["GeoTransform"])
    return None


def _affine(text: Any) -> Affine | None:
    """Read GDAL's six numbers."""
    try:
        numbers = [float(v) for v in (text.split() if isinstance(text, str) else np.ravel(text))]
        return Affine.from_gdal(*numbers) if len(numbers) == 6 else None
    except (TypeError, ValueError):
        return None


def _are_counters(data: xr.Dataset, dims: tuple[str, str], stated: Affine | None) -> bool:
    """Return whether coordinates only count pixels while a GeoTransform places them elsewhere."""
    if stated is None or (stated.c, stated.f) == (0.0, 0.0):
        return False
    return all(
        np.array_equal(np.asarray(data[d].values, np.float64) - float(data[d].values[0]), np.arange(data.sizes[d]))
        and float(data[d].values[0]) in (0.0, 0.5, 1.0)
        for d in dims
    )


def _from_transform(path: object, stated: Affine | None, shape_yx: tuple[int, int], crs: str) -> Lattice:
    if stated is None:
        raise InvalidCube(path, "its rows and columns have no coordinates and no GeoTransform")
    a, _, west, _, e, north = stated[:6]
    corner = Affine(abs(a), 0, min(west, west + a * shape_yx[1]), 0, -abs(e), max(north, north + e * shape_yx[0]))
    return Lattice(crs=crs, transform=corner, shape_yx=shape_yx, is_south_up=e > 0, is_east_first=a < 0)


def _step(path: object, name: str, values: NDArray[np.float64]) -> float:
    """Return the signed pixel size; 0 for a single pixel."""
    steps = np.diff(values)
    if not np.isfinite(values).all() or (len(steps) and np.ptp(steps) > 0.01 * np.abs(steps).max()):
        raise InvalidCube(path, f"its {name} coordinates are not evenly spaced")
    if len(steps) and steps[0] == 0:
        raise InvalidCube(path, f"its {name} coordinates repeat")
    return float((values[-1] - values[0]) / len(steps)) if len(steps) else 0.0


def _looks_like_degrees(data: xr.Dataset) -> bool:
    """Return whether coordinates without a CRS state that they are longitude and latitude (CF 1.11, section 4)."""
    units = {str(data[d].attrs.get("units", "")).lower() for d in ("y", "x") if d in data.coords}
    names = {str(data[d].attrs.get("standard_name", "")).lower() for d in ("y", "x") if d in data.coords}
    return any(u.startswith("degree") for u in units) or {"latitude", "longitude"} <= names


def _crs_text(data: xr.Dataset, variables: Iterable[str]) -> str:
    """Return WKT, PROJ text or EPSG number of the grid mapping, of a variable, of a coordinate or of the file."""
    mine = [data[v] for v in variables]
    named = [v.attrs.get("grid_mapping") or v.encoding.get("grid_mapping") for v in mine]
    holders = [str(n) for n in named if n] + list(CRS_COORDINATES)
    attributes = [data[h].attrs for h in holders if h in data.variables] + [v.attrs for v in mine[:1]] + [data.attrs]
    for key in CRS_KEYS:
        for attrs in attributes:
            if attrs.get(key) is not None and str(attrs[key]):
                return _code(attrs[key])
    coordinates = [data[c].values for c in CRS_COORDINATES if c in data.variables and data[c].ndim == 0]
    return next((_code(v) for v in coordinates if len(_code(v)) > 1), "")


def _code(value: Any) -> str:
    """Return a CRS attribute as text: numbers of a code without decimals, `+init=epsg:32632` as a code."""
    text = str(value.item() if isinstance(value, np.ndarray | np.generic) else value).strip()
    text = text.removeprefix("+init=")
    return text[:-2] if text.endswith(".0") and text[:-2].isdigit() else text
