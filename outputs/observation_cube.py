"""Observations as a cube file: what an archive holds of a region, NetCDF4 or Zarr, for `landcast` and for others."""

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from core.bands import OPTICAL_NAMES, RADAR_NAMES, WEATHER_NAMES
from core.cube import ORBITS, Cube
from core.errors import NoClearObservation
from core.progress import Progress
from core.timeline import Period
from core.version import software_version
from outputs.cube_file import (
    CALENDAR,
    CHUNK,
    GRID_MAPPING,
    LazyPixels,
    check_ending,
    place_variables,
    time_variable,
    variable,
    write_cube,
)
from outputs.discovery import extent_attributes, file_attributes

ROWS = CHUNK
"""Rows read and written at once: those of a chunk, so that each chunk is written once."""
SCALE, FILL = 1e-4, -32768
"""Reflectance is written as integers of 1e-4, the precision of Sentinel-2's own numbers."""
LARGEST = 32767
NEVER = -1
"""Day of the last clear observation where there is none."""
UNITS = {
    **dict.fromkeys((*OPTICAL_NAMES, "NDVI"), "1"),
    **dict.fromkeys(RADAR_NAMES, "dB"),
    **dict.fromkeys(WEATHER_NAMES, "m"),
    "temperature_2m": "K",
}


def write_observations(cube: Cube, path: Path, period: Period, attribution: str, progress: Progress) -> None:
    """Write a cube as a file that `ingest.cubes.read.read_cube` reads, whole or not at all.

    Beside the bands it holds `clear_count` (y, x) and `last_clear` (y, x, days since 1970-01-01, -1 = never), and in
    its attributes every scene with the reason where it could not be read.

    Args:
        cube: read strip by strip, so it may be larger than memory.
        path: ends in .nc or .zarr; replaced if it exists.
        period: days that were ordered.
        attribution: licence and credit, one sentence.
        progress: receives the share done.

    Raises:
        InvalidOption: another ending.
        NoClearObservation: the cube holds no scene.
    """
    check_ending(path)
    if not cube.data.data_vars:
        raise NoClearObservation("the region", period)
    note_strip = _count_strips(cube, progress)
    data = xr.Dataset({**place_variables(cube.window), **_axes(cube), **_weather(cube)})
    data = data.assign({name: _band(cube, name, note_strip) for name in _pixel_names(cube)})
    if _has_ndvi(cube):
        data = data.assign(_counts(cube, note_strip))
    data.attrs = _attributes(cube, period, attribution)
    write_cube(data, path)


def _pixel_names(cube: Cube) -> list[str]:
    return [str(name) for name in cube.data.data_vars if name not in WEATHER_NAMES]


def _has_ndvi(cube: Cube) -> bool:
    names = {str(name) for name in cube.data.data_vars}
    return "NDVI" in names or ("B04" in names and bool({"B08", "B8A"} & names))


def _rows(height: int) -> list[slice]:
    return [slice(first, min(first + ROWS, height)) for first in range(0, height, ROWS)]


def _count_strips(cube: Cube, progress: Progress) -> Callable[[], None]:
    """Return what reports one more strip read: of each band, and of the counts if there are any."""
    total = len(_rows(cube.shape_yx[0])) * (len(_pixel_names(cube)) + _has_ndvi(cube))
    numbers = iter(range(1, total + 1))
    return lambda: progress(next(numbers) / total)


def _stored(name: str, values: NDArray[np.float32]) -> NDArray[Any]:
    if name in RADAR_NAMES:
        return values
    steps = np.rint(values / np.float32(SCALE))
    return np.where(np.isfinite(steps), np.clip(steps, -LARGEST, LARGEST), FILL).astype(np.int16)


def _band(cube: Cube, name: str, note_strip: Callable[[], None]) -> xr.Variable:
    given = cube.data[name]
    is_packed = name in (*OPTICAL_NAMES, "NDVI")

    def read(rows: slice, columns: slice) -> NDArray[Any]:
        values = _stored(name, given.isel(y=rows, x=columns).values)
        note_strip()
        return values

    lazy = LazyPixels(read, lead=given.shape[:1], window=cube.window, dtype=np.int16 if is_packed else np.float32)
    scale = {"scale_factor": SCALE} if is_packed else {}
    return variable(
        [str(dim) for dim in given.dims],
        lazy.in_blocks(ROWS, cube.shape_yx[1]),
        {**scale, "units": UNITS[name], "grid_mapping": GRID_MAPPING},
        fill=np.int16(FILL) if is_packed else np.float32(np.nan),
        chunk=CHUNK,
    )


def _counts(cube: Cube, note_strip: Callable[[], None]) -> dict[str, xr.Variable]:
    """Return the number of clear observations and the day of the last, strip by strip; both are held in memory."""
    names = [n for n in ("NDVI", "B04", "B08", "B8A") if n in cube.data]
    bands, parts = replace(cube, data=cube.data[names]), []
    for rows in _rows(cube.shape_yx[0]):
        strip = bands.rows(rows)
        parts.append(replace(strip, data=strip.data.load()).clear_and_last())
        note_strip()
    count, last = (np.concatenate(values) for values in zip(*parts, strict=True))
    text = {"long_name": "number of clear observations", "units": "1", "grid_mapping": GRID_MAPPING}
    found = {"clear_count": variable(["y", "x"], count, text, chunk=CHUNK)}
    text = {"long_name": "day of the last clear observation", "units": CALENDAR["units"], "grid_mapping": GRID_MAPPING}
    return found | {"last_clear": variable(["y", "x"], last, text, fill=np.int32(NEVER), chunk=CHUNK)}


def _axes(cube: Cube) -> dict[str, xr.Variable]:
    axes = [axis for axis in ("time", "time_s1", "time_weather") if axis in cube.data.coords]
    found = {axis: time_variable(axis, cube.axis_days(axis)) for axis in axes}
    if "orbit_s1" in cube.data.coords:
        meanings = {
            "flag_values": np.arange(len(ORBITS), dtype=np.int8),
            "flag_meanings": "unknown " + " ".join(ORBITS[1:]),
        }
        codes = cube.data["orbit_s1"].values.astype(np.int8)
        found["orbit_s1"] = variable(["time_s1"], codes, meanings)
    return found


def _weather(cube: Cube) -> dict[str, xr.Variable]:
    given = {name: cube.data[name] for name in WEATHER_NAMES if name in cube.data}
    return {
        name: variable([str(v.dims[0])], v.values, {"units": UNITS[name]}, fill=np.float32(np.nan))
        for name, v in given.items()
    }


def _attributes(cube: Cube, period: Period, attribution: str) -> dict[str, Any]:
    title, source = f"Sentinel observations from {cube.archive}", f"landcast {software_version()}"
    return {
        **file_attributes(title, source, attribution, is_simulated=cube.is_simulated),
        **extent_attributes(cube.window, period),
        "landcast_simulated": "yes" if cube.is_simulated else "no",
        "landcast_archive": cube.archive,
        "landcast_period": str(period),
        "landcast_completeness": f"{len(cube.failures)} of {len(cube.scenes)} scenes could not be read",
        "landcast_scenes": json.dumps([asdict(s) for s in cube.scenes], sort_keys=True),
        **{f"landcast_{name}": str(value) for name, value in cube.data.attrs.items()},
    }
