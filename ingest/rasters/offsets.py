"""The offset of reflectance that neither files nor catalogue state, by the darkest pixels of the scenes.

The day of recording tells nothing: Collection 1 holds reprocessed scenes of 2015 on, and other programs remove the
offset. Rules: ingest.rules.offsets.
"""

from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from core.bands import Floats
from core.errors import InvalidArchive, ReadFailed
from core.source import counted
from core.timeline import to_day
from ingest.io.raster_files import LOCAL, Access
from ingest.rasters.item import RasterItem
from ingest.rasters.reader import read_sparse
from ingest.rules.numbers import is_clear
from ingest.rules.offsets import (
    DARK_BANDS,
    DARKEST_WITH_OFFSET,
    MIN_DATES,
    are_apart,
    date_floors,
    find_offset,
    seems_shifted,
)

OFFSET = -0.1
READ_THREADS = 8
FIRST_LOOKS = ("B02", "B04", "B03")
"""The band that is looked at first: dark in most scenes, which settles them."""
HOW = "give --offset -1000 if it is left in, or --offset 0 if it is not"


@dataclass(frozen=True, kw_only=True)
class Settled:
    """Items whose offset is known, and how it was decided."""

    items: tuple[RasterItem, ...]
    taken: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def settle_offsets(
    name: object, items: Sequence[RasterItem], access: Access = LOCAL, *, expected: Collection[str] = ()
) -> Settled:
    """Decide on the offset of items that do not state one.

    Args:
        name: of the archive, for sentences.
        items: all; those that state an offset stay as they are.
        access: how their files are read.
        expected: ids of scenes that carry it by their names and days, if their pixels do not tell.

    Raises:
        InvalidArchive: their numbers do not tell it for sure, and it matters.
    """
    open_items = [i for i in items if not i.is_offset_stated and i.reflectances]
    if not open_items:
        return Settled(items=tuple(items))
    with ThreadPoolExecutor(READ_THREADS) as pool:
        floors = np.stack(list(pool.map(lambda i: _floors(i, access), open_items)))
    days = np.array([to_day(i.scene.time.date()) for i in open_items], np.int32)
    has_offset = _decide(name, days, floors)
    is_told = np.asarray(np.isfinite(floors).any(axis=1), bool)
    likely = np.array([i.scene.scene_id in expected for i in open_items], bool)
    inferred = np.asarray(likely & ~_tells(floors).any() & ~has_offset, bool)
    has_offset = np.asarray(has_offset | inferred, bool)
    decided = {
        id(i): i.with_offset(OFFSET if shifted else 0.0) for i, shifted in zip(open_items, has_offset, strict=True)
    }
    return Settled(
        items=tuple(decided.get(id(i), i) for i in items),
        taken=_taken(has_offset),
        remarks=_remarks(floors, np.asarray(has_offset & ~inferred, bool), is_told, inferred),
    )


def _decide(name: object, days: np.ndarray, floors: Floats) -> np.ndarray:
    """Return (T,) which scenes carry the offset.

    Raises:
        InvalidArchive: it is likely and not certain, or some scenes seem to carry it among others that do not.
    """
    finding = find_offset(days, floors)
    if finding.state != "none":
        if not finding.is_certain:
            raise InvalidArchive(name, _doubt(int(finding.has_offset.sum()), finding.darkest))
        return finding.has_offset
    is_dark = _tells(floors)
    shifted = seems_shifted(floors) & ~is_dark
    if shifted.sum() >= MIN_DATES and are_apart(floors[shifted], floors[is_dark]):
        count = f"{int(shifted.sum())} of {len(days)} scenes"
        raise InvalidArchive(
            name,
            f"{count} seem to carry the offset of +1000 of processing baseline 04.00 and the others do not; "
            "put them into folders of their own, and give --offset -1000 for the one and --offset 0 for the other",
        )
    return np.zeros(len(days), bool)


def _doubt(count: int, darkest: float) -> str:
    scenes = counted(count, "scene seems", "scenes seem")
    return (
        f"the numbers of {scenes} to carry the offset of +1000 of Sentinel-2's processing baseline 04.00 (no "
        f"reflectance is darker than {darkest:.2f}), and neither names nor files state the baseline; {HOW}"
    )


def _taken(has_offset: np.ndarray) -> tuple[str, ...]:
    count = int(has_offset.sum())
    parts = [f"-1000 for {counted(count, 'scene', 'scenes')}"] if count else []
    if count < len(has_offset):
        parts.append(f"none for {counted(len(has_offset) - count, 'scene', 'scenes')}")
    return (f"offset: {', '.join(parts)}, by the darkest pixels",)


def _tells(floors: Floats) -> np.ndarray:
    """Return (T,) which scenes are too dark to carry the offset."""
    return np.asarray(np.nanmin(_or_nan(floors), axis=1) < DARKEST_WITH_OFFSET)


def _remarks(floors: Floats, has_offset: np.ndarray, is_told: np.ndarray, inferred: np.ndarray) -> tuple[str, ...]:
    remarks = []
    if inferred.any():
        scenes = counted(int(inferred.sum()), "scene", "scenes")
        remarks.append(
            f"The offset of -1000 of {scenes} is inferred from ESA's names and the date, as neither the names state "
            f"the baseline nor the darkest pixels tell; {HOW}."
        )
    if has_offset.any():
        darkest = float(np.nanmin(floors[has_offset & is_told]))
        scenes = counted(int(has_offset.sum()), "scene carry", "scenes carry")
        remarks.append(
            f"The numbers of {scenes} the offset of processing baseline 04.00, as their darkest pixels show "
            f"(reflectance {darkest:.2f}), and it is subtracted."
        )
    if not _tells(floors).any() and not has_offset.any() and not inferred.all():
        remarks.append(
            "Nothing states whether the numbers carry the offset of processing baseline 04.00, and their darkest "
            f"pixels do not tell; none is subtracted; {HOW}."
        )
    return tuple(remarks)


def _or_nan(floors: Floats) -> Floats:
    """Return the floors with infinity where a whole row is unknown, so that its smallest is no warning."""
    return np.where(np.isnan(floors).all(axis=1, keepdims=True), np.float32(np.inf), floors)


def _floors(item: RasterItem, access: Access) -> Floats:
    """Return (3,) the darkest clear reflectance in B02, B03, B04, or three times that of a band which settles it."""
    try:
        first = next((b for b in FIRST_LOOKS if b in item.sources), item.reflectances[0])
        quick = _darkest(item, (first,), access, is_masked=False)
        if quick[first] < DARKEST_WITH_OFFSET:
            return np.full(3, quick[first], np.float32)
        darkest = _darkest(item, item.reflectances, access, is_masked=True)
    except ReadFailed:
        return np.full(3, np.nan, np.float32)
    lowest = min((v for v in darkest.values() if np.isfinite(v)), default=float("nan"))
    if lowest < DARKEST_WITH_OFFSET:
        return np.full(3, lowest, np.float32)
    return np.array([darkest.get(b, np.nan) for b in DARK_BANDS], np.float32)


def _darkest(item: RasterItem, bands: tuple[str, ...], access: Access, *, is_masked: bool) -> dict[str, float]:
    """Return the darkest clear reflectance of some bands on a sparse sample of a scene."""
    reading = read_sparse(item, bands, access, is_masked=is_masked)
    found = {}
    for band, values in reading.values.items():
        clear = values if reading.mask is None else np.where(is_clear(reading.mask, reading.mask_kind), values, np.nan)
        found[band] = float(date_floors({DARK_BANDS[0]: clear[None]})[0, 0])
    return found
