"""The offset of reflectance that neither files nor catalogue state, by the darkest pixels of the scenes.

The day of recording tells nothing: Collection 1 holds reprocessed scenes of 2015 on, and other programs remove the
offset. Rules: ingest.rules.offset.darkest.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.bands import Floats
from core.errors import InvalidArchive
from core.source import counted
from core.timeline import Days, to_day
from ingest.io.raster_files import LOCAL, Access
from ingest.rasters.floors import read_floors, visible_floors
from ingest.rasters.item import RasterItem
from ingest.rasters.mixed import Decision, both_kinds, mixed_remarks, taken
from ingest.rules.offset.darkest import DARKEST_WITH_OFFSET, MIN_DATES, are_apart, find_offset, seems_shifted
from ingest.rules.offset.scenes import are_mixed, find_raised, lower_group

OFFSET = -0.1
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
    floors = read_floors(open_items, access)
    days = np.array([to_day(i.scene.time.date()) for i in open_items], np.int32)
    decided = _decide(name, days, floors)
    likely = np.array([i.scene.scene_id in expected for i in open_items], bool)
    inferred = np.asarray(likely & ~_tells(visible_floors(floors)).any() & ~decided.has_offset, bool)
    has_offset = decided.has_offset | inferred
    own = {id(i): i.with_offset(OFFSET if shifted else 0.0) for i, shifted in zip(open_items, has_offset, strict=True)}
    names = [i.scene.scene_id for i in open_items]
    return Settled(
        items=tuple(own.get(id(i), i) for i in items),
        taken=(taken(has_offset, decided),),
        remarks=(
            *mixed_remarks(names, decided),
            *_remarks(visible_floors(floors), decided.by_dates, inferred, is_silent=decided.is_mixed),
        ),
    )


def _decide(name: object, days: Days, floors: Mapping[str, Floats]) -> Decision:
    """Decide which scenes carry the offset.

    Raises:
        InvalidArchive: it is likely and not certain, or some scenes seem to carry it among others that do not.
    """
    visible = visible_floors(floors)
    is_dark = _tells(visible)
    if not is_dark.any():
        _check_two_groups(name, floors)
    finding = find_offset(days, visible)
    by_dates = finding.has_offset
    if not finding.is_certain:
        raise InvalidArchive(name, _doubt(int(by_dates.sum()), finding.darkest))
    raised = find_raised(floors, is_dark) & ~by_dates
    others = np.isfinite(visible).any(axis=1) & ~is_dark & ~by_dates & ~raised
    if are_mixed(raised, is_dark, others):
        return Decision(by_dates=by_dates, by_bands=raised, doubtful=others)
    shifted = seems_shifted(visible) & ~is_dark & ~by_dates
    if shifted.sum() >= MIN_DATES and are_apart(visible[shifted], visible[is_dark]):
        raise InvalidArchive(name, both_kinds(int(shifted.sum()), len(days)))
    return Decision(by_dates=by_dates, by_bands=np.zeros(len(days), bool), doubtful=raised)


def _check_two_groups(name: object, floors: Mapping[str, Floats]) -> None:
    """Check that scenes of bright land are not of two kinds.

    Raises:
        InvalidArchive: some lie 0.1 above the others in all bands.
    """
    base = lower_group(floors)
    raised = find_raised(floors, base)
    if are_mixed(raised, base, np.zeros(len(base), bool)):
        raise InvalidArchive(name, both_kinds(int(raised.sum()), len(base)))


def _doubt(count: int, darkest: float) -> str:
    scenes = counted(count, "scene seems", "scenes seem")
    return (
        f"the numbers of {scenes} to carry the offset of +1000 of Sentinel-2's processing baseline 04.00 (no "
        f"reflectance is darker than {darkest:.2f}), and neither names nor files state the baseline; {HOW}"
    )


def _tells(floors: Floats) -> NDArray[np.bool_]:
    """Return (T,) which scenes are too dark to carry the offset."""
    return np.asarray(np.nanmin(np.where(np.isnan(floors), np.inf, floors), axis=1) < DARKEST_WITH_OFFSET)


def _remarks(
    floors: Floats, has_offset: NDArray[np.bool_], inferred: NDArray[np.bool_], *, is_silent: bool
) -> tuple[str, ...]:
    """Return sentences on an offset that is subtracted, inferred or not known.

    Args:
        floors: (T, 3) of the visible bands.
        has_offset: (T,) scenes that carry it by their dates and darkest pixels.
        inferred: (T,) scenes that carry it by their names.
        is_silent: True = other sentences say what is not known.
    """
    remarks = []
    if inferred.any():
        scenes = counted(int(inferred.sum()), "scene", "scenes")
        remarks.append(
            f"The offset of -1000 of {scenes} is inferred from ESA's names and the date, as neither the names state "
            f"the baseline nor the darkest pixels tell; {HOW}."
        )
    if has_offset.any():
        darkest = float(np.nanmin(floors[has_offset]))
        scenes = counted(int(has_offset.sum()), "scene carry", "scenes carry")
        remarks.append(
            f"The numbers of {scenes} the offset of processing baseline 04.00, as their darkest pixels show "
            f"(reflectance {darkest:.2f}), and it is subtracted."
        )
    if not _tells(floors).any() and not has_offset.any() and not inferred.all() and not is_silent:
        remarks.append(
            "Nothing states whether the numbers carry the offset of processing baseline 04.00, and their darkest "
            f"pixels do not tell; none is subtracted; {HOW}."
        )
    return tuple(remarks)
