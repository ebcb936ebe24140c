"""Build a cube: search the scenes of a window, read them block by block, put them on time axes.

Scenes are read one by one and kept as scene tiles, on disk if the archive is slow: memory does not grow with the number
of dates. Small cubes are loaded at once; parts of large ones are read when they are indexed.
"""

import json
import logging
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import numpy as np
import xarray as xr
from shapely import transform
from xarray.core import indexing

from core.bands import Floats
from core.cube import ORBITS, Cube, SceneRecord, preparation_done
from core.errors import RegionOutsideArchive
from core.grid import Window
from core.region import Region
from core.settings import Settings
from core.timeline import Period, to_day, to_times
from ingest.archive import SENSOR_BANDS, Archive, Sensor
from ingest.build.cache import SceneTileCache
from ingest.build.read_block import BlockRead, ReadBlock, read_block
from ingest.build.scene_tile import Mask, Stack, TimeStep
from ingest.build.shared_tiles import SharedTiles
from ingest.cubes.archive import lattice
from ingest.preference import choices
from ingest.preprocess.prepare import Preparation

logger = logging.getLogger(__name__)

AXIS: dict[Sensor, str] = {"s2": "time", "s1": "time_s1", "weather": "time_weather"}
"""Time axis of a cube on which a sensor's scenes lie."""
EAGER_BYTES = 256 * 1024**2
"""Largest cube that is loaded at once; parts of larger ones are read when they are indexed."""
LOAD_THREADS = 4


@dataclass(frozen=True, kw_only=True)
class Reader:
    """How scenes become scene tiles: their preparation, their cache and the size of read blocks."""

    preparation: Preparation = field(default_factory=Preparation)
    cache: SceneTileCache | None = None
    """None = scene tiles are held in memory, and the window is the only read block."""
    block_size: int = 512
    """Edge of a read block in pixels."""


def reader_from(settings: Settings, shared: SharedTiles | None = None) -> Reader:
    """Return the reader that the settings describe; scene tiles of other machines are taken from `shared`."""
    limit_bytes, folder = int(settings.cache.size_gb * 1e9), settings.home / "cache" / "scene-tiles"
    cache = SceneTileCache(folder, limit_bytes=limit_bytes, shared=shared) if limit_bytes else None
    return Reader(preparation=Preparation.from_settings(settings), cache=cache, block_size=settings.cache.block_size)


def check_region(archive: Archive, region: Region) -> None:
    """Check that a region touches an archive.

    Raises:
        RegionOutsideArchive: it does not.
    """
    if not archive.footprint.intersects(region.geometry):
        west, south, east, north = archive.footprint.bounds
        swapped = transform(region.geometry, lambda points: points[:, ::-1])
        is_swapped = bool(archive.footprint.intersects(swapped))
        raise RegionOutsideArchive(archive.name, (west, south, east, north), is_swapped=is_swapped)


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


def read_blocks(archive: Archive, window: Window, reader: Reader) -> list[ReadBlock]:
    """Return the blocks that are read for a window: those of the fixed lattice where scenes are kept, else itself."""
    is_kept = reader.cache is not None and any(a.is_cached for a in choices(archive))
    return list(_blocks(window, reader.block_size)) if is_kept else [ReadBlock(window=window)]


def _blocks(window: Window, size: int) -> Iterator[ReadBlock]:
    """Yield the read blocks of the fixed lattice that a window touches, from north to south and west to east."""
    step = window.resolution_m
    west, south, east, north = window.bounds
    grid = lattice(window, tile_size=size)
    x0, y0 = grid.origin_xy
    first, last = ((round((v - x0) / step)) for v in (west, east))
    low, high = ((round((v - y0) / step)) for v in (south, north))
    for row in reversed(range(low // size, (high - 1) // size + 1)):
        for column in range(first // size, (last - 1) // size + 1):
            tile = grid.tile(column, row)
            yield ReadBlock(window=tile.window, tile=tile)


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
