"""Layout of a cube file: where its bands, dates, pixels and CRS are. Reads names and coordinates, never pixels."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr
from affine import Affine
from numpy.typing import NDArray
from pyproj import CRS
from pyproj.exceptions import CRSError

from core.bands import OPTICAL_NAMES, RADAR_NAMES, WEATHER_NAMES
from core.errors import InvalidCube, MissingBand
from core.grid import Window
from core.timeline import Days, to_days

ALIASES = {
    **{name.replace("B0", "B"): name for name in OPTICAL_NAMES if name.startswith("B0")},
    "S1_VV": "VV",
    "S1_VH": "VH",
    "agera5_temperature_mean": "temperature_2m",
    "agera5_precipitation_flux": "total_precipitation",
}
"""Other names in use: Earth Engine's B2 ... B8, WorldCereal's radar and AgERA5 weather."""

CLEAR_VARIABLES = ("clear", "SCL", "CLM")
"""Cloud information, the first one present is used."""

AXES = {
    **dict.fromkeys((*OPTICAL_NAMES, "NDVI"), "time"),
    **dict.fromkeys(RADAR_NAMES, "time_s1"),
    **dict.fromkeys(WEATHER_NAMES, "time_weather"),
}
"""Time axis of each band in a Cube."""

DEFAULT_RESOLUTION_M = 10.0
"""Pixel size where one row and one column leave it open: Sentinel-2's finest."""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """What a cube file holds and where."""

    window: Window
    """All pixels of the file; row 0 northernmost."""
    is_south_up: bool
    """True = the file stores its rows from south to north."""
    variables: Mapping[str, str]
    """Our band name to the variable's name in the file."""
    clear_variable: str
    """`clear`, `SCL` or `CLM`; empty = the file has no cloud information."""
    time_dims: Mapping[str, str]
    """Band name (and clear variable) to the time dimension in the file."""
    days: Mapping[str, Days]
    """Time dimension to its dates as stored, in the stored order."""

    @property
    def nir(self) -> str:
        """Near-infrared band used for NDVI: B08, or B8A in its place; empty if there is neither."""
        return next((b for b in ("B08", "B8A") if b in self.variables), "")

    @property
    def has_index_only(self) -> bool:
        """Tell whether NDVI comes from a variable of that name, not from bands."""
        return "B04" not in self.variables or not self.nir


def find_layout(path: object, data: xr.Dataset) -> Layout:
    """Find bands, dates, pixels and CRS of an opened cube file.

    Raises:
        InvalidCube: it has no dates, no regular pixels or no projected CRS.
        MissingBand: it allows no NDVI.
    """
    if "y" not in data.dims or "x" not in data.dims:
        raise InvalidCube(path, f"it has no dimensions y and x, only {_names(data.sizes)}")
    variables = _find_variables(data)
    _check_bands(path, variables, data)
    clear = next((c for c in CLEAR_VARIABLES if c in data and {"y", "x"} <= set(data[c].dims)), "")
    time_dims = {b: _time_dim(path, data, name) for b, name in variables.items()}
    if clear:
        time_dims[clear] = _time_dim(path, data, clear)
    window, is_south_up = _find_window(path, data, variables)
    return Layout(
        window=window,
        is_south_up=is_south_up,
        variables=variables,
        clear_variable=clear,
        time_dims=time_dims,
        days={d: _find_days(path, data, d) for d in sorted(set(time_dims.values()))},
    )


def _find_variables(data: xr.Dataset) -> dict[str, str]:
    """Return our band name -> variable name; our own spelling wins over an alias."""
    found = {ours: alias for alias, ours in ALIASES.items() if alias in data.data_vars}
    found |= {name: name for name in AXES if name in data.data_vars}
    spatial = {b: v for b, v in found.items() if b in WEATHER_NAMES or {"y", "x"} <= set(data[v].dims)}
    return {b: spatial[b] for b in AXES if b in spatial}


def _check_bands(path: object, variables: Mapping[str, str], data: xr.Dataset) -> None:
    missing = [] if "B04" in variables else ["B04 (red)"]
    if "B08" not in variables and "B8A" not in variables:
        missing.append("B08 or B8A (near infrared)")
    if missing and "NDVI" not in variables:
        raise MissingBand(path, missing, [str(v) for v in data.data_vars if {"y", "x"} <= set(data[v].dims)])


def _time_dim(path: object, data: xr.Dataset, name: str) -> str:
    dims = [str(d) for d in data[name].dims if d not in ("y", "x")]
    if len(dims) != 1 or dims[0] not in data.coords:
        raise InvalidCube(path, f"variable '{name}' has dimensions {_names(data[name].dims)} and no dated time axis")
    return dims[0]


def _find_days(path: object, data: xr.Dataset, dim: str) -> Days:
    times = data[dim].values
    if times.dtype.kind != "M":
        raise InvalidCube(path, f"its axis '{dim}' does not hold dates of the standard calendar")
    if np.isnat(times).any():
        raise InvalidCube(path, f"its axis '{dim}' has missing dates")
    return to_days(times)


def _find_window(path: object, data: xr.Dataset, variables: Mapping[str, str]) -> tuple[Window, bool]:
    if not data.sizes["y"] or not data.sizes["x"]:
        raise InvalidCube(path, "it has no pixels")
    if "y" not in data.coords or "x" not in data.coords:
        raise InvalidCube(path, "its dimensions y and x have no coordinates")
    x, y = (np.asarray(data[d].values, np.float64) for d in ("x", "y"))
    steps = [_step(path, name, values) for name, values in (("x", x), ("y", y))]
    step_x = steps[0] or abs(steps[1]) or DEFAULT_RESOLUTION_M
    step_y = steps[1] or -step_x
    if step_x < 0:
        raise InvalidCube(path, "its x coordinates run from east to west")
    north = max(y[0], y[-1])
    corner = Affine(step_x, 0, x[0] - step_x / 2, 0, -abs(step_y), north + abs(step_y) / 2)
    window = Window(crs=_find_crs(path, data, variables), transform=corner, shape_yx=(len(y), len(x)))
    return window, step_y > 0


def _step(path: object, name: str, values: NDArray[np.float64]) -> float:
    """Return the signed pixel size; 0 for a single pixel."""
    steps = np.diff(values)
    if not np.isfinite(values).all() or (len(steps) and np.ptp(steps) > 0.01 * np.abs(steps).max()):
        raise InvalidCube(path, f"its {name} coordinates are not evenly spaced")
    if len(steps) and steps[0] == 0:
        raise InvalidCube(path, f"its {name} coordinates repeat")
    return float((values[-1] - values[0]) / len(steps)) if len(steps) else 0.0


def _find_crs(path: object, data: xr.Dataset, variables: Mapping[str, str]) -> str:
    text = _crs_text(data, variables)
    if not text:
        raise InvalidCube(path, "it names no coordinate reference system (CF grid mapping with crs_wkt)")
    try:
        crs = CRS.from_user_input(int(text) if text.isdigit() else text)
    except CRSError:
        raise InvalidCube(path, f"its coordinate reference system '{text[:40]}' is not understood") from None
    if not crs.is_projected:
        raise InvalidCube(path, f"its coordinates are in degrees ({crs.name}), and only projected metres are read")
    code = crs.to_epsg(min_confidence=25)
    return f"EPSG:{code}" if code else str(crs.to_wkt())


def _crs_text(data: xr.Dataset, variables: Mapping[str, str]) -> str:
    """Return WKT, PROJ text or EPSG number of the grid mapping, or of the file's attributes."""
    named = [data[v].attrs.get("grid_mapping") or data[v].encoding.get("grid_mapping") for v in variables.values()]
    holders = [str(n) for n in named if n] + ["spatial_ref", "crs"]
    attributes = [data[h].attrs for h in holders if h in data.variables] + [data.attrs]
    for key in ("crs_wkt", "spatial_ref", "epsg", "crs", "proj:code"):
        for attrs in attributes:
            if attrs.get(key):
                return str(attrs[key])
    return ""


def _names(names: Mapping[Hashable, int] | tuple[Hashable, ...]) -> str:
    return ", ".join(str(n) for n in names) or "none"
