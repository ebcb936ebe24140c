"""Growth of simulated stands: leaf area, brown share and wood of N patches of ground on any days. No reflectance."""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from core.bands import Floats
from ingest.simulate.calendars import (
    BARE,
    CATCH,
    CLEARING,
    CONIFER_FOREST,
    CROPS,
    DECIDUOUS_FOREST,
    EVERGREEN_FOREST,
    GRASSLAND,
    SAVANNA,
    SEALED,
    SHRUBLAND,
    CropCalendar,
    Knots,
    Leaf,
)

COVERS: dict[str, tuple[Knots, Leaf]] = {
    "grassland": (GRASSLAND, Leaf.GRASS),
    "conifer": (CONIFER_FOREST, Leaf.CONIFER),
    "broadleaf": (DECIDUOUS_FOREST, Leaf.DECIDUOUS),
    "evergreen": (EVERGREEN_FOREST, Leaf.EVERGREEN),
    "savanna": (SAVANNA, Leaf.GRASS),
    "shrubland": (SHRUBLAND, Leaf.EVERGREEN),
    "clearing": (CLEARING, Leaf.GRASS),
    "bare": (BARE, Leaf.GRASS),
    "built-up": (SEALED, Leaf.BUILT),
    "water": (SEALED, Leaf.WATER),
}
"""Covers with the same curve every year, except for weather and cuts; `cropland` is the one that does not."""

WOODY = {"conifer": 8.0, "broadleaf": 7.0, "evergreen": 8.0, "shrubland": 0.8}
"""Leaf area equivalent of trunks and branches, as a radar sees them."""

YEAR_DAYS = 365.25
CUT_RECOVERY_DAYS = 24.0
REGROWTH_DAYS = 500.0
"""Time in which a felled stand's ground vegetation reaches 63 % of its final leaf area."""


@dataclass(frozen=True, kw_only=True)
class Stands:
    """N patches of ground: what grows there and how their years differ. Y years from `first_year`."""

    cover: NDArray[np.str_]
    """(N,) `cropland` or a key of COVERS."""
    crops: NDArray[np.int64]
    """(N, Y) position in CROPS of the crop harvested in each year; only read on cropland."""
    has_catch: NDArray[np.bool_]
    """(N, Y) a catch crop follows the harvest."""
    first_year: int
    shift_days: Floats
    """(N, Y) how late a year is."""
    vigour: Floats
    """(N, Y) factor on leaf area; 1 = normal."""
    dryness: Floats
    """(N, Y) brown share that a dry summer adds, 0..1."""
    cut_days: Floats
    """(N, Y, K) day of the year of cuts of grassland; NaN = none."""
    felled_day: Floats
    """(N,) days since 1970-01-01 on which the stand is felled; inf = never."""
    dieback_day: Floats
    """(N,) days since 1970-01-01 from which the stand dies; inf = never."""
    planted_day: Floats
    """(N,) days since 1970-01-01 on which a stand was planted on open ground; -inf = long ago."""
    is_southern: NDArray[np.bool_]
    """(N,) seasons are half a year apart from the north's."""

    def take(self, rows: NDArray[np.int_] | NDArray[np.bool_]) -> "Stands":
        """Return some of the stands."""
        arrays: dict[str, Any] = {k: v[rows] for k, v in vars(self).items() if isinstance(v, np.ndarray)}
        return replace(self, **arrays)


@dataclass(frozen=True, kw_only=True)
class Growth:
    """State of N stands on T days."""

    leaf: NDArray[np.int8]
    """(N, T) code of Leaf."""
    lai: Floats
    """(N, T) leaf area index, green and brown."""
    brown: Floats
    """(N, T) brown share, 0..1."""
    woody: Floats
    """(N, T) wood, in units of leaf area."""


def grow(stands: Stands, days: NDArray[np.int32]) -> Growth:
    """Return the state of stands on each day.

    Args:
        stands: N patches.
        days: (N, T) days since 1970-01-01.
    """
    shape = days.shape
    growth = Growth(
        leaf=np.zeros(shape, np.int8),
        lai=np.zeros(shape, np.float32),
        brown=np.zeros(shape, np.float32),
        woody=np.zeros(shape, np.float32),
    )
    for cover in np.unique(stands.cover):
        rows = np.nonzero(stands.cover == cover)[0]
        part = _grow_crops if cover == "cropland" else _grow_cover
        mine = part(stands.take(rows), days[rows])
        for name in ("leaf", "lai", "brown", "woody"):
            getattr(growth, name)[rows] = getattr(mine, name)
    return growth


def _grow_cover(stands: Stands, days: NDArray[np.int32]) -> Growth:
    """Grow stands of one cover."""
    cover = str(stands.cover[0])
    lai, brown, leaf = _yearly(stands, days, cover)
    woody = np.full_like(lai, WOODY.get(cover, 0.0))
    if cover == "grassland":
        lai = lai * _left_by_cuts(stands, days)
    growth = Growth(leaf=np.full(days.shape, leaf, np.int8), lai=lai, brown=brown, woody=woody)
    return _plant(_fell(_die(growth, stands, days), stands, days), stands, days)


def _yearly(stands: Stands, days: NDArray[np.int32], cover: str) -> tuple[Floats, Floats, Leaf]:
    """Return (N, T) leaf area and brown share of a cover's yearly curve in the years' weather, and its leaf."""
    knots, leaf = COVERS[cover]
    year, day = _calendar(stands, days)
    position = np.mod(day - _at(stands.shift_days, year), YEAR_DAYS)
    lai, brown = _curve(knots, position)
    is_summer = np.clip(np.sin((day - 110) / 200 * np.pi), 0, 1)
    dry = _at(stands.dryness, year) * is_summer * (0.25 if leaf in (Leaf.CONIFER, Leaf.DECIDUOUS) else 1.0)
    brown = np.clip(brown + dry * (1 - brown), 0, 1).astype(np.float32)
    return (lai * _at(stands.vigour, year)).astype(np.float32), brown, leaf


def _grow_crops(stands: Stands, days: NDArray[np.int32]) -> Growth:
    """Grow rotations: in each year of a field one crop, perhaps a catch crop; the one with more leaf is seen."""
    lai, brown = (np.zeros(days.shape, np.float32) for _ in range(2))
    leaf = np.full(days.shape, Leaf.CEREAL, np.int8)
    seasons = [(y, c, stands.crops[:, y] == c) for y in range(stands.crops.shape[1]) for c in range(len(CROPS))]
    for y, c, mine in seasons:
        _sow(CROPS[c], y, np.nonzero(mine)[0], stands, days, (lai, brown, leaf))
    for y in range(stands.crops.shape[1]):
        _sow(CATCH, y, np.nonzero(stands.has_catch[:, y])[0], stands, days, (lai, brown, leaf))
    return Growth(leaf=leaf, lai=lai, brown=brown, woody=np.zeros_like(lai))


def _sow(
    crop: CropCalendar,
    year: int,
    rows: NDArray[np.int_],
    stands: Stands,
    days: NDArray[np.int32],
    into: tuple[Floats, Floats, NDArray[np.int8]],
) -> None:
    """Write one crop of one year into leaf area, brown share and leaf, where it has more leaf than what is there."""
    if not len(rows):
        return
    new_year = np.datetime64(f"{stands.first_year + year}-01-01").astype("datetime64[D]").astype(int)
    position = days[rows] - new_year - _half_year(stands, rows) - stands.shift_days[rows, year, None]
    lai, brown = _curve(crop.knots, position.astype(np.float32))
    dry = stands.dryness[rows, year, None] * (brown < 1) * (lai > 1)
    lai = (lai * stands.vigour[rows, year, None]).astype(np.float32)
    is_more = lai > into[0][rows]
    old_lai, old_brown, old_leaf = into
    old_lai[rows] = np.where(is_more, lai, old_lai[rows])
    old_brown[rows] = np.where(is_more, np.clip(brown + 0.5 * dry, 0, 1), old_brown[rows])
    old_leaf[rows] = np.where(is_more, np.int8(crop.leaf), old_leaf[rows])


def _half_year(stands: Stands, rows: NDArray[np.int_]) -> Floats:
    return np.where(stands.is_southern[rows, None], -YEAR_DAYS / 2, 0).astype(np.float32)


def _calendar(stands: Stands, days: NDArray[np.int32]) -> tuple[NDArray[np.int64], Floats]:
    """Return (N, T) the number of the year, held to 0..Y-1, and the day of the year as the north counts it."""
    moved = days + np.where(stands.is_southern[:, None], YEAR_DAYS / 2, 0)
    start = np.datetime64(f"{stands.first_year}-01-01").astype("datetime64[D]").astype(int)
    year = np.floor((moved - start) / YEAR_DAYS)
    day = (moved - start) - year * YEAR_DAYS
    return np.clip(year, 0, stands.shift_days.shape[1] - 1).astype(np.int64), day.astype(np.float32)


def _at(by_year: Floats, year: NDArray[np.int64]) -> Floats:
    """Return (N, T) the value of each day's year."""
    return np.take_along_axis(by_year, year, axis=1)


@lru_cache(maxsize=64)
def _daily(knots: Knots) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return days, leaf area and brown share of a calendar, one value a day, without overshoot (PCHIP)."""
    at, lai, brown = np.array(knots, float).T
    days = np.arange(at[0], at[-1] + 1)
    return days, PchipInterpolator(at, lai)(days), PchipInterpolator(at, brown)(days)


def _curve(knots: Knots, position: Floats) -> tuple[Floats, Floats]:
    """Return leaf area and brown share at days of the calendar; no leaf before it starts and after it ends."""
    days, lai, brown = _daily(knots)
    inside = (position >= days[0]) & (position <= days[-1])
    area = np.where(inside, np.interp(position, days, lai), 0)
    return area.astype(np.float32), np.interp(position, days, brown).astype(np.float32)


def _left_by_cuts(stands: Stands, days: NDArray[np.int32]) -> Floats:
    """Return (N, T) the share of leaf that cuts have left, growing back exponentially."""
    year, day = _calendar(stands, days)
    left = np.ones(days.shape, np.float32)
    for number in range(stands.cut_days.shape[2]):
        since = day - _at(stands.cut_days[:, :, number], year)
        lost = np.where(since >= 0, 0.75 * np.exp(-since / CUT_RECOVERY_DAYS), 0)
        left = left * (1 - np.nan_to_num(lost)).astype(np.float32)
    return left


def _die(growth: Growth, stands: Stands, days: NDArray[np.int32]) -> Growth:
    """Let stands turn brown and lose needles over about two years, as after bark beetles."""
    ill = np.clip((days - stands.dieback_day[:, None]) / 500.0, 0, 1)
    brown = growth.brown + (0.75 - growth.brown).clip(0) * ill
    return replace(growth, brown=brown.astype(np.float32), lai=(growth.lai * (1 - 0.55 * ill)).astype(np.float32))


def _fell(growth: Growth, stands: Stands, days: NDArray[np.int32]) -> Growth:
    """Replace felled stands by slash and then by what comes up on a clearing."""
    since = (days - stands.felled_day[:, None]).astype(np.float32)
    if not (since >= 0).any():
        return growth
    lai, brown, leaf = _yearly(stands, days, "clearing")
    grown = 1 - np.exp(-np.clip(since, 0, None) / REGROWTH_DAYS)
    fresh = np.exp(-np.clip(since, 0, None) / 60)
    return _replace_where(
        since >= 0,
        growth,
        leaf=leaf,
        lai=0.35 + grown * lai + 0.9 * fresh,
        brown=np.clip(brown * grown + (1 - grown) * 0.9, 0, 1),
        woody=0.6 * fresh,
    )


def _plant(growth: Growth, stands: Stands, days: NDArray[np.int32]) -> Growth:
    """Show young stands as open ground with small trees that close up over some fifteen years."""
    age_years = (days - stands.planted_day[:, None]) / YEAR_DAYS
    is_young = np.isfinite(age_years) & (age_years < 15)
    if not is_young.any():
        return growth
    lai, brown, leaf = _yearly(stands, days, "clearing")
    trees = np.clip(np.nan_to_num(age_years, posinf=15) / 15, 0, 1) ** 2
    return _replace_where(
        is_young,
        growth,
        leaf=leaf,
        lai=lai * (0.4 + 0.4 * np.clip(age_years, 0, 1)) * (1 - trees) + growth.lai * trees,
        brown=brown * (1 - trees) + growth.brown * trees,
        woody=growth.woody * trees,
    )


def _replace_where(where: NDArray[np.bool_], growth: Growth, *, leaf: Leaf, **new: NDArray[np.floating]) -> Growth:
    parts = {k: np.where(where, v, getattr(growth, k)).astype(np.float32) for k, v in new.items()}
    return replace(growth, leaf=np.where(where, leaf, growth.leaf).astype(np.int8), **parts)
