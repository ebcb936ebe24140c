"""Build a cube: search the scenes of a window, read them cell by cell, put them on their axes. Nothing of one archive.

Scenes are read one by one and kept as plates, in the cache where the archive is slow, so that memory does not grow with
the number of dates. Small cubes are loaded at once; of large ones each part is read when it is asked for.
"""

import json
import logging
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import numpy as np
import xarray as xr
from xarray.core import indexing

from core.bands import Floats
from core.cube import ORBITS, Cube, SceneRecord
from core.errors import RegionOutsideArchive
from core.grid import Grid, Window
from core.region import Region
from core.settings import Settings
from core.timeline import Period, to_day, to_times
from ingest.archive import SENSOR_BANDS, Archive, Sensor
from ingest.build.cache import Store
from ingest.build.read_block import Cell, CellRead, read_cell
from ingest.build.scene_tile import Mask, Slot, Stack
from ingest.preference import choices
from ingest.preprocess.prepare import Preparation

logger = logging.getLogger(__name__)

AXIS: dict[Sensor, str] = {"s2": "time", "s1": "time_s1", "weather": "time_weather"}
"""Time axis of a cube on which a sensor's scenes lie."""
EAGER_BYTES = 256 * 1024**2
"""Largest cube that is loaded at once; of larger ones, parts are read when they are asked for."""
LOAD_THREADS = 4


@dataclass(frozen=True, kw_only=True)
class Reader:
    """How scenes become plates: prepared how, kept where, in cells of which size."""

    preparation: Preparation = field(default_factory=Preparation)
    store: Store | None = None
    """None = plates are held in memory, and the window is its only cell."""
    cell_size: int = 512
    """Edge of a cell in pixels."""


def reader_from(settings: Settings) -> Reader:
    """Return how the settings want scenes to be prepared and kept."""
    limit_bytes = int(settings.cache_gb * 1e9)
    store = Store(settings.home / "cache" / "plates", limit_bytes=limit_bytes) if limit_bytes else None
    return Reader(preparation=Preparation.from_settings(settings), store=store, cell_size=settings.cell_size)


def check_region(archive: Archive, region: Region) -> None:
    """Check that a region touches an archive.

    Raises:
        RegionOutsideArchive: it does not.
    """
    if not archive.footprint.intersects(region.geometry):
        west, south, east, north = archive.footprint.bounds
        raise RegionOutsideArchive(archive.name, (west, south, east, north))


def build_cube(
    archive: Archive,
    window: Window,
    period: Period,
    bands: Sequence[str],
    *,
    reader: Reader | None = None,
    asked: Mask | None = None,
) -> Cube:
    """Read all scenes of a window and period into one cube.

    Args:
        archive: where to read; several in order of preference are tried cell by cell.
        window: on the archive's lattice; may reach beyond the archive.
        period: days of the scenes, both ends included.
        bands: wanted; those the archive lacks are left out. Where it lacks B08, B8A is read in its place, and where
            NDVI exists only as such, NDVI.
        reader: preparation and cache; None = as the defaults of `Preparation`, nothing kept.
        asked: (Y, X), True for the pixels that are wanted; others are NaN. None = all.

    Returns:
        Cube with the bands found; pixels outside the archive, not clear or not read are NaN. Scenes of one day are
        merged, the first clear value of a pixel counts; ascending and descending radar passes stay apart. Every scene
        is recorded, with the reason where it failed. Radar is in dB from here on.

    Raises:
        ArchiveUnavailable: no archive could be searched.
        ArchivesDisagree: the next archive shows other numbers than the first.
    """
    how = reader or Reader()
    archives = choices(archive)
    is_kept = how.store is not None and any(a.is_cached for a in archives)
    cells = list(_cells(window, how.cell_size)) if is_kept else [Cell(window=window)]
    reads = [read_cell(archives, cell, period, bands, preparation=how.preparation, store=how.store) for cell in cells]
    return Cube(
        data=_dataset(reads, window, asked, how.preparation),
        window=window,
        archive=",".join(dict.fromkeys(r.archive for r in reads)),
        is_simulated=archive.is_simulated,
        scenes=_records(reads),
    )


def _cells(window: Window, size: int) -> Iterator[Cell]:
    """Yield the cells of the fixed lattice that a window touches, from north to south and west to east."""
    step = window.resolution_m
    west, south, east, north = window.bounds
    grid = Grid(crs=window.crs, resolution_m=step, tile_size=size, origin_xy=(_rest(west, step), _rest(north, step)))
    x0, y0 = grid.origin_xy
    first, last = ((round((v - x0) / step)) for v in (west, east))
    low, high = ((round((v - y0) / step)) for v in (south, north))
    for row in reversed(range(low // size, (high - 1) // size + 1)):
        for column in range(first // size, (last - 1) // size + 1):
            tile = grid.tile(column, row)
            yield Cell(window=tile.window, tile=tile)


def _rest(corner: float, step: float) -> float:
    """Return corner modulo pixel size, 0 where it is a multiple but for rounding."""
    rest = corner % step
    return 0.0 if min(rest, step - rest) < 1e-6 * step else rest


def _dataset(reads: Sequence[CellRead], window: Window, asked: Mask | None, preparation: Preparation) -> xr.Dataset:
    data = xr.Dataset(attrs=_attributes(reads, preparation))
    for sensor, axis in AXIS.items():
        slots = _slots(reads, sensor)
        held = {b for s in slots for p in s.plates for b in p.bands}
        names = [b for b in SENSOR_BANDS[sensor] if b in held]
        if not slots:
            continue
        days = np.array([s.day for s in slots], np.int32)
        data = data.assign_coords({axis: to_times(days)})
        if any(s.orbit for s in slots):
            codes = np.array([ORBITS.index(s.orbit) for s in slots], np.int8)
            data = data.assign_coords({"orbit_s1": (axis, codes, {"flag_meanings": " ".join(ORBITS[1:])})})
        if sensor == "weather":
            data = data.assign({b: ((axis,), v) for b, v in _weather(slots, names, window).items()})
        else:
            data = data.assign({b: ((axis, "y", "x"), v) for b, v in _stacks(slots, names, window, asked).items()})
    return data


def _stacks(
    slots: Sequence[Slot], names: Sequence[str], window: Window, asked: Mask | None
) -> Mapping[str, Floats | indexing.LazilyIndexedArray]:
    """Return (T, Y, X) by band, in memory if it is small."""
    size = 4 * len(slots) * len(names) * window.shape_yx[0] * window.shape_yx[1]
    if size > EAGER_BYTES:
        return {b: indexing.LazilyIndexedArray(Stack(slots, b, window, asked)) for b in names}
    out = np.full((len(slots), len(names), *window.shape_yx), np.nan, np.float32)
    with ThreadPoolExecutor(LOAD_THREADS) as pool:
        list(pool.map(lambda s, v: s.fill(v, names, window, asked), slots, out))
    return {b: out[:, number] for number, b in enumerate(names)}


def _weather(slots: Sequence[Slot], names: Sequence[str], window: Window) -> dict[str, Floats]:
    """Return (T,) by band: weather is the same for all pixels that have it."""
    out = np.full((len(slots), len(names), *window.shape_yx), np.nan, np.float32)
    for slot, values in zip(slots, out, strict=True):
        slot.fill(values, names, window, None)
    flat = out.reshape(len(slots), len(names), -1)
    column = np.isfinite(flat).argmax(axis=2)
    first = np.take_along_axis(flat, column[..., None], axis=2)[..., 0]
    return {b: first[:, number] for number, b in enumerate(names)}


def _slots(reads: Sequence[CellRead], sensor: Sensor) -> list[Slot]:
    """Return the dates of one sensor with their plates; plates of one cell in order of time, then id."""
    found = defaultdict(list)
    for read in reads:
        for scene, plate in read.plates:
            if scene.sensor == sensor:
                found[(to_day(scene.time.date()), scene.orbit if sensor == "s1" else "")].append(plate)
    return [Slot(day=day, orbit=orbit, plates=tuple(plates)) for (day, orbit), plates in sorted(found.items())]


def _attributes(reads: Sequence[CellRead], preparation: Preparation) -> dict[str, str]:
    """Say how the pixels were made: mask, radar convention, preparation."""
    conventions = sorted({s.convention for r in reads for s, _ in r.plates if s.convention})
    attributes = {"preparation": json.dumps(preparation.key(), sort_keys=True, default=str)}
    return attributes | ({"backscatter": " ".join(conventions)} if conventions else {})


def _records(reads: Sequence[CellRead]) -> tuple[SceneRecord, ...]:
    """Return what became of every scene, once each; a scene that failed in one cell has failed."""
    records: dict[tuple[str, str], SceneRecord] = {}
    for record in (record for read in reads for record in read.records):
        known = records.setdefault((record.archive, record.scene_id), record)
        if record.failure and not known.failure:
            records[(record.archive, record.scene_id)] = replace(known, failure=record.failure)
    return tuple(sorted(records.values(), key=lambda r: (r.time, r.scene_id)))
