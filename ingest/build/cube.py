"""Build a cube: search the scenes of a window, read them block by block, put them on time axes.

Scenes are read one by one and kept as scene tiles, on disk if the archive is slow: memory does not grow with the number
of dates. Small cubes are loaded at once; parts of large ones are read when they are indexed.
"""

import json
import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import xarray as xr
from xarray.core import indexing

from core.bands import Floats
from core.cube import ORBITS, Cube, SceneRecord, preparation_done
from core.grid import Window
from core.timeline import Period, to_day, to_times
from ingest.archive import SENSOR_BANDS, Archive, Sensor
from ingest.build.read_block import BlockRead, read_block
from ingest.build.reader import Reader, read_blocks
from ingest.build.scene_tile import Mask, Stack, TimeStep
from ingest.preference import choices
from ingest.preprocess.prepare import Preparation

logger = logging.getLogger(__name__)

AXIS: dict[Sensor, str] = {"s2": "time", "s1": "time_s1", "weather": "time_weather"}
"""Time axis of a cube on which a sensor's scenes lie."""
EAGER_BYTES = 256 * 1024**2
"""Largest cube that is loaded at once; parts of larger ones are read when they are indexed."""
LOAD_THREADS = 4


def build_cube(
    archive: Archive,
    window: Window,
    period: Period,
    bands: Sequence[str],
    *,
    reader: Reader | None = None,
    wanted: Mask | None = None,
) -> Cube:
    """Read all scenes of a window and period into one cube.

    Args:
        archive: where to read; several in order of preference are tried for each read block.
        window: on the archive's lattice; may reach beyond the archive.
        period: days of the scenes, both ends included.
        bands: wanted; those the archive lacks are left out. Where it lacks B08, B8A is read in its place, and where
            NDVI exists only as such, NDVI.
        reader: preparation and cache; None = as the defaults of `Preparation`, nothing kept.
        wanted: (Y, X), True for the pixels that are wanted; others are NaN. None = all.

    Returns:
        Cube with the bands found; pixels outside the archive, not clear or not read are NaN. Scenes of one day are
        merged, the first clear value of a pixel counts; ascending and descending radar passes stay apart. Every scene
        is recorded, with the reason where it failed. Radar is in dB from here on.

    Raises:
        ArchiveUnavailable: no archive could be searched.
        ArchivesDisagree: the values of the next archive differ from those of the first.
    """
    how = reader or Reader()
    archives = choices(archive)
    blocks = read_blocks(archive, window, how)
    reads = [
        read_block(archives, block, period, bands, preparation=how.preparation, cache=how.cache) for block in blocks
    ]
    return Cube(
        data=_dataset(reads, window, wanted, _attributes(archive, reads, how.preparation)),
        window=window,
        archive=",".join(dict.fromkeys(r.archive for r in reads)),
        is_simulated=archive.is_simulated,
        scenes=_records(reads),
    )


def _dataset(
    reads: Sequence[BlockRead], window: Window, wanted: Mask | None, attributes: Mapping[str, str]
) -> xr.Dataset:
    data = xr.Dataset(attrs=attributes)
    for sensor, axis in AXIS.items():
        steps = _steps(reads, sensor)
        held = {b for s in steps for p in s.scene_tiles for b in p.bands}
        names = [b for b in SENSOR_BANDS[sensor] if b in held]
        if not steps:
            continue
        days = np.array([s.day for s in steps], np.int32)
        data = data.assign_coords({axis: to_times(days)})
        if any(s.orbit for s in steps):
            codes = np.array([ORBITS.index(s.orbit) for s in steps], np.int8)
            data = data.assign_coords({"orbit_s1": (axis, codes, {"flag_meanings": " ".join(ORBITS[1:])})})
        if sensor == "weather":
            data = data.assign({b: ((axis,), v) for b, v in _weather(steps, names, window).items()})
        else:
            data = data.assign({b: ((axis, "y", "x"), v) for b, v in _stacks(steps, names, window, wanted).items()})
    return data


def _stacks(
    steps: Sequence[TimeStep], names: Sequence[str], window: Window, wanted: Mask | None
) -> Mapping[str, Floats | indexing.LazilyIndexedArray]:
    """Return (T, Y, X) by band, in memory if it is small."""
    size = 4 * len(steps) * len(names) * window.shape_yx[0] * window.shape_yx[1]
    if size > EAGER_BYTES:
        stack = Stack(steps, names, window, wanted)
        return {b: stack.band(b) for b in names}
    out = np.full((len(steps), len(names), *window.shape_yx), np.nan, np.float32)
    with ThreadPoolExecutor(LOAD_THREADS) as pool:
        list(pool.map(lambda s, v: s.fill(v, names, window, wanted), steps, out))
    return {b: out[:, number] for number, b in enumerate(names)}


def _weather(steps: Sequence[TimeStep], names: Sequence[str], window: Window) -> dict[str, Floats]:
    """Return (T,) by band: weather is the same for all pixels that have it."""
    out = np.full((len(steps), len(names), *window.shape_yx), np.nan, np.float32)
    for step, values in zip(steps, out, strict=True):
        step.fill(values, names, window, None)
    flat = out.reshape(len(steps), len(names), -1)
    column = np.isfinite(flat).argmax(axis=2)
    first = np.take_along_axis(flat, column[..., None], axis=2)[..., 0]
    return {b: first[:, number] for number, b in enumerate(names)}


def _steps(reads: Sequence[BlockRead], sensor: Sensor) -> list[TimeStep]:
    """Return the time steps of one sensor; scene tiles of one read block in order of time, then id."""
    found = defaultdict(list)
    for read in reads:
        for scene, scene_tile in read.scene_tiles:
            if scene.sensor == sensor:
                found[(to_day(scene.time.date()), scene.orbit if sensor == "s1" else "")].append(scene_tile)
    return [
        TimeStep(day=day, orbit=orbit, scene_tiles=tuple(scene_tiles))
        for (day, orbit), scene_tiles in sorted(found.items())
    ]


def _attributes(archive: Archive, reads: Sequence[BlockRead], preparation: Preparation) -> dict[str, str]:
    """Describe how the pixels were made: input, mask, radar convention, preparation."""
    conventions = sorted({s.convention for r in reads for s, _ in r.scene_tiles if s.convention})
    facts = preparation_done(preparation.key(), [record for read in reads for record in read.records])
    optional = {
        "backscatter": " ".join(conventions),
        "input": "\n".join(archive.summary.lines()) if archive.summary else "",
    }
    return {"preparation": json.dumps(facts, sort_keys=True, default=str)} | {k: v for k, v in optional.items() if v}


def _records(reads: Sequence[BlockRead]) -> tuple[SceneRecord, ...]:
    """Return one record per scene; a scene that failed in one read block counts as failed."""
    records: dict[tuple[str, str], SceneRecord] = {}
    for record in (record for read in reads for record in read.records):
        known = records.setdefault((record.archive, record.scene_id), record)
        if record.failure and not known.failure:
            records[(record.archive, record.scene_id)] = replace(known, failure=record.failure)
    return tuple(sorted(records.values(), key=lambda r: (r.time, r.scene_id)))
