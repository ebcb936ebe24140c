"""Build a cube: search the scenes of a window, read them, put them on their axes. Nothing of one kind of archive."""

import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import xarray as xr

from core.bands import WEATHER_NAMES, Floats
from core.cube import Cube, SceneRecord
from core.errors import ReadFailed, RegionOutsideArchive
from core.grid import Window
from core.region import Region
from core.timeline import Days, Period, to_day, to_times
from ingest.archive import SENSOR_BANDS, Archive, Scene, Sensor

logger = logging.getLogger(__name__)

AXIS: dict[Sensor, str] = {"s2": "time", "s1": "time_s1", "weather": "time_weather"}
"""Time axis of a cube on which a sensor's scenes lie."""

READ_THREADS = 4
"""Scenes read at once: GDAL and HDF5 wait for the disk and release the interpreter while they decompress."""


def check_region(archive: Archive, region: Region) -> None:
    """Check that a region touches an archive.

    Raises:
        RegionOutsideArchive: it does not.
    """
    if not archive.footprint.intersects(region.geometry):
        west, south, east, north = archive.footprint.bounds
        raise RegionOutsideArchive(archive.name, (west, south, east, north))


def build_cube(archive: Archive, window: Window, period: Period, bands: Sequence[str]) -> Cube:
    """Read all scenes of a window and period into one cube.

    Args:
        archive: where to read.
        window: on the archive's lattice; may reach beyond the archive.
        period: days of the scenes, both ends included.
        bands: wanted; those the archive lacks are left out. Where it lacks B08, B8A is read in its place, and where
            NDVI exists only as such, NDVI.

    Returns:
        Cube with the bands found; pixels outside the archive, not clear or not read are NaN. Scenes of one day are
        merged, the first clear value of a pixel counts. Every scene is recorded, with the reason where it failed.
    """
    chosen = _choose_bands(archive, bands)
    scenes = [s for s in archive.search(window, period) if set(SENSOR_BANDS[s.sensor]) & set(chosen)]
    with ThreadPoolExecutor(READ_THREADS) as pool:
        readings = list(pool.map(lambda scene: _read(archive, scene, window, chosen), scenes))
    failures = {s.scene_id: r for s, r in zip(scenes, readings, strict=True) if isinstance(r, str)}
    data = xr.Dataset()
    for sensor, axis in AXIS.items():
        pairs = zip(scenes, readings, strict=True)
        mine = [(s, r) for s, r in pairs if s.sensor == sensor and not isinstance(r, str)]
        wanted = [b for b in chosen if b in SENSOR_BANDS[sensor]]
        data = data.merge(_stack(mine, wanted, axis, window.shape_yx))
    return Cube(
        data=data,
        window=window,
        archive=archive.name,
        is_simulated=archive.is_simulated,
        scenes=tuple(_record(s, failures.get(s.scene_id, "")) for s in scenes),
    )


def _choose_bands(archive: Archive, bands: Sequence[str]) -> tuple[str, ...]:
    wanted = set(bands)
    if "B08" in wanted and "B08" not in archive.bands:
        wanted.add("B8A")
    if "B04" not in archive.bands or not {"B08", "B8A"} & set(archive.bands):
        wanted.add("NDVI")
    return tuple(b for b in archive.bands if b in wanted)


def _read(archive: Archive, scene: Scene, window: Window, bands: tuple[str, ...]) -> dict[str, Floats] | str:
    """Read one scene; a failed read comes back as its reason, so that the others are still read."""
    try:
        return archive.read(scene, window, tuple(b for b in bands if b in SENSOR_BANDS[scene.sensor]))
    except ReadFailed as error:
        logger.warning("read_failed archive=%s scene=%s reason=%s", archive.name, scene.scene_id, error)
        return str(error)


def _stack(
    readings: Sequence[tuple[Scene, Mapping[str, Floats]]], bands: Sequence[str], axis: str, shape_yx: tuple[int, int]
) -> xr.Dataset:
    """Put one sensor's scenes on its axis; empty if there is no scene."""
    if not readings:
        return xr.Dataset()
    days = np.array([to_day(scene.time.date()) for scene, _ in readings], np.int32)
    distinct = np.unique(days)
    data = xr.Dataset(coords={axis: to_times(distinct)})
    for band in bands:
        stack = np.full((len(distinct), *shape_yx), np.nan, np.float32)
        _fill(stack, np.searchsorted(distinct, days).astype(np.int32), [r.get(band) for _, r in readings])
        if band in WEATHER_NAMES:
            data[band] = ((axis,), _first_value(stack))
        else:
            data[band] = ((axis, "y", "x"), stack)
    return data


def _fill(stack: Floats, at: Days, pixels: Sequence[Floats | None]) -> None:
    """Write scenes into a (T, Y, X) stack; the first value that is not NaN counts."""
    for position, values in zip(at, pixels, strict=True):
        if values is not None:
            np.copyto(stack[position], values, where=np.isnan(stack[position]))


def _first_value(stack: Floats) -> Floats:
    """Return (T,) the one value of each date; weather is the same for all pixels that have it."""
    flat = stack.reshape(len(stack), -1)
    column = np.isfinite(flat).argmax(axis=1)
    return np.asarray(flat[np.arange(len(flat)), column], np.float32)


def _record(scene: Scene, failure: str) -> SceneRecord:
    return SceneRecord(scene_id=scene.scene_id, time=scene.time.isoformat(), failure=failure)
