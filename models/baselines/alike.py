"""Alike: the season that the series of a company show which are most like one of them. No network.

A season that was seen once in one series holds its own accidents, as the days on which it was mown or cloudy; that of
the series whose last two years were most alike holds fewer (analogues: Lorenz 1969,
doi:10.1175/1520-0469(1969)26<636:APARBN>2.0.CO;2).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.bands import Floats
from core.timeline import Days
from models.baselines.climatology import UNSEEN_COUNT, Expectation
from models.baselines.year_bins import BINS, kernel, year_bin

Doubles = NDArray[np.float64]
SMOOTH_DAYS = 8.0
STEP_DAYS, STEPS = 10, 60
"""Steps back from the issue date in which series are compared: the last 600 days."""
FEWEST_STEPS = 6
"""Steps that two series must share to be compared."""
NEAREST, FEWEST = 15, 5
"""Series that are taken as alike, and fewer than which are too few."""
MOST = 512
"""Series of a company that are compared with each one: bounds time and memory."""
OWN_COUNT = 1.0
"""A series' own departure is drawn to none, as if by so many observations."""
SAME = 1e-4
"""Mean squared difference below which two series are one, seen twice: it is below the noise of observations."""
WEIGHT, OWN_SEASON, SPREADS = 0.6, 5.0, 2.0
"""Weight of the season of series alike; it is halved where the series itself has seen a season so often, and where they
differ by so many units of its forecast. Chosen on fields, sites and forests of years before 2022
(benchmarks/forecasts/pooled_companies.py)."""
FIRST_DAY, RAMP_DAYS = 10, 20
"""Lead from which on forecasts are moved, and within which more and more."""


@dataclass(frozen=True, kw_only=True)
class Company:
    """M series up to one day, as others are compared with them."""

    recent: Doubles
    """(M, STEPS) mean NDVI in steps back from the issue date; NaN = unseen."""
    total: Doubles
    """(M, BINS) sums of NDVI by time of year."""
    count: Doubles
    """(M, BINS) how many observations those are of."""

    @classmethod
    def of(cls, days: Days, values: Floats, issue_day: int) -> "Company":
        """Describe N series, at most MOST of them, drawn by what was seen of them: not by their order.

        Args:
            days: (N, T); values: (N, T), NaN = unseen.
            issue_day: observations on or after it are not looked at.
        """
        seen = np.isfinite(values) & (days < issue_day)
        known = np.flatnonzero(seen.sum(axis=1) >= FEWEST_STEPS)
        mark = np.where(seen, values, 0.0).astype(np.float64).sum(axis=1)[known]
        order = np.argsort(mark * 1e6 % 1.0, kind="stable")[:MOST]  # digits that say nothing of the level
        rows = known[order]
        return cls(**_described(days[rows], values[rows], np.full(len(rows), issue_day)))

    def season(self, days: Days, values: Floats, issue_days: Days, target_days: Days) -> tuple[Floats, Floats]:
        """Say what series alike, and each series itself, show of dates.

        Args:
            days: (N, T); values: (N, T), NaN = unseen; issue_days: (N,), those of the company; target_days: (N, H).

        Returns:
            (N, H) NDVI, NaN where too few series are alike or saw the time of year; (N, 1) mean squared difference of
            those series from each in the last 600 days, NaN where none is alike.
        """
        own = _described(days, values, issue_days)
        if not len(self.recent):
            return np.full(target_days.shape, np.nan, np.float32), np.full((len(days), 1), np.nan, np.float32)
        nearest, gap = self._nearest(own["recent"])
        is_alike = np.isfinite(gap)
        total, count = (
            mine + np.where(is_alike[..., None], others[nearest], 0.0).sum(axis=1)
            for mine, others in ((own["total"], self.total), (own["count"], self.count))
        )
        total, count = total @ _SMOOTH, count @ _SMOOTH
        season = total / np.where(count > 1, count, np.nan)  # (N, BINS)
        above = np.nansum(np.where(own["count"] > 0, own["total"] - own["count"] * season, 0.0), axis=1)
        level = above / (own["count"].sum(axis=1) + OWN_COUNT)
        found = np.take_along_axis(season, year_bin(target_days), axis=1) + level[:, None]
        number = is_alike.sum(axis=1)
        mean = np.where(is_alike, gap, 0.0).sum(axis=1) / np.where(number > 0, number, np.nan)
        return np.where((number >= FEWEST)[:, None], found, np.nan).astype(np.float32), mean[:, None].astype(np.float32)

    def shift(
        self, days: Days, values: Floats, issue_days: Days, target_days: Days, *, median: Floats, at: Expectation
    ) -> Floats:
        """Return (N, H) how far forecasts are moved towards the season of series alike.

        The less the series itself has seen of a season, and the more alike the others are to it, the further. The next
        days are left as they are: there its own last observations say more.

        Args:
            days: (N, T); values: (N, T), NaN = unseen; issue_days: (N,), those of the company; target_days: (N, H).
            median: (N, H) of the forecasts.
            at: what the series' own histories say.
        """
        season, difference = self.season(days, values, issue_days, target_days)
        lead = target_days - issue_days[:, None] + 1
        own = UNSEEN_COUNT / at.doubt - UNSEEN_COUNT
        spread = (SPREADS * at.unit) ** 2
        weight = WEIGHT * OWN_SEASON / (own + OWN_SEASON) * spread / (spread + difference)
        weight *= np.clip((lead - FIRST_DAY) / RAMP_DAYS, 0, 1)
        return np.asarray(np.nan_to_num(weight * (season - median)), np.float32)

    def _nearest(self, recent: Doubles) -> tuple[NDArray[np.int64], Doubles]:
        """Return (N, K) numbers of the nearest series but for itself, and mean squared differences; infinite = none."""
        seen, others = np.isfinite(recent).astype(np.float64), np.isfinite(self.recent).astype(np.float64)
        x, y = np.nan_to_num(recent), np.nan_to_num(self.recent)
        shared = seen @ others.T
        square = (x**2) @ others.T - 2 * x @ y.T + seen @ (y**2).T
        gap = np.where(shared >= FEWEST_STEPS, square / np.maximum(shared, 1), np.inf)
        gap[gap < SAME] = np.inf
        nearest = np.asarray(np.argsort(gap, axis=1, kind="stable")[:, :NEAREST], np.int64)
        return nearest, np.take_along_axis(gap, nearest, axis=1)


def _described(days: Days, values: Floats, issue_days: NDArray[np.integer]) -> dict[str, Doubles]:
    """Return the fields of a company of N series."""
    age = issue_days[:, None] - 1 - days
    seen = np.isfinite(values) & (age >= 0)
    step = age // STEP_DAYS
    recent, number = _sums(step, values, seen & (step < STEPS), STEPS)
    total, count = _sums(year_bin(days), values, seen, BINS)
    return {"recent": recent / np.where(number > 0, number, np.nan), "total": total, "count": count}


def _sums(place: NDArray[np.integer], values: Floats, used: NDArray[np.bool_], size: int) -> tuple[Doubles, Doubles]:
    """Return (N, size) sums of (N, T) values by their place, and how many there are."""
    at = (np.arange(len(values))[:, None] * size + place)[used]
    shape = (len(values), size)
    total = np.bincount(at, values[used].astype(np.float64), len(values) * size)
    count = np.bincount(at, minlength=len(values) * size)
    return np.asarray(total.reshape(shape), np.float64), np.asarray(count.reshape(shape), np.float64)


_SMOOTH = kernel(SMOOTH_DAYS)
