"""Evidence of a whole map: which months, halves of the year and bands its pixels rest on, and what that means.

Each pixel's own numbers are bands of the option `evidence` (class_pixels.py). No model, no files.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from core.checkpoint import Checkpoint
from core.cube import Cube, Series
from core.timeline import Period, months_since_1970, to_date, to_day
from models.calibration.evidence_scaling import is_by_evidence

Mask = NDArray[np.bool_]
Codes = NDArray[np.uint8]

FEW_OBSERVATIONS = 6
"""Clear observations of a pixel below which a season can hardly be recognised."""
CAPRICORN = -23.4
"""Degrees of latitude of the southern tropic."""
MOST = 0.5
"""Share of the mapped pixels from which a half of the year or a group of bands counts as seen."""
MOST_MONTHS = 254
SUMMER, WINTER, RED, VISIBLE, RED_EDGE, SWIR, RADAR, RECENT = (1 << n for n in range(8))
"""Bits of what was seen of a pixel."""
SEASONS = {SUMMER: "April to September", WINTER: "October to March"}
GROUPS: Mapping[int, tuple[str, ...]] = {
    RED: ("B04",),
    VISIBLE: ("B02", "B03"),
    RED_EDGE: ("B05", "B06", "B07"),
    SWIR: ("B11", "B12"),
    RADAR: ("VV", "VH"),
}
CALIBRATED = "its probabilities allow for that on the whole, not at every place, so read them before the classes"
NOT_CALIBRATED = "the probabilities of this model do not account for that, so they may be too sure"
LITTLE = "the result says little about such a place itself, so do not rely on it"
BITS = (SUMMER, WINTER, *GROUPS, RECENT)
APRIL, OCTOBER = 4, 10
RECENT_DAYS = 184
"""What was seen within half a year of a map's date counts as recent."""


@runtime_checkable
class RestsOnSeries(Protocol):
    """A product whose maps state their evidence."""

    def read_days(self, options: Any) -> Period | None:
        """Return the days that the model reads at most: whole calendar months up to the date of the map.

        None: the map is not of one date, and no evidence is stated.
        """
        ...

    def place_note(self, latitude: float) -> str:
        """Return a sentence on places that the model knows little of; empty for others.

        Args:
            latitude: of the middle of the map, degrees north.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class MapEvidence:
    """What the pixels of a map rest on."""

    months_seen: float
    """Calendar months with a clear observation, the median of the mapped pixels."""
    months_read: int
    """Calendar months that the model reads."""
    seasons_seen: tuple[str, ...]
    """Halves of the year with a clear observation of at least half of the pixels."""
    band_groups: tuple[str, ...]
    """Groups of bands seen of at least half of the pixels: `NDVI`, `red and near infrared` or `10 m bands`, and `red
    edge`, `short-wave infrared`, `radar`."""
    is_recent: bool = True
    """At least half of the pixels were seen within half a year of the date of the map."""

    def to_json(self) -> dict[str, Any]:
        """Return the fields for tags and items."""
        return {
            "months_seen": self.months_seen,
            "months_read": self.months_read,
            "seasons_seen": list(self.seasons_seen),
            "band_groups": list(self.band_groups),
            "seen_recently": self.is_recent,
        }


@dataclass(frozen=True, kw_only=True)
class SeenCounts:
    """Counts of mapped pixels; those of parts add up to those of the whole."""

    months: NDArray[np.int64] = field(default_factory=lambda: np.zeros(MOST_MONTHS + 1, np.int64))
    """Pixels by the number of months seen."""
    bits: NDArray[np.int64] = field(default_factory=lambda: np.zeros(len(BITS), np.int64))
    """Pixels that have each of BITS."""

    def plus(self, codes: NDArray[Any], is_mapped: Mask) -> "SeenCounts":
        """Return the counts with those of (2, ...) `seen_codes` added, where pixels are mapped."""
        months, bits = (part[is_mapped].astype(np.int64) for part in codes)
        return SeenCounts(
            months=self.months + np.bincount(months, minlength=MOST_MONTHS + 1),
            bits=self.bits + np.array([np.count_nonzero(bits & bit) for bit in BITS]),
        )

    def evidence(self, days: Period) -> MapEvidence | None:
        """Return the evidence of a map; None if no pixel was counted."""
        total = int(self.months.sum())
        if not total:
            return None
        has = {bit: int(count) >= MOST * total for bit, count in zip(BITS, self.bits, strict=True)}
        return MapEvidence(
            months_seen=float(_median(self.months)),
            months_read=_months_between(days.start, days.end) + 1,
            seasons_seen=tuple(name for bit, name in SEASONS.items() if has[bit]),
            band_groups=tuple(_groups(has)),
            is_recent=has[RECENT],
        )


def months_up_to(last: date, months: int) -> Period:
    """Return the calendar months that a model reads: so many, the last one cut at a day."""
    first = np.datetime64(last, "M") - (months - 1)
    return Period(start=first.astype("datetime64[D]").astype(date), end=last)


def seen_codes(cube: Cube, days: Period) -> Codes:
    """Return what was seen of each pixel, month by month, so that a large cube is not held in memory.

    Returns:
        (2, Y, X): calendar months with a clear NDVI, and the sum of BITS.
    """
    part = cube.between(days)
    months, bits = np.zeros(cube.shape_yx, np.uint8), np.zeros(cube.shape_yx, np.uint8)
    for one in _months_of(part) if has_ndvi(part) else ():
        is_clear, when = np.isfinite(one.ndvi()), one.axis_days("time")
        months += is_clear.any(axis=0)
        half = SUMMER if APRIL <= to_date(int(when[0])).month < OCTOBER else WINTER
        bits |= np.where(is_clear.any(axis=0), half, 0).astype(np.uint8)
        is_late = to_day(days.end) - when < RECENT_DAYS
        bits |= np.where(is_clear[is_late].any(axis=0), RECENT, 0).astype(np.uint8)
        bits |= _groups_seen(one)
    for name in part.radar:
        for number in range(part.data.sizes["time_s1"]):
            is_seen = np.isfinite(part.data[name].isel(time_s1=number).values)
            bits |= np.where(is_seen, RADAR, 0).astype(np.uint8)
    return np.stack([months, bits])


def _months_of(cube: Cube) -> Iterator[Cube]:
    """Yield the dates of each calendar month."""
    month = months_since_1970(cube.axis_days("time"))
    for each in np.unique(month):
        yield replace(cube, data=cube.data.isel(time=np.flatnonzero(month == each)))


def has_ndvi(cube: Cube) -> bool:
    """Tell whether a cube shows NDVI, or the red band of which it is made."""
    return bool({"B04", "NDVI"} & {str(name) for name in cube.data.data_vars})


def _groups_seen(one: Cube) -> Codes:
    """Return (Y, X) the bits of the optical groups that any date of a cube shows."""
    found = np.zeros(one.shape_yx, np.uint8)
    for bit, names in GROUPS.items():
        for name in (n for n in names if n in one.optical):
            found |= np.where(np.isfinite(one.data[name].values).any(axis=0), bit, 0).astype(np.uint8)
    return found


def evidence_notes(found: MapEvidence, clear_count: float, *, is_calibrated: bool) -> tuple[str, ...]:
    """Return a sentence for each way in which a map knows little.

    Args:
        clear_count: clear observations of a pixel, the median.
        is_calibrated: the model's probabilities depend on what was seen.
    """
    few = _few(clear_count, is_calibrated=is_calibrated)
    found_notes = (few, _one_season(found.seasons_seen), _few_bands(found.band_groups), _old(found))
    return tuple(note for note in found_notes if note)


def table_caution(series: Series, checkpoint: Checkpoint) -> str:
    """Return a sentence on a table of classes that rests on few observations; empty if it does not.

    Args:
        series: as they were read.
    """
    count = series.clear_count()
    few = int((count < FEW_OBSERVATIONS).sum())
    if not few:
        return ""
    meaning = CALIBRATED if is_calibrated_by_evidence(checkpoint) else NOT_CALIBRATED
    return f"{few} of {len(series)} series have fewer than {FEW_OBSERVATIONS} clear observations: {meaning}."


def few_note(clear_count: float) -> str:
    """Return a sentence on a map of any other product that rests on few observations; empty if it does not.

    Args:
        clear_count: clear observations of a pixel, the median; NaN = not known.
    """
    if not clear_count < FEW_OBSERVATIONS:
        return ""
    return f"The map rests on few observations ({clear_count:g} clear ones a pixel, the median): {LITTLE}."


def few_caution(series: Series) -> str:
    """Return a sentence on a table of any other product whose series were seen little; empty if they were not.

    Args:
        series: as they were read.
    """
    count = series.clear_count()
    few = int((count < FEW_OBSERVATIONS).sum())
    if not few:
        return ""
    median = f"median of all: {np.median(count):g}"
    return f"{few} of {len(series)} series have fewer than {FEW_OBSERVATIONS} clear observations ({median}): {LITTLE}."


def is_calibrated_by_evidence(checkpoint: Checkpoint) -> bool:
    """Return whether the model's probabilities depend on what was seen."""
    return is_by_evidence(checkpoint.card.get("calibration", {}))


def evidence_line(found: Mapping[str, Any]) -> str:
    """Return the evidence of a tag or item as one sentence; empty if there is none."""
    if not found:
        return ""
    months = f"{found['months_seen']:g} of {found['months_read']} months seen (median of the pixels)"
    seasons = " and ".join(found["seasons_seen"]) or "no half of the year in most pixels"
    return f"The map rests on {months}, in {seasons}; bands: {', '.join(found['band_groups'])}."


def _few(clear_count: float, *, is_calibrated: bool) -> str:
    if not clear_count < FEW_OBSERVATIONS:
        return ""
    meaning = CALIBRATED if is_calibrated else NOT_CALIBRATED
    return f"The map rests on few observations ({clear_count:g} clear ones a pixel, the median): {meaning}."


def _one_season(seasons: tuple[str, ...]) -> str:
    if len(seasons) != 1:
        return ""
    (missing,) = (name for name in SEASONS.values() if name not in seasons)
    return f"Most pixels were seen in {seasons[0]} only: do not rely on classes that differ in {missing} only."


def _old(found: MapEvidence) -> str:
    if found.is_recent:
        return ""
    return (
        "Most pixels were last seen clearly more than half a year before the date of the map: what has changed since "
        "is not on it."
    )


def _few_bands(groups: tuple[str, ...]) -> str:
    if groups not in (("NDVI",), ("red and near infrared",)):
        return ""
    return (
        f"The map rests on {groups[0]} alone: classes that other bands tell apart are less sure than their "
        "probabilities say."
    )


def _groups(has: Mapping[int, bool]) -> list[str]:
    first = "10 m bands" if has[VISIBLE] else "red and near infrared" if has[RED] else "NDVI"
    named = {RED_EDGE: "red edge", SWIR: "short-wave infrared", RADAR: "radar"}
    return [first, *(name for bit, name in named.items() if has[bit])]


def _median(counts: NDArray[np.int64]) -> float:
    """Return the median of whole numbers from how often each occurs."""
    below, total = np.cumsum(counts), int(counts.sum())
    low, high = (int(np.searchsorted(below, rank, side="right")) for rank in ((total - 1) // 2, total // 2))
    return (low + high) / 2


def _months_between(first: date, last: date) -> int:
    return (last.year - first.year) * 12 + last.month - first.month
