"""What the history alone predicts for a date: cycle, anomaly, last years. EarthPT corrects it. No network."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.bands import Floats
from core.timeline import YEAR_DAYS, Days
from models.baselines.harmonic import Harmonic

KERNEL_DAYS = (8.0, 16.0, 32.0)
MEMORY_DAYS = (8.0, 25.0, 80.0, 300.0)
PRIOR_COUNT = 3.0
"""Kernel means are drawn to the harmonic as if it were three observations (shrunk climatology, science.md II.1.5)."""
DAMPING_DAYS = 40.0
"""e-folding lead of the anomaly in the base; the network corrects it."""
UNSEEN_SPREAD = 0.2
"""NDVI: how far a season that was never seen may lie from the cycle of the others."""
UNSEEN_COUNT = 0.1
"""The doubt about an unseen season fades as if it had been seen so often."""
FEW_SPREAD, FEW_COUNT = 0.08, 3.0
"""The spread around a cycle that few observations define is drawn to that of most series, as if by so many more."""
LOCAL_DAYS = (6.0, 18.0)
"""Widths of the kernels around the target date itself: before the issue date they see both sides of a gap."""
WEEKS, WEEK_DAYS = 10, 12
"""Steps back from the issue date, and days of each: the course of the present season."""
FEATURES = 52 + 3 * WEEKS
_Seasonal = tuple[list[NDArray[np.float64]], list[NDArray[np.float64]]]
"""Of each of KERNEL_DAYS: (N, H) means, and how many observations are in each."""
_Memory = tuple[list[NDArray[np.float64]], list[NDArray[np.float64]], NDArray[np.float64]]
"""Of each of MEMORY_DAYS: (N,) anomalies, and how many observations are in each; (N,) age of the newest."""


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """Predictions of the history alone for N x H dates."""

    climatology: Floats
    """(N, H) NDVI of the seasonal cycle; NaN where the series was never seen."""
    base: Floats
    """(N, H) climatology plus the damped anomaly."""
    spread: Floats
    """(N, H) robust residual of the cycle, floored."""
    unit: Floats
    """(N, H) unit of the network's quantiles: the spread, and the doubt where the season or series was seen little."""
    doubt: Floats
    """(N, H) about the season of a target: 1 = never seen, 0 = seen often."""
    features: Floats
    """(N, H, FEATURES) finite, of order one."""
    traits: Floats
    """(N, TRAITS) level, yearly amplitude and spread of the history: which separate land covers."""


def expect(days: Days, ndvi: Floats, issue_days: Days, target_days: Days) -> Expectation:
    """Derive climatology, anomaly and features from the observations strictly before the issue date.

    Args:
        days: (N, T) days since 1970-01-01.
        ndvi: (N, T) -1..1; NaN = unseen.
        issue_days: (N,) observations on or after it are not looked at.
        target_days: (N, H) target dates.
    """
    past = _Past.of(days, ndvi, issue_days)
    issues, targets = _one_if_alike(issue_days), _one_if_alike(target_days)
    kernels = _kernels(past.days, targets)
    season, counts = seasonal = _seasonal(kernels, past.y, past.seen)
    cycle = past.fit.at(targets)
    climatology = (season[1] * counts[1] + cycle * PRIOR_COUNT) / (counts[1] + PRIOR_COUNT)
    memory = _memory(past.days, past.residual, past.seen, issues)
    base = climatology + memory[0][1][:, None] * np.exp(-_lead(issues, targets) / DAMPING_DAYS)
    doubt = UNSEEN_COUNT / (counts[-1] + UNSEEN_COUNT)
    unit = _unit(past.fit.spread, past.seen, doubt)
    parts = [
        *_of_season(past, seasonal, climatology, unit, targets),
        *_of_memory(past, memory, unit, issues, targets),
        *_of_date(past, kernels, unit, issues, targets),
        *_around(past, base, unit, issues, targets),
    ]
    never = np.asarray(~past.seen.any(axis=1))
    return Expectation(
        climatology=_blank(climatology, never),
        base=_blank(np.clip(base, -0.3, 1.0), never),
        spread=np.broadcast_to(past.fit.spread[:, None], target_days.shape).astype(np.float32),
        unit=unit.astype(np.float32),
        doubt=doubt.astype(np.float32),
        features=_stacked(parts, target_days),
        traits=past.fit.traits(),
    )


@dataclass(frozen=True, kw_only=True)
class _Past:
    """What was seen of N series before their issue dates: (N, T) each."""

    days: Days
    """Ascending; (1, T) if all series share their days."""
    seen: NDArray[np.bool_]
    raw: NDArray[np.float64]
    """0 where nothing was seen."""
    y: NDArray[np.float64]
    """Without what lies too far from the cycle: clouds and snow that were missed."""
    departure: NDArray[np.float64]
    """From the cycle."""
    residual: NDArray[np.float64]
    """The departure within its limits."""
    fit: Harmonic

    @classmethod
    def of(cls, days: Days, ndvi: Floats, issue_days: Days) -> "_Past":
        days, raw, seen = seen_alone(days, ndvi, issue_days)
        fit = Harmonic.of(days, raw, seen)
        departure = np.where(seen, raw - fit.at(days), 0.0)
        limit = 3.0 * fit.spread[:, None]
        residual = np.clip(departure, -limit, limit)
        y = raw - departure + residual
        return cls(days=days, seen=seen, raw=raw, y=y, departure=departure, residual=residual, fit=fit)


def seen_alone(days: Days, ndvi: Floats, end_days: Days) -> tuple[Days, NDArray[np.float64], NDArray[np.bool_]]:
    """Return days, NDVI (0 where unseen) and what is seen before the end days, without dates of which nothing is.

    Returns:
        Days (N, T) ascending, or (1, T) where all series share them; the others (N, T).
    """
    seen, one = np.isfinite(ndvi) & (days < end_days[:, None]), _one_if_alike(days)
    days, ndvi, seen = (_without_unseen_dates if len(one) == 1 else _compact)(one, ndvi, seen)
    return days, np.where(seen, ndvi, 0.0).astype(np.float64), seen


def _one_if_alike(days: Days) -> Days:
    """Return the first row of days (N, ...) alone if all are alike, as in a cube, else all.

    Whatever depends on dates alone is then computed once, and means of all series are one product of two matrices.
    """
    is_alike = len(days) > 0 and (days.strides[0] == 0 or bool((days == days[:1]).all()))
    return days[:1] if is_alike else days


def _stacked(parts: list[NDArray[np.float64]], target_days: Days) -> Floats:
    """Return (N, H, FEATURES) of features that are (N, H), or 1 in place of N or H where they are the same for all."""
    stacked = np.empty((len(parts), *target_days.shape), np.float32)
    for number, part in enumerate(parts):
        stacked[number] = part
    np.clip(stacked, -6, 6, out=stacked)
    stacked[np.isnan(stacked)] = 0
    return np.moveaxis(stacked, 0, -1)


def _of_season(
    past: _Past,
    seasonal: _Seasonal,
    climatology: NDArray[np.float64],
    unit: NDArray[np.float64],
    target_days: Days,
) -> list[NDArray[np.float64]]:
    """Return (N, H) features of what the time of year of a target has shown before."""
    season, counts = seasonal
    years = _last_years(past.days, past.y, past.seen, target_days)
    return [
        climatology * 2 - 1,
        past.fit.at(target_days) * 2 - 1,
        *((s - climatology) / unit * np.minimum(n, 1) for s, n in zip(season, counts, strict=True)),
        *(np.log1p(n) / 2 for n in counts),
        *((v - climatology) / unit * np.minimum(n, 1) for v, n in years),
        *(np.minimum(n, 1) for _, n in years),
    ]


def _of_memory(
    past: _Past, memory: _Memory, unit: NDArray[np.float64], issue_days: Days, target_days: Days
) -> list[NDArray[np.float64]]:
    """Return features of anomalies that are remembered, and of how much was seen: (N, H) or (N, 1)."""
    anomalies, weights, age = memory
    lead = _lead(issue_days, target_days)
    return [
        *(a[:, None] / unit * np.exp(-lead / d) for a, d in zip(anomalies, (20, 50, 120, 400), strict=True)),
        *(a[:, None] / unit for a in anomalies),
        *(np.log1p(w)[:, None] for w in weights),
        *(v[:, None] for v in _level(past.y, past.seen, past.days, issue_days, age)),
    ]


def _of_date(
    past: _Past,
    kernels: list[NDArray[np.float32]],
    unit: NDArray[np.float64],
    issue_days: Days,
    target_days: Days,
) -> list[NDArray[np.float64]]:
    """Return (N, H) features of how sure the cycle is on a date, where it goes, and of the date itself."""
    noise = _seasonal(kernels, np.abs(past.residual), past.seen)[0][1:]
    lead, phase, cycle = _lead(issue_days, target_days), 2 * np.pi * target_days / YEAR_DAYS, past.fit.at
    return [
        np.log(unit) / 2 + 1,
        *(np.log(n + 0.005) / 2 + 1 for n in noise),
        *(n / unit - 1 for n in noise),
        (cycle(target_days) - cycle(issue_days[:, None])) * 2,
        (cycle(target_days + 10) - cycle(target_days - 10)) * 4,
        lead / 150,
        np.log1p(lead) / 5,
        np.sin(phase),
        np.cos(phase),
    ]


def _around(
    past: _Past, base: NDArray[np.float64], unit: NDArray[np.float64], issue_days: Days, target_days: Days
) -> list[NDArray[np.float64]]:
    """Return features of what was seen around a target, and in the weeks before the issue date: (N, H) or (N, 1)."""
    near = _near(past.days, past.y, past.seen, target_days, base)
    value, departure, known = _course(past.days, past.raw, past.departure, past.seen, issue_days)
    return [
        *(v / unit for v, _ in near),
        *(n for _, n in near[:-1]),
        *(v[:, None] for v in (value * 2 - known).T),
        *(v[:, None] / unit for v in departure.T),
        *(n[:, None] for n in known.T),
    ]


def _lead(issue_days: Days, target_days: Days) -> NDArray[np.float64]:
    """Return (N, H) days ahead, 1 on the issue date; 0 before it."""
    return np.asarray(np.maximum(target_days - issue_days[:, None] + 1, 0), np.float64)


def _compact(days: Days, ndvi: Floats, seen: NDArray[np.bool_]) -> tuple[Days, Floats, NDArray[np.bool_]]:
    """Return only what was seen, left-aligned and ascending: most dates are cloudy, and all that follows costs by date.

    Places behind the last observation repeat its day.
    """
    width = max(1, int(seen.sum(axis=1).max(initial=0)))
    order = np.argsort(~seen, axis=1, kind="stable")[:, :width]
    at, kept = np.take_along_axis(days, order, axis=1), np.take_along_axis(seen, order, axis=1)
    ascending = np.maximum.accumulate(np.where(kept, at, at[:, :1]), axis=1)
    return ascending, np.take_along_axis(ndvi, order, axis=1), kept


def _without_unseen_dates(days: Days, ndvi: Floats, seen: NDArray[np.bool_]) -> tuple[Days, Floats, NDArray[np.bool_]]:
    """Return (1, T) shared days without those on which no series was seen; one at least."""
    kept = np.asarray(seen.any(axis=0))
    kept[:1] |= not kept.any()
    return days[:, kept], ndvi[:, kept], seen[:, kept]


def _unit(spread: NDArray[np.float64], seen: NDArray[np.bool_], doubt: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (N, H) the unit of the network's quantiles, of (N,) spreads and (N, H) doubts about seasons."""
    count = seen.sum(axis=1)
    own = (count * spread**2 + FEW_COUNT * FEW_SPREAD**2) / (count + FEW_COUNT)
    return np.asarray(np.sqrt(own[:, None] + UNSEEN_SPREAD**2 * doubt))


def _kernels(days: Days, targets: Days) -> list[NDArray[np.float32]]:
    """Return for each of KERNEL_DAYS (N, H, T) how near days lie to the target's time of year.

    Each width is half of the next one: a narrow kernel is the fourth power of a wide one.
    """
    gap = np.abs(targets[:, :, None] - days[:, None, :]).astype(np.float32) % np.float32(YEAR_DAYS)
    gap = np.minimum(gap, np.float32(YEAR_DAYS) - gap)
    wide = np.exp(np.float32(-0.5) * (gap / np.float32(KERNEL_DAYS[-1])) ** 2)
    middle = (wide * wide) ** 2
    return [(middle * middle) ** 2, middle, wide]


def _seasonal(kernels: list[NDArray[np.float32]], y: NDArray[np.float64], seen: NDArray[np.bool_]) -> _Seasonal:
    means, counts = zip(*(_weighted(kernel, y, seen) for kernel in kernels), strict=True)
    return list(means), list(counts)


def _weighted(
    weight: NDArray[np.floating], y: NDArray[np.float64], seen: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return (N, H) means of (N, T) values, and how many there are, by weights (N, H, T) or (1, H, T) for all."""
    if len(weight) != 1:
        count, total = (np.matmul(weight, v[..., None].astype(np.float32))[..., 0] for v in (seen, y))
    else:
        shared = weight[0].T.astype(np.float32, copy=False)
        count, total = (v.astype(np.float32) @ shared for v in (seen, y))
    known = count.astype(np.float64)
    return total / np.maximum(known, 1e-6), known


def _memory(days: Days, residual: NDArray[np.float64], seen: NDArray[np.bool_], issue: Days) -> _Memory:
    gap = np.maximum(issue[:, None] - days, 0)
    anomalies, weights = [], []
    for memory in MEMORY_DAYS:
        w = np.exp(-gap / memory) * seen
        total = w.sum(axis=1)
        anomalies.append((w * residual).sum(axis=1) / (total + 0.3))
        weights.append(total)
    return anomalies, weights, np.where(seen, gap, np.inf).min(axis=1)


def _last_years(
    days: Days, y: NDArray[np.float64], seen: NDArray[np.bool_], targets: Days
) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    out = []
    for back in (1, 2, 3):
        gap = (targets[:, :, None] - round(back * YEAR_DAYS) - days[:, None, :]).astype(np.float32)
        out.append(_weighted(np.exp(-0.5 * (gap / np.float32(12)) ** 2), y, seen))
    return out


def _near(
    days: Days, y: NDArray[np.float64], seen: NDArray[np.bool_], targets: Days, base: NDArray[np.float64]
) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Return (N, H) departures from the base around target dates, and how much is known of each.

    Means of what was seen within weeks, the last observation before and the first one after, and the line between
    those; 0 where there is none. If a target was observed, its own observation counts as the one before it.

    Args:
        days: (N, T) ascending, or (1, T); targets: (N, H), or (1, H).
    """
    gap = (targets[:, :, None] - days[:, None, :]).astype(np.float32)
    means = (_weighted(np.exp(np.float32(-0.5) * (gap / np.float32(w)) ** 2), y, seen) for w in LOCAL_DAYS)
    local = [((v - base) * np.minimum(n, 1), np.log1p(n)) for v, n in means]
    before, after = neighbours(days, seen, targets)
    sides = []
    for at, step in ((before, 1), (after, -1)):
        found = at >= 0
        row = np.maximum(at, 0)
        away = step * (targets - np.take_along_axis(np.broadcast_to(days, y.shape), row, axis=1))
        value = np.where(found, np.take_along_axis(y, row, axis=1) - base, 0.0)
        sides.append((value, np.where(found, 1 / (1 + np.maximum(away, 0) / 10), 0.0)))
    (left, near_left), (right, near_right) = sides
    total = np.maximum(near_left + near_right, 1e-9)
    is_inside = (near_left > 0) & (near_right > 0)
    line = np.where(is_inside, (left * near_left + right * near_right) / total, 0.0)
    return [*local, *sides, (line, is_inside.astype(np.float64))]


def _course(
    days: Days,
    raw: NDArray[np.float64],
    departure: NDArray[np.float64],
    seen: NDArray[np.bool_],
    issue: Days,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return (N, WEEKS) means of what was seen in steps back from the issue date, of its departures, and how much was.

    Departures are not limited as elsewhere: a harvest or a fire is no cloud if the next dates confirm it.
    """
    centre = (issue[:, None] - WEEK_DAYS * (np.arange(WEEKS) + 0.5)).astype(np.float32)
    gap = centre[:, :, None] - days[:, None, :].astype(np.float32)
    kernel = np.exp(np.float32(-0.5) * (gap / np.float32(WEEK_DAYS / 2)) ** 2)
    value, count = _weighted(kernel, raw, seen)
    away, _ = _weighted(kernel, departure, seen)
    known = np.minimum(count, 1)
    return value * known, away * known, known


def neighbours(days: Days, seen: NDArray[np.bool_], targets: Days) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (N, H) positions of the last seen day up to each target and of the first one after it; -1 = none.

    Args:
        days: (N, T) ascending, or (1, T); targets: (N, H), or (1, H).
    """
    rows, length = seen.shape
    number = np.arange(length)
    last = np.maximum.accumulate(np.where(seen, number, -1), axis=1)
    first = np.minimum.accumulate(np.where(seen, number, length)[:, ::-1], axis=1)[:, ::-1]
    at = np.broadcast_to(_counted_up_to(days, targets), (rows, targets.shape[1]))
    padded_last = np.concatenate([np.full((rows, 1), -1), last], axis=1)
    padded_first = np.concatenate([first, np.full((rows, 1), length)], axis=1)
    after = np.take_along_axis(padded_first, at, axis=1)
    return np.take_along_axis(padded_last, at, axis=1), np.where(after < length, after, -1)


def _counted_up_to(days: Days, targets: Days) -> NDArray[np.int64]:
    """Return (N, H) how many of (N, T) days, or (1, T), lie at or before each target (N, H), or (1, H)."""
    rows, length = max(len(days), len(targets)), days.shape[1]
    if rows == 1:
        return np.asarray(np.searchsorted(days[0], targets[0], side="right")[None], np.int64)
    days, targets = (np.broadcast_to(a, (rows, a.shape[1])) for a in (days, targets))
    start = int(min(days.min(initial=0), targets.min(initial=0)))
    span = int(max(days.max(initial=0), targets.max(initial=0))) - start + 1
    own = (np.arange(rows) * span)[:, None]
    flat = (days.astype(np.int64) - start + own).ravel()
    at = np.searchsorted(flat, targets.astype(np.int64) - start + own, side="right")
    return np.asarray(at - np.arange(rows)[:, None] * length)


def _level(
    y: NDArray[np.float64], seen: NDArray[np.bool_], days: Days, issue: Days, age: NDArray[np.float64]
) -> list[NDArray[np.float64]]:
    count = seen.sum(axis=1)
    mean = y.sum(axis=1) / np.maximum(count, 1)
    spread = np.sqrt((np.where(seen, y - mean[:, None], 0) ** 2).sum(axis=1) / np.maximum(count, 1))
    newest = np.where(seen, days, np.iinfo(np.int32).min).argmax(axis=1)
    last = np.take_along_axis(y, newest[:, None], axis=1)[:, 0]
    span = np.where(count > 0, issue - np.where(seen, days, issue[:, None]).min(axis=1), 0)
    return [mean, spread, np.log1p(count) / 5, span / (5 * YEAR_DAYS), last, np.log1p(np.minimum(age, 3650.0)) / 5]


def _blank(values: NDArray[np.float64], never: NDArray[np.bool_]) -> Floats:
    return np.where(never[:, None], np.nan, values).astype(np.float32)
