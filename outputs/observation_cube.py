"""Observations as a cube file: what an archive holds of a region, NetCDF4 or Zarr, for `landcast` and for others."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.bands import OPTICAL_NAMES, RADAR_NAMES, WEATHER_NAMES
from core.cube import ORBITS, Cube
from core.errors import InvalidOption, NoClearObservation
from core.product import Progress
from core.timeline import Period
from core.version import software_version
from outputs.atomic import written_aside
from outputs.cube_file import CALENDAR, ENDINGS, Store, add_coordinate, grid_mapping, open_store
from outputs.provenance import SIMULATED

ROWS = 64
"""Rows read and written at once: those of a chunk, so that each chunk is written once."""
SCALE, FILL = 1e-4, -32768
"""Reflectance is written as integers of 1e-4, the precision of Sentinel-2's own numbers."""
NEVER = -1
"""Day of the last clear observation where there is none."""


def write_observations(cube: Cube, path: Path, period: Period, attribution: str, progress: Progress) -> None:
    """Write a cube as a file that `ingest.cubes.read.read_cube` reads, whole or not at all.

    Beside the bands it holds `clear_count` (y, x) and `last_clear` (y, x, days since 1970-01-01, -1 = never), and in
    its attributes every scene with the reason where it could not be read.

    Args:
        cube: read strip by strip, so it may be larger than memory.
        path: ends in .nc or .zarr; replaced if it exists.
        period: that was asked for.
        attribution: licence and credit, one sentence.
        progress: told the share done.

    Raises:
        InvalidOption: another ending.
        NoClearObservation: the cube holds no scene.
    """
    if path.suffix not in ENDINGS:
        raise InvalidOption("out", path.name, f"a cube ends in {' or '.join(ENDINGS)}")
    if not cube.data.data_vars:
        raise NoClearObservation("the region", period)
    with written_aside(path) as aside, open_store(aside) as store:
        store.describe(_facts(cube, period, attribution))
        _add_coordinates(store, cube)
        _write_bands(store, cube, progress)


def _write_bands(store: Store, cube: Cube, progress: Progress) -> None:
    height, width = cube.shape_yx
    has_ndvi = "NDVI" in cube.data or ("B04" in cube.data and bool({"B08", "B8A"} & set(cube.data.data_vars)))
    targets = {str(n): _add_band(store, cube, str(n)) for n in cube.data.data_vars}
    seen = _add_counts(store, height, width) if has_ndvi else ()
    for first in range(0, height, ROWS):
        rows = slice(first, min(first + ROWS, height))
        part = cube.rows(rows)
        for name, target in targets.items():
            if name not in WEATHER_NAMES:
                target[:, rows, :] = _stored(name, part.data[name].values)
        for target, values in zip(seen, part.clear_and_last() if seen else (), strict=True):
            target[rows, :] = values
        progress(rows.stop / height)
    for name in set(targets) & set(WEATHER_NAMES):
        targets[name][:] = cube.data[name].values


def _add_band(store: Store, cube: Cube, name: str) -> Any:
    variable = cube.data[name]
    dims = [str(d) for d in variable.dims]
    if name in (*OPTICAL_NAMES, "NDVI"):
        facts: dict[str, Any] = {"scale_factor": SCALE, "_FillValue": np.int16(FILL), "units": "1"}
        return store.add(name, dims, variable.shape, "int16", {**facts, "grid_mapping": "spatial_ref"})
    units = {"units": "dB" if name in RADAR_NAMES else {"temperature_2m": "K"}.get(name, "m")}
    mapping = {} if name in WEATHER_NAMES else {"grid_mapping": "spatial_ref"}
    return store.add(name, dims, variable.shape, "float32", {**units, **mapping, "_FillValue": np.float32(np.nan)})


def _add_counts(store: Store, height: int, width: int) -> tuple[Any, Any]:
    text = {"long_name": "number of clear observations", "units": "1", "grid_mapping": "spatial_ref"}
    count = store.add("clear_count", ("y", "x"), (height, width), "int32", text)
    text = {"long_name": "day of the last clear observation", "grid_mapping": "spatial_ref", "units": CALENDAR["units"]}
    last = store.add("last_clear", ("y", "x"), (height, width), "int32", {**text, "_FillValue": np.int32(NEVER)})
    return count, last


def _stored(name: str, values: NDArray[np.float32]) -> NDArray[Any]:
    if name in RADAR_NAMES:
        return values
    steps = np.rint(values / np.float32(SCALE))
    return np.where(np.isfinite(steps), np.clip(steps, -32767, 32767), FILL).astype(np.int16)


def _add_coordinates(store: Store, cube: Cube) -> None:
    x, y = cube.window.centres()
    add_coordinate(store, "y", y, {"standard_name": "projection_y_coordinate", "units": "m", "axis": "Y"})
    add_coordinate(store, "x", x, {"standard_name": "projection_x_coordinate", "units": "m", "axis": "X"})
    for axis in ("time", "time_s1", "time_weather"):
        if axis in cube.data.coords:
            add_coordinate(store, axis, cube.axis_days(axis), {"standard_name": "time", "axis": "T", **CALENDAR})
    if "orbit_s1" in cube.data.coords:
        codes = cube.data["orbit_s1"].values
        meanings = {
            "flag_values": np.arange(len(ORBITS), dtype=np.int8),
            "flag_meanings": "unknown " + " ".join(ORBITS[1:]),
        }
        store.add("orbit_s1", ("time_s1",), codes.shape, "int8", meanings)[:] = codes
    store.add("spatial_ref", (), (), "int32", grid_mapping(cube.window))[...] = 0


def _facts(cube: Cube, period: Period, attribution: str) -> dict[str, Any]:
    failed = len(cube.failures)
    simulated = {"comment": SIMULATED} if cube.is_simulated else {}
    return {
        "Conventions": "CF-1.11",
        "title": f"Sentinel observations from {cube.archive}" + (" (simulated)" if cube.is_simulated else ""),
        "source": f"landcast {software_version()}",
        "license": attribution,
        **simulated,
        "landcast_simulated": "yes" if cube.is_simulated else "no",
        "landcast_archive": cube.archive,
        "landcast_period": str(period),
        "landcast_completeness": f"{failed} of {len(cube.scenes)} scenes could not be read",
        "landcast_scenes": _json([asdict(s) for s in cube.scenes]),
        **{f"landcast_{name}": str(value) for name, value in cube.data.attrs.items()},
    }


def _json(value: Sequence[Mapping[str, Any]]) -> str:
    return json.dumps(list(value), sort_keys=True)
