"""One cell read: its scenes searched, read, prepared and kept, from the first archive that has them all."""

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from affine import Affine

from core.cube import SceneRecord
from core.errors import ArchivesDisagree, ArchiveUnavailable, LandcastError, OverBudget, ReadFailed
from core.grid import Tile, Window
from core.timeline import Period, to_day
from ingest.agreement import Agreement, compare
from ingest.archive import SENSOR_BANDS, Archive, Reading, Scene
from ingest.build.cache import Store, scene_key
from ingest.build.scene_tile import MemoryPlate, Plate
from ingest.preprocess.datatakes import one_per_datatake
from ingest.preprocess.prepare import Preparation, Prepared, margin_pixels, prepare
from ingest.preprocess.radar import check_conventions

logger = logging.getLogger(__name__)

READ_THREADS = 4
"""Scenes read at once: GDAL and HDF5 wait for the disk and release the interpreter while they decompress."""
SAMPLE_DATES = 3
"""Dates on which two archives are compared, spread over those that both have."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What is read and kept at once."""

    window: Window
    tile: Tile | None = None
    """Its place on the fixed lattice; None = just a window, not kept."""


@dataclass(frozen=True, kw_only=True)
class CellRead:
    """A cell's scenes, read from one archive as far as they could be."""

    archive: str
    """Name of the archive they come from."""
    plates: tuple[tuple[Scene, Plate], ...] = ()
    """In order of time, then id."""
    records: tuple[SceneRecord, ...] = ()
    """Every scene listed, with the reason where it failed."""

    @property
    def failures(self) -> int:
        """Number of scenes that could not be read."""
        return sum(1 for r in self.records if r.failure)

    @property
    def is_complete(self) -> bool:
        """Tell whether there are scenes and all were read."""
        return bool(self.records) and not self.failures


def read_cell(
    archives: Sequence[Archive],
    cell: Cell,
    period: Period,
    bands: Sequence[str],
    *,
    preparation: Preparation,
    store: Store | None,
) -> CellRead:
    """Read a cell from the first archive that has all of its scenes, else from the one that lacks the fewest.

    Before another archive than the first is taken, dates that both have are compared.

    Raises:
        ArchiveUnavailable: no archive could be searched.
        OverBudget: reading would cost too much, and there is no other archive.
        ArchivesDisagree: they show different numbers for the same dates.
    """
    reads: list[CellRead] = []
    reasons: list[ArchiveUnavailable | OverBudget] = []
    for archive in archives:
        try:
            reads.append(_read_from(archive, cell, period, bands, preparation=preparation, store=store))
        except (ArchiveUnavailable, OverBudget) as error:
            logger.warning("search_failed archive=%s reason=%s", archive.name, error)
            reasons.append(error)
            continue
        if reads[-1].is_complete:
            break
    if not reads:
        raise reasons[0]
    best = min(reads, key=lambda r: (not r.records, r.failures))
    if best.archive == archives[0].name:
        return best
    return _taken_instead(reads, best, cell, reasons)


def _taken_instead(reads: Sequence[CellRead], best: CellRead, cell: Cell, reasons: Sequence[LandcastError]) -> CellRead:
    """Check that another archive's numbers agree with those of the ones before it, and note why it was taken."""
    notes = [f"read here because {reason}" for reason in map(str, reasons)]
    for other in reads:
        if other is best:
            continue
        agreement = _compare(other, best, cell)
        if agreement.days and not agreement.is_agreeing:
            raise ArchivesDisagree(other.archive, best.archive, agreement.sentence)
        notes.append(
            f"read here because '{other.archive}' lacks {other.failures or 'all'} scenes; {agreement.sentence}"
        )
    if not any(r.plates for r in reads if r is not best):
        notes.append("no date could be compared with the archive named first")
    logger.warning("archive_taken_instead archive=%s notes=%s", best.archive, "; ".join(notes))
    return replace(best, records=tuple(replace(r, notes=(*r.notes, *notes)) for r in best.records))


def _read_from(
    archive: Archive,
    cell: Cell,
    period: Period,
    bands: Sequence[str],
    *,
    preparation: Preparation,
    store: Store | None,
) -> CellRead:
    chosen = _choose_bands(archive, bands)
    listed = [s for s in archive.search(cell.window, period) if set(SENSOR_BANDS[s.sensor]) & set(chosen)]
    scenes, dropped = one_per_datatake(listed)
    for scene in dropped:
        logger.info("older_processing_left_out archive=%s scene=%s", archive.name, scene.scene_id)
    first_radar = [s for s in scenes if s.convention][:1]

    def plate(scene: Scene) -> Plate | str:
        mine = tuple(b for b in chosen if b in SENSOR_BANDS[scene.sensor])
        try:
            check_conventions([*first_radar, scene])
            return _plate(archive, scene, cell, mine, preparation=preparation, store=store)
        except ReadFailed as error:
            logger.warning("read_failed archive=%s scene=%s reason=%s", archive.name, scene.scene_id, error)
            return str(error)

    with ThreadPoolExecutor(READ_THREADS) as pool:
        plates = list(pool.map(plate, scenes))
    pairs = list(zip(scenes, plates, strict=True))
    return CellRead(
        archive=archive.name,
        plates=tuple((s, p) for s, p in pairs if not isinstance(p, str)),
        records=tuple(_record(archive, s, p) for s, p in pairs),
    )


def _choose_bands(archive: Archive, bands: Sequence[str]) -> tuple[str, ...]:
    wanted = set(bands)
    if "B08" in wanted and "B08" not in archive.bands:
        wanted.add("B8A")
    if "B04" not in archive.bands or not {"B08", "B8A"} & set(archive.bands):
        wanted.add("NDVI")
    return tuple(b for b in archive.bands if b in wanted)


def _plate(
    archive: Archive,
    scene: Scene,
    cell: Cell,
    bands: tuple[str, ...],
    *,
    preparation: Preparation,
    store: Store | None,
) -> Plate:
    """Return a scene's pixels, from the cache where they are kept there."""
    if store is None or cell.tile is None or not archive.is_cached:
        prepared = _prepared(archive, scene, cell.window, bands, preparation)
        return MemoryPlate(window=cell.window, values=prepared.values, notes=prepared.notes)
    key = scene_key(archive, scene, cell.tile, preparation)
    found = store.find(key, bands)
    return found or store.put(key, _prepared(archive, scene, cell.window, bands, preparation), cell.window)


def _prepared(
    archive: Archive, scene: Scene, window: Window, bands: tuple[str, ...], preparation: Preparation
) -> Prepared:
    """Read and prepare a scene, with a margin in which clouds and speckle beyond the window are seen."""
    has_margin = scene.sensor != "weather" and bool(archive.is_cached or archive.abilities.masks)
    margin = margin_pixels(preparation, window.resolution_m) if has_margin else 0
    wide = _widened(window, margin)
    reading: Reading = archive.read(scene, wide, (*bands, *preparation.extra_bands(scene)))
    prepared = prepare(scene, reading, wide, preparation)
    inner = slice(margin, -margin or None), slice(margin, -margin or None)
    values = {b: np.ascontiguousarray(v[inner]) for b, v in prepared.values.items() if b in bands}
    return replace(prepared, values=values)


def _widened(window: Window, margin: int) -> Window:
    rows, columns = window.shape_yx
    moved: Affine = window.transform * window.transform.translation(-margin, -margin)
    return Window(crs=window.crs, transform=moved, shape_yx=(rows + 2 * margin, columns + 2 * margin))


def _record(archive: Archive, scene: Scene, plate: Plate | str) -> SceneRecord:
    failure = plate if isinstance(plate, str) else ""
    notes = () if isinstance(plate, str) else plate.notes
    return SceneRecord(
        scene_id=scene.scene_id, time=scene.time.isoformat(), failure=failure, archive=archive.name, notes=notes
    )


def _compare(first: CellRead, second: CellRead, cell: Cell) -> Agreement:
    """Compare the optical numbers of some days that both have."""
    rows, columns = (slice(0, n) for n in cell.window.shape_yx)
    sides = [{to_day(s.time.date()): p for s, p in read.plates if s.sensor == "s2"} for read in (first, second)]
    common = sorted(set(sides[0]) & set(sides[1]))
    days = common[:: max(1, len(common) // SAMPLE_DATES)][:SAMPLE_DATES]
    shared = [b for b in SENSOR_BANDS["s2"] if days and all(b in side[d].bands for side in sides for d in days)]
    if not shared:
        days = []
    stacks = [{b: np.stack([side[d].block([b], rows, columns)[0] for d in days]) for b in shared} for side in sides]
    return compare(stacks[0], stacks[1], days=days)
