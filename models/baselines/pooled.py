"""Pooled: what series that are forecast together show of a season, for each of them. No network.

A season that was seen on a hundred fields is a climatology for one that has none, and their mean anomaly is less noisy
than that of one (empirical Bayes with a random intercept: Robinson 1991, doi:10.1214/ss/1177011926).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core.bands import Floats
from core.cube import Series
from core.quantities import QUANTITIES
from core.timeline import Days
from models.baselines.alike import Company
from models.baselines.climatology import Expectation
from models.baselines.year_bins import BINS, kernel, year_bin

POOLED_FEATURES = 6
SMOOTH_DAYS, WIDE_DAYS = 8.0, 24.0
"""Widths of the kernels that the season of all series is smoothed by; the wide one fills what the narrow one misses."""
WIDE_WEIGHT = 0.05
"""So little that it counts only where the narrow one holds next to nothing."""
RECENT_DAYS = 60.0
"""Memory of the departures that are taken as of this year."""
OWN_COUNT, RECENT_COUNT = 1.0, 0.5
"""A series' own departure is drawn to none, as if by so many observations."""
FADING_DAYS = 60.0
FEWEST = 2
"""Different series that make a pool."""


@dataclass(frozen=True, kw_only=True)
class Pool:
    """The season of many series up to one day, by the time of year."""

    season: NDArray[np.float64]
    """(BINS,) mean; NaN where no series was ever seen."""
    count: NDArray[np.float64]
    """(BINS,) observations near that time of year."""
    anomaly: float
    """How far the last months of all series lie above the season, relative to where they usually lie."""
    members: int
    """Different series that were seen: a series that is given twice is one."""
    company: Company | None = None
    """What the series show one by one; None in training, where the network learns from their mean alone."""

    @classmethod
    def of(cls, days: Days, values: Floats, issue_day: int) -> "Pool":
        """Pool N series, whose order does not matter, nor how often each is given.

        Args:
            days: (N, T); values: (N, T), NaN = unseen.
            issue_day: observations on or after it are not looked at.
        """
        rows = _different(days, values, issue_day)
        return cls._of_different(days[rows], values[rows], issue_day)

    @classmethod
    def with_company(cls, days: Days, values: Floats, issue_day: int) -> "Pool":
        """Pool N series, and describe them one by one too; arguments as of `of`."""
        rows = _different(days, values, issue_day)
        days, values = days[rows], values[rows]
        return replace(cls._of_different(days, values, issue_day), company=Company.of(days, values, issue_day))

    @classmethod
    def _of_different(cls, days: Days, values: Floats, issue_day: int) -> "Pool":
        seen = np.isfinite(values) & (days < issue_day)
        at, y = year_bin(days), np.where(seen, values, 0.0).astype(np.float64)
        count = np.bincount(at[seen], minlength=BINS) @ _SMOOTH
        season = np.bincount(at[seen], y[seen], minlength=BINS) @ _SMOOTH / np.where(count > 0, count, np.nan)
        own, recent = _departures(days, y, seen, season, np.full(len(days), issue_day))
        known = seen.any(axis=1)
        anomaly = float((recent - own)[known].mean()) if known.any() else 0.0
        return cls(season=season, count=count, anomaly=anomaly, members=int(known.sum()))


Pools = Mapping[int, Pool]
"""Pools by issue day."""


def pools_of(
    series: Series,
    issue_days: Days,
    quantity: str = "NDVI",
    one: Callable[[Days, Floats, int], Pool] = Pool.with_company,
) -> Pools:
    """Return the pool of all series for each of their issue days, in the model's units of a quantity.

    Args:
        one: makes the pool of one day: `Pool.of`, or `Pool.with_company`.
    """
    history = QUANTITIES[quantity].model_values(series.values)
    return {int(day): one(series.days, history, int(day)) for day in np.unique(issue_days)}


def pooled_in_groups(
    groups: Iterable[tuple[NDArray[np.int64], Pool]],
    at: Expectation,
    days: Days,
    values: Floats,
    issue_days: Days,
    target_days: Days,
) -> Floats:
    """Return (N, H, POOLED_FEATURES): of each group of rows what its pool says, zeros for rows of none."""
    out = alone(target_days)
    for rows, pool in groups:
        mine = replace(at, base=at.base[rows], unit=at.unit[rows])
        out[rows] = pooled_features(pool, mine, days[rows], values[rows], issue_days[rows], target_days[rows])
    return out


def shifts(
    groups: Iterable[tuple[NDArray[np.int64], Pool]],
    at: Expectation,
    days: Days,
    values: Floats,
    issue_days: Days,
    target_days: Days,
    *,
    median: Floats,
) -> Floats:
    """Return (N, H) how far forecasts of groups of rows are moved towards series alike; 0 for rows of none."""
    out = np.zeros(target_days.shape, np.float32)
    for rows, pool in groups:
        if pool.company is None:
            continue
        mine = replace(at, doubt=at.doubt[rows], unit=at.unit[rows])
        history = days[rows], values[rows], issue_days[rows], target_days[rows]
        out[rows] = pool.company.shift(*history, median=median[rows], at=mine)
    return out


def pooled_features(
    pool: Pool, at: Expectation, days: Days, values: Floats, issue_days: Days, target_days: Days
) -> Floats:
    """Return (N, H, POOLED_FEATURES) what a pool says about dates, beside what each series says itself.

    A pool of one series says nothing that the series does not say itself: all zeros.

    Args:
        pool: of the issue day of all N series, or of an earlier one.
        at: what the series' own histories say.
        days, values: (N, T) of the series; issue_days: (N,); target_days: (N, H).
    """
    if pool.members < FEWEST:
        return alone(target_days)
    seen = np.isfinite(values) & (days < issue_days[:, None])
    own, recent = _departures(days, np.where(seen, values, 0.0).astype(np.float64), seen, pool.season, issue_days)
    when = year_bin(target_days)
    lead = np.maximum(target_days - issue_days[:, None] + 1, 0)
    usual = pool.season[when] + own[:, None]
    now = usual + (recent - own)[:, None] * np.exp(-lead / FADING_DAYS)
    known = np.minimum(pool.count[when], 1.0)
    parts = [
        known * (usual - at.base) / at.unit,
        known * (now - at.base) / at.unit,
        pool.anomaly / at.unit * np.exp(-lead / FADING_DAYS),
        (usual * 2 - 1) * known,
        np.log1p(pool.count[when]) / 5,
        np.full(when.shape, np.log1p(pool.members) / 5),
    ]
    return np.asarray(np.clip(np.nan_to_num(np.stack(parts, axis=-1)), -6, 6), np.float32)


def alone(target_days: Days) -> Floats:
    """Return (N, H, POOLED_FEATURES) of series that are forecast by themselves."""
    return np.zeros((*target_days.shape, POOLED_FEATURES), np.float32)


def _different(days: Days, values: Floats, issue_day: int) -> NDArray[np.int64]:
    """Return the rows of series that differ in what was seen before a day, one of each; series unseen are one."""
    seen = np.isfinite(values) & (days < issue_day)
    order = np.argsort(~seen, axis=1, kind="stable")
    known = np.take_along_axis(
        np.stack([np.where(seen, days, 0), np.where(seen, values, 0.0)], axis=-1), order[..., None], axis=1
    )
    if not known.size:
        return np.arange(len(days))
    return np.asarray(np.unique(known.reshape(len(days), -1), axis=0, return_index=True)[1], np.int64)


def _departures(
    days: Days,
    y: NDArray[np.float64],
    seen: NDArray[np.bool_],
    season: NDArray[np.float64],
    issue_days: NDArray[np.integer],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return (N,) how far each series lies above the season of all, over the whole history and recently."""
    gap = np.where(seen, y - season[year_bin(days)], 0.0)
    weight = np.where(seen, np.exp(-np.maximum(issue_days[:, None] - days, 0) / RECENT_DAYS), 0.0)
    own = gap.sum(axis=1) / (seen.sum(axis=1) + OWN_COUNT)
    recent = (weight * (gap - own[:, None])).sum(axis=1) / (weight.sum(axis=1) + RECENT_COUNT)
    return own, own + recent


_SMOOTH = kernel(SMOOTH_DAYS) + WIDE_WEIGHT * kernel(WIDE_DAYS)
