"""Check the offset of reflectance stated by metadata against the darkest pixels. No files, no masking.

Since processing baseline 04.00 Sentinel-2 L2A numbers carry +1000, and some archives remove it before they publish,
with or without stating so. An offset applied twice or not at all moves every reflectance by 0.1. Where all land is
bright, as in a desert, there are no dark pixels to check.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from core.bands import Floats
from core.errors import ReadFailed
from core.timeline import Days

FIRST_WITH_OFFSET = (4, 0)
"""Processing baseline since which numbers carry +1000 (ESA, S2 Products Specification, 2022-01-25)."""
DARK_BANDS = ("B02", "B03", "B04")
"""Vegetation, water and shadow are darkest in the visible: 0 to 0.05."""
BLUE = "B02"
"""A remaining offset is reported only if this band was read: dry fields reflect 0.08 to 0.15 in red, little in blue."""
TOO_DARK = -0.03
"""Below noise and over-correction of dark water: a surface this dark does not exist."""
TOO_DARK_SHARE = 0.05
"""Share of clear pixels below TOO_DARK in one visible band that proves an offset subtracted twice."""
FLOOR_PERCENTILE = 0.5
"""What counts as the darkest pixels of a scene; single ones are noise."""
FLOOR_LEFT_IN = (0.08, 0.16)
"""Where the floor of every visible band lies if 0.1 was left in; sand and salt alone lie above, other land below."""
MIN_PIXELS = 2_000
"""Fewer clear pixels may truly be all bright, or a few of them dark by noise."""
FEW_PIXELS, FEW_SHARE = 25, 0.5
"""Of fewer pixels than MIN_PIXELS, at least 25, half have to be too dark, as no shadow or water is."""


def check_floor(scene_id: str, values: Mapping[str, Floats], *, offset: float, baseline: str) -> str:
    """Cross-check the offset of a scene by its dark pixels.

    Args:
        scene_id: for the sentence.
        values: reflectance of clear pixels by band, any shape, offset applied; NaN = not clear. Only visible bands
            count.
        offset: reflectance that was added, 0 or -0.1.
        baseline: processing baseline, `05.10`; empty = not stated.

    Returns:
        A note if an offset seems to remain or to have been subtracted twice by the archive, else an empty text.

    Raises:
        ReadFailed: the offset had been applied before.
    """
    told = {b: values[b][np.isfinite(values[b])] for b in DARK_BANDS if b in values}
    told = {b: v for b, v in told.items() if v.size >= FEW_PIXELS}
    seen = {b: v for b, v in told.items() if v.size >= MIN_PIXELS}
    if not told:
        return ""
    share, band = max((float((v < TOO_DARK).mean()), b) for b, v in (seen or told).items())
    if share > (TOO_DARK_SHARE if seen else FEW_SHARE):
        dark = f"{share:.0%} of its clear pixels are darker than {TOO_DARK:g} in {band}"
        if offset < 0:
            raise ReadFailed(scene_id, f"with the stated offset of {offset:g}, {dark}: it had been applied before")
        return f"{dark}: an offset may have been applied twice before it was published"
    low, high = FLOOR_LEFT_IN
    if offset == 0 and baseline_number(baseline) >= FIRST_WITH_OFFSET and BLUE in seen:
        floors = [float(np.percentile(v, FLOOR_PERCENTILE)) for v in seen.values()]
        if all(low <= f <= high for f in floors):
            return f"no offset was stated, and its darkest clear pixels reflect {min(floors):.2f}: 0.1 may be left in"
    return ""


MIN_DATES = 5
"""Fewer dates may all be hazy: an offset seems likely, but is not certain."""
MIN_VALUES = 4
"""Fewer clear values of a date tell nothing of its darkest."""
DATE_PERCENTILE = 2.0
"""What counts as the darkest of a date's clear values."""
DARKEST_WITH_OFFSET = 0.085
"""No date with 0.1 left in is darker than this in its darkest visible band, noise included."""
CLUSTER = 0.03
"""The darkest values of dates with an offset lie this close together; those of hazy dates do not."""
STEP = 0.07
"""How much brighter the darkest value is at least from the first date with an offset on."""
SOIL = 0.045
"""Bare soil and sand reflect this much more red than blue; vegetation, water and shadow do not."""


@dataclass(frozen=True, kw_only=True)
class OffsetFinding:
    """What the darkest values of each date show of an offset of 0.1 that was left in."""

    has_offset: NDArray[np.bool_]
    """(T,) dates whose numbers seem to carry it."""
    is_certain: bool
    """False = too few dates to be sure."""
    darkest: float
    """Darkest visible reflectance of the dates that carry it; NaN where none does."""
    state: Literal["none", "all", "part"]


def date_floors(values: Mapping[str, Floats]) -> Floats:
    """Return (T, 3) the darkest clear reflectance of each date in B02, B03, B04; NaN where it cannot be told.

    Args:
        values: (T, ...) reflectance by band, at least one of these; NaN = not clear. Numbers at or below zero are no
            data or noise and are left out.
    """
    count = len(next(iter(values.values())))
    found = np.full((count, len(DARK_BANDS)), np.nan, np.float32)
    for column, band in enumerate(DARK_BANDS):
        for date, pixels in enumerate(values[band]) if band in values else ():
            found[date, column] = darkest(pixels[pixels > 0])
    return found


def darkest(seen: Floats) -> float:
    """Return what counts as the darkest of (N,) clear values; NaN of too few."""
    rank = int(seen.size * DATE_PERCENTILE / 100)
    return float(np.partition(seen, rank)[rank]) if seen.size >= MIN_VALUES else float("nan")


def find_offset(days: Days, floors: Floats) -> OffsetFinding:
    """Tell which dates carry an offset of 0.1, from their darkest values: all, none, or all since one date.

    Land that is not bare everywhere is darker than 0.085 in a visible band on at least one of several clear dates.
    Where no date of a period is, while all bands are equally far from zero, the offset was left in.

    Args:
        days: (T,) in any order.
        floors: (T, 3) of `date_floors`.
    """
    order = np.argsort(days, kind="stable")
    lowest = np.nanmin(np.where(np.isnan(floors), np.inf, floors), axis=1)[order]
    told = np.isfinite(lowest)
    is_dark = told & (lowest < DARKEST_WITH_OFFSET)
    first = int(np.nonzero(is_dark)[0].max()) + 1 if is_dark.any() else 0
    after = np.zeros(len(order), bool)
    after[first:] = True
    has_offset = np.zeros(len(order), bool)
    has_offset[order] = after
    tail = floors[order][after & told]
    count = len(tail)
    likely = count > 0 and _is_offset(tail) and (first == 0 or _is_step(lowest[:first][is_dark[:first]], tail))
    if not likely:
        nothing = np.zeros(len(order), bool)
        return OffsetFinding(has_offset=nothing, is_certain=True, darkest=float("nan"), state="none")
    return OffsetFinding(
        has_offset=has_offset,
        is_certain=count >= MIN_DATES,
        darkest=float(np.nanmin(tail)),
        state="all" if first == 0 else "part",
    )


def seems_shifted(floors: Floats) -> NDArray[np.bool_]:
    """Return (T,) whether the darkest values of each date, by themselves, are those of dark land with 0.1 added.

    Of one date that is no proof: haze looks alike.

    Args:
        floors: (T, 3) of `date_floors`.
    """
    return np.array([_is_offset(date[None]) for date in floors], bool)


def are_apart(floors: Floats, others: Floats) -> bool:
    """Tell whether some dates lie as a whole about 0.1 above others, as numbers with an offset beside such without.

    Args:
        floors: (T, 3) of the dates that seem to carry it.
        others: (T, 3) of those that do not.
    """
    if not len(floors) or not len(others):
        return False
    return _is_step(np.nanmin(others, axis=1), floors)


def _is_step(before: Floats, tail: Floats) -> bool:
    """Tell whether later dates are as a whole 0.1 brighter, not some hazy dates after the last clear one."""
    lowest = np.nanmin(np.where(np.isnan(tail), np.inf, tail), axis=1)
    alike = int((lowest < lowest.min() + CLUSTER).sum())
    return alike >= MIN_DATES and bool(lowest.min() > np.percentile(before, 20) + STEP)


def _is_offset(floors: Floats) -> bool:
    """Tell whether the darkest values of some dates are those of dark land with 0.1 added, not of bare soil."""
    lowest = np.nanmin(np.where(np.isnan(floors), np.inf, floors), axis=0)
    seen = lowest[np.isfinite(lowest)]
    if not len(seen) or not (DARKEST_WITH_OFFSET <= seen).all() or seen.min() > FLOOR_LEFT_IN[1]:
        return False
    return not (np.isfinite(lowest[[0, 2]]).all() and lowest[2] - lowest[0] > SOIL)


def baseline_number(baseline: str) -> tuple[int, ...]:
    """Return a processing baseline (`05.10`, `5.1`, `N0510`) as numbers that can be ordered; () = not stated."""
    compact = re.fullmatch(r"N?(\d\d)(\d\d)", baseline.strip())
    parts = compact.groups() if compact else re.findall(r"\d+", baseline)
    return tuple(int(p) for p in parts)
