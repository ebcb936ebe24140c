"""The simple forecasters that a model has to beat: five rules on a series' own past. No network, no files.

All take the observations as they are and look only at those strictly before each series' issue date. Definitions:
`docs/guides/evaluating.md`. Shapes: N series, T dates, H target dates.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.bands import Floats
from core.timeline import YEAR_DAYS, Days
from models.baselines.climatology import expect

BASELINES = ("persistence", "last year", "phase-folding", "day-of-year median", "damped anomaly")
"""Names, in the order of the K axis."""
GAP_DAYS = 45
"""Last year's value is interpolated; farther than this from any observation it is unknown."""
FOLD_DAYS = (8, 16, 32, 64, 183)
"""Half-widths of the window of phase-folding; the first that holds a value is used."""
MEDIAN_DAYS = (15, 30, 60, 183)
MEDIAN_COUNT = 3
"""The window of the day-of-year median is doubled until it holds three values; the last one needs but one."""
RECENT = 6
RECENT_DAYS = 60
"""The anomaly is that of the six newest observations of the last sixty days, newer ones weighing more."""
SMALLEST_UNIT = 0.015
"""NDVI: noise of a clear observation; no series varies less."""
BATCH = 64
"""Series worked on at once: the (N, H, T) arrays of more would leave the processor's cache."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Predictions of each rule for N x H dates, before anything is learned from earlier forecasts."""

    rules: Floats
    """(N, H, 4) the first four of BASELINES; NaN for a series never seen."""
    climatology: Floats
    """(N, H) the shrunk seasonal cycle."""
    anomaly: Floats
    """(N,) departure of the newest observations from it; 0 where there are none."""
    unit: Floats
    """(N,) NDVI: how much the series varies, geometric mean of its standard deviation and of its robust residual
    around the cycle. Errors of rules are in this unit, so that those of one series hold for others."""

    def points(self, rho: Floats) -> Floats:
        """Return (N, H, K) the point forecasts of BASELINES, given the share rho (N, H) of the anomaly that is left."""
        damped = self.climatology + self.anomaly[:, None] * rho
        return np.concatenate([self.rules, damped[..., None]], axis=-1).astype(np.float32)

    def flat(self, kept: NDArray[np.bool_]) -> "Evidence":
        """Return the R of N x H dates that are kept (N, H) as R series of one date each."""
        owner, _ = np.nonzero(kept)
        return Evidence(
            rules=self.rules[kept][:, None],
            climatology=self.climatology[kept][:, None],
            anomaly=self.anomaly[owner],
            unit=self.unit[owner],
        )

    def take(self, rows: NDArray[np.bool_]) -> "Evidence":
        """Return some of the series."""
        return Evidence(**{name: values[rows] for name, values in vars(self).items()})

    @classmethod
    def joined(cls, parts: Sequence["Evidence"]) -> "Evidence":
        """Return the series of all parts."""
        return cls(**{name: np.concatenate([getattr(p, name) for p in parts]) for name in cls.__dataclass_fields__})


def weigh(days: Days, ndvi: Floats, issues: Days, targets: Days) -> Evidence:
    """Apply every rule.

    Args:
        days: (N, T) days since 1970-01-01, ascending.
        ndvi: (N, T) -1..1; NaN = unseen.
        issues: (N,) observations on or after it are not looked at.
        targets: (N, H) target dates.
    """
    parts = []
    for first in range(0, max(1, len(days)), BATCH):
        rows = slice(first, first + BATCH)
        parts.append(_weigh(*compact(days[rows], ndvi[rows], issues[rows]), issues[rows], targets[rows]))
    return Evidence.joined(parts)


def _weigh(days: Days, ndvi: Floats, issues: Days, targets: Days) -> Evidence:
    climatology, anomaly, unit = season_anomaly_unit(days, ndvi, issues, targets)
    last = persistence(days, ndvi, issues, targets)
    rules = [rule(days, ndvi, issues, targets) for rule in (last_year, phase_fold, day_of_year_median)]
    known = [np.where(np.isnan(r), last, r) for r in rules]
    return Evidence(rules=np.stack([last, *known], axis=-1), climatology=climatology, anomaly=anomaly, unit=unit)


def compact(days: Days, ndvi: Floats, issues: Days) -> tuple[Days, Floats]:
    """Return (N, T') the observations before the issue dates alone, in order; the rest of a row is padding."""
    seen = np.isfinite(ndvi) & (days < issues[:, None])
    width = max(1, int(seen.sum(axis=1).max(initial=0)))
    at = np.argsort(~seen, axis=1, kind="stable")[:, :width]
    kept = np.take_along_axis(seen, at, axis=1)
    newest = np.where(seen, days, np.iinfo(np.int32).min).max(axis=1, keepdims=True)
    return (
        np.where(kept, np.take_along_axis(days, at, axis=1), newest).astype(np.int32),
        np.where(kept, np.take_along_axis(ndvi, at, axis=1), np.float32(np.nan)).astype(np.float32),
    )


def persistence(days: Days, ndvi: Floats, issues: Days, targets: Days) -> Floats:
    """Return (N, H) the last value seen."""
    seen = np.isfinite(ndvi) & (days < issues[:, None])
    at = np.where(seen, np.arange(days.shape[1]), -1).max(axis=1)
    value = np.where(at >= 0, np.take_along_axis(ndvi, np.maximum(at, 0)[:, None], axis=1)[:, 0], np.nan)
    return np.broadcast_to(value[:, None], targets.shape).astype(np.float32)


def last_year(days: Days, ndvi: Floats, issues: Days, targets: Days) -> Floats:
    """Return (N, H) the value one year before, linear in time; NaN farther than 45 days from an observation."""
    days, ndvi = compact(days, ndvi, issues)
    then = targets - YEAR_DAYS
    count = np.isfinite(ndvi).sum(axis=1)[:, None]
    before = (np.isfinite(ndvi)[:, None] & (days[:, None] <= then[:, :, None])).sum(axis=2) - 1
    left, right = np.clip(before, 0, None), np.clip(before + 1, 0, np.maximum(count - 1, 0))
    day = [np.take_along_axis(days, at, axis=1).astype(np.float64) for at in (left, right)]
    value = [np.take_along_axis(ndvi, at, axis=1) for at in (left, right)]
    share = np.clip((then - day[0]) / np.maximum(day[1] - day[0], 1), 0, 1)
    near = np.minimum(np.abs(then - day[0]), np.abs(then - day[1])) <= GAP_DAYS
    return np.where(near & (count > 0), value[0] + share * (value[1] - value[0]), np.nan).astype(np.float32)


def phase_fold(days: Days, ndvi: Floats, issues: Days, targets: Days) -> Floats:
    """Return (N, H) the mean of past values within 8 days of the target's day of year: the baseline of EarthPT's paper.

    Where no past value is so near, the window is widened.
    """
    seen = np.isfinite(ndvi) & (days < issues[:, None])
    gap = _gap(days, targets)
    out = np.full(targets.shape, np.nan, np.float32)
    for half in FOLD_DAYS:
        near = (gap <= half) & seen[:, None]
        count = near.sum(axis=2)
        mean = np.matmul(near.astype(np.float32), np.nan_to_num(ndvi)[..., None])[..., 0] / np.maximum(count, 1)
        out = np.where(np.isnan(out) & (count > 0), mean, out).astype(np.float32)
        if np.isfinite(out).all():
            break
    return out


def day_of_year_median(days: Days, ndvi: Floats, issues: Days, targets: Days) -> Floats:
    """Return (N, H) the median of past values within 15 days of the target's day of year.

    Where fewer than three values are so near, the window is doubled.
    """
    seen = np.isfinite(ndvi) & (days < issues[:, None])
    order = np.argsort(np.where(seen, ndvi, np.inf), axis=1)  # by value, so that a median is a rank
    ndvi, seen = np.take_along_axis(ndvi, order, axis=1), np.take_along_axis(seen, order, axis=1)
    gap = _gap(np.take_along_axis(days, order, axis=1), targets)
    out = np.full(targets.shape, np.nan, np.float32)
    for half in MEDIAN_DAYS:
        rank = ((gap <= half) & seen[:, None]).cumsum(axis=2, dtype=np.int16)
        count = rank[..., -1]
        middle = [np.take_along_axis(ndvi, (rank >= k[..., None]).argmax(axis=2), axis=1) for k in _middle(count)]
        enough = count >= (MEDIAN_COUNT if half < MEDIAN_DAYS[-1] else 1)
        out = np.where(np.isnan(out) & enough, (middle[0] + middle[1]) / 2, out).astype(np.float32)
        if np.isfinite(out).all():
            break
    return out


def season_anomaly_unit(days: Days, ndvi: Floats, issues: Days, targets: Days) -> tuple[Floats, Floats, Floats]:
    """Return (N, H) the shrunk climatology, (N,) how far the newest observations depart from it, (N,) the unit."""
    seen = np.isfinite(ndvi) & (days < issues[:, None])
    at = np.argsort(np.where(seen, -days, np.iinfo(np.int32).max), axis=1, kind="stable")[:, :RECENT]
    newest, value = (np.take_along_axis(a, at, axis=1) for a in (days, ndvi))
    found = expect(days, ndvi, issues, np.concatenate([targets, newest], axis=1))
    age = (issues[:, None] - newest).astype(np.float64)
    fresh = np.take_along_axis(seen, at, axis=1) & (age <= RECENT_DAYS)
    weight = np.where(fresh, 1 / (5 + np.maximum(age, 0)), 0)
    gap = np.where(fresh, value - found.climatology[:, targets.shape[1] :], 0)
    anomaly = (weight * gap).sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-9)
    unit = np.sqrt(found.spread[:, 0] * np.maximum(_deviation(ndvi, seen), SMALLEST_UNIT))
    return found.climatology[:, : targets.shape[1]], anomaly.astype(np.float32), unit.astype(np.float32)


def _deviation(ndvi: Floats, seen: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return (N,) the standard deviation of what was seen."""
    count = np.maximum(seen.sum(axis=1, keepdims=True), 1)
    mean = np.where(seen, ndvi, 0).sum(axis=1, keepdims=True, dtype=np.float64) / count
    return np.asarray(np.sqrt((np.where(seen, ndvi - mean, 0) ** 2).sum(axis=1) / count[:, 0]))


def _middle(count: NDArray[np.int16]) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
    """Return the ranks, counted from 1, whose mean is the median."""
    return np.maximum((count + 1) // 2, 1), np.maximum(count // 2 + 1, 1)


def _gap(days: Days, targets: Days) -> NDArray[np.float32]:
    """Return (N, H, T) the distance in days on the yearly circle."""
    gap = np.abs(targets[:, :, None] - days[:, None, :]).astype(np.float32) % np.float32(YEAR_DAYS)
    return np.asarray(np.minimum(gap, np.float32(YEAR_DAYS) - gap), np.float32)
