"""Read one block: its scenes are searched, read, prepared and kept, from the first archive that has them all."""

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from affine import Affine

from core.cube import SceneRecord
from core.errors import ArchivesDisagree, ArchiveUnavailable, LandcastError, OverBudget, ReadFailed
from core.grid import Window
from core.timeline import Period, to_day
from ingest.agreement import Agreement, compare
from ingest.archive import SENSOR_BANDS, Archive, Reading, Scene
from ingest.build.cache import SceneTileCache, scene_key
from ingest.build.reader import ReadBlock, choose_bands, margin_of
from ingest.build.scene_tile import MemorySceneTile, SceneTile
from ingest.io.meter import METER
from ingest.preprocess.datatakes import one_per_datatake
from ingest.preprocess.prepare import Preparation, Prepared, prepare
from ingest.preprocess.radar import check_conventions

logger = logging.getLogger(__name__)

READ_THREADS = 4
"""Scenes read at once: GDAL and HDF5 wait for the disk and release the interpreter while they decompress."""
SAMPLE_DATES = 3
"""Dates on which two archives are compared, spread over those that both have."""


@dataclass(frozen=True, kw_only=True)
class BlockRead:
    """Scenes of one read block, from one archive; those that failed are recorded."""

    archive: str
    """Name of the archive they come from."""
    scene_tiles: tuple[tuple[Scene, SceneTile], ...] = ()
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


def read_block(
    archives: Sequence[Archive],
    block: ReadBlock,
    period: Period,
    bands: Sequence[str],
    *,
    preparation: Preparation,
    cache: SceneTileCache | None,
) -> BlockRead:
    """Read a block from the first archive that has all of its scenes, else from the one that lacks the fewest.

    If that is not the first archive, the dates that both have are compared.

    Raises:
        ArchiveUnavailable: no archive could be searched.
        OverBudget: reading would cost more than the budget, and there is no other archive.
        ArchivesDisagree: their values for the same dates differ.
    """
    reads: list[BlockRead] = []
    reasons: list[ArchiveUnavailable | OverBudget] = []
    for archive in archives:
        try:
            reads.append(_read_from(archive, block, period, bands, preparation=preparation, cache=cache))
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
    return _replace_first(reads, best, block, reasons)


def _replace_first(
    reads: Sequence[BlockRead], best: BlockRead, block: ReadBlock, reasons: Sequence[LandcastError]
) -> BlockRead:
    """Check that the chosen archive agrees with the archives before it, and note why it was chosen."""
    notes = [f"read here because {reason}" for reason in map(str, reasons)]
    for other in reads:
        if other is best:
            continue
        agreement = _compare(other, best, block)
        if agreement.days and not agreement.is_agreeing:
            raise ArchivesDisagree(other.archive, best.archive, agreement.sentence)
        notes.append(
            f"read here because '{other.archive}' lacks {other.failures or 'all'} scenes; {agreement.sentence}"
        )
    if not any(r.scene_tiles for r in reads if r is not best):
        notes.append("no date could be compared with the archive named first")
    logger.warning("archive_replaced archive=%s notes=%s", best.archive, "; ".join(notes))
    return replace(best, records=tuple(replace(r, notes=(*r.notes, *notes)) for r in best.records))


def _read_from(
    archive: Archive,
    block: ReadBlock,
    period: Period,
    bands: Sequence[str],
    *,
    preparation: Preparation,
    cache: SceneTileCache | None,
) -> BlockRead:
    chosen = choose_bands(archive, bands)
    listed = [s for s in archive.search(block.window, period) if set(SENSOR_BANDS[s.sensor]) & set(chosen)]
    scenes, dropped = one_per_datatake(listed)
    for scene in dropped:
        logger.info("older_processing_left_out archive=%s scene=%s", archive.name, scene.scene_id)
    first_radar = [s for s in scenes if s.convention][:1]

    def scene_tile(scene: Scene) -> SceneTile | str:
        mine = tuple(b for b in chosen if b in SENSOR_BANDS[scene.sensor])
        try:
            check_conventions([*first_radar, scene])
            return _scene_tile(archive, scene, block, mine, preparation=preparation, cache=cache)
        except ReadFailed as error:
            logger.warning("read_failed archive=%s scene=%s reason=%s", archive.name, scene.scene_id, error)
            return str(error)

    with ThreadPoolExecutor(READ_THREADS) as pool:
        scene_tiles = list(pool.map(scene_tile, scenes))
    pairs = list(zip(scenes, scene_tiles, strict=True))
    return BlockRead(
        archive=archive.name,
        scene_tiles=tuple((s, p) for s, p in pairs if not isinstance(p, str)),
        records=tuple(_record(archive, s, p) for s, p in pairs),
    )


def _scene_tile(
    archive: Archive,
    scene: Scene,
    block: ReadBlock,
    bands: tuple[str, ...],
    *,
    preparation: Preparation,
    cache: SceneTileCache | None,
) -> SceneTile:
    """Return a scene's pixels, from the cache if it holds them."""
    if cache is None or block.tile is None or not archive.is_cached:
        prepared = _prepared(archive, scene, block.window, bands, preparation)
        return MemorySceneTile(window=block.window, values=prepared.values, notes=prepared.notes, mask=prepared.mask)
    key = scene_key(archive, scene, block.tile, preparation)
    found = cache.find(key, bands)
    return found or cache.put(key, _prepared(archive, scene, block.window, bands, preparation), block.window)


def _prepared(
    archive: Archive, scene: Scene, window: Window, bands: tuple[str, ...], preparation: Preparation
) -> Prepared:
    """Read and prepare a scene with a margin, so that clouds and speckle beyond the window count as well."""
    margin = margin_of(archive, scene, window, preparation)
    wide = _widened(window, margin)
    METER.count_read()
    reading: Reading = archive.read(scene, wide, (*bands, *preparation.extra_bands(scene)))
    METER.count_bytes(sum(pixels.nbytes for pixels in reading.values.values()))
    prepared = prepare(scene, reading, wide, preparation)
    inner = slice(margin, -margin or None), slice(margin, -margin or None)
    values = {b: np.ascontiguousarray(v[inner]) for b, v in prepared.values.items() if b in bands}
    return replace(prepared, values=values)


def _widened(window: Window, margin: int) -> Window:
    rows, columns = window.shape_yx
    moved: Affine = window.transform * window.transform.translation(-margin, -margin)
    return Window(crs=window.crs, transform=moved, shape_yx=(rows + 2 * margin, columns + 2 * margin))


def _record(archive: Archive, scene: Scene, scene_tile: SceneTile | str) -> SceneRecord:
    record = SceneRecord(scene_id=scene.scene_id, time=scene.time.isoformat(), archive=archive.name)
    if isinstance(scene_tile, str):
        return replace(record, failure=scene_tile)
    return replace(record, notes=scene_tile.notes, mask=scene_tile.mask)


def _compare(first: BlockRead, second: BlockRead, block: ReadBlock) -> Agreement:
    """Compare reflectance on some days that both have."""
    rows, columns = (slice(0, n) for n in block.window.shape_yx)
    sides = [{to_day(s.time.date()): p for s, p in read.scene_tiles if s.sensor == "s2"} for read in (first, second)]
    common = sorted(set(sides[0]) & set(sides[1]))
    days = common[:: max(1, len(common) // SAMPLE_DATES)][:SAMPLE_DATES]
    shared = [b for b in SENSOR_BANDS["s2"] if days and all(b in side[d].bands for side in sides for d in days)]
    if not shared:
        days = []
    stacks = [{b: np.stack([side[d].read([b], rows, columns)[0] for d in days]) for b in shared} for side in sides]
    return compare(stacks[0], stacks[1], days=days)
