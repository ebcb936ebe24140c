"""Scores of probabilistic forecasts, and skill with intervals from resampling places and dates. No models, no files."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.bands import Floats
from core.forecast import QUANTILES

DRAWS = 500
MOVING_DATES = 6
"""Issue dates drawn together: neighbouring ones share targets, and seasons differ from year to year."""
SMALLEST_LOSS = 1e-9
"""Of a baseline that is always right, so that the skill against it is a number."""


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A figure with its 95 % interval from resampling places."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.4f} [{self.low:.4f}, {self.high:.4f}]"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """R targets: the quantiles of M methods, and the observations."""

    methods: tuple[str, ...]
    quantiles: Floats
    """(R, M, Q) ascending along Q."""
    truth: Floats
    """(R,) NDVI."""
    owner: NDArray[np.int64]
    """(R,) number of the series."""
    places: NDArray[np.str_]
    """(R,) block that is resampled as a whole: a series, or neighbouring pixels."""
    issues: NDArray[np.int32]
    """(R,) issue date, days since 1970-01-01."""
    bins: NDArray[np.int64]
    """(R,) lead bin."""
    leads: tuple[str, ...]
    """Names of the B lead bins."""


@dataclass(frozen=True, kw_only=True)
class Score:
    """How well one method did at some leads; every figure is the mean over series of each series' own."""

    targets: int
    pinball: float
    median_absolute_error: float
    coverage_50: float
    """Share of outcomes within the 50 % interval."""
    coverage_90: float


def pinball(quantiles: Floats, truth: Floats) -> Floats:
    """Return (...,) the mean pinball loss over QUANTILES (..., Q)."""
    levels = np.array(QUANTILES, np.float32)
    u = truth[..., None] - quantiles
    return np.asarray(np.maximum(levels * u, (levels - 1) * u).mean(axis=-1), np.float32)


def score_table(outcome: Outcome) -> dict[str, dict[str, Score]]:
    """Return scores by method, then by lead: `all` and the names of the lead bins; bins without a target are absent."""
    chosen = {"all": np.ones(len(outcome.truth), np.bool_)}
    chosen |= {name: outcome.bins == number for number, name in enumerate(outcome.leads)}
    return {
        method: {
            lead: _score(outcome.quantiles[rows, number], outcome.truth[rows], outcome.owner[rows])
            for lead, rows in chosen.items()
            if rows.any()
        }
        for number, method in enumerate(outcome.methods)
    }


def skill_table(outcome: Outcome, subject: str, baselines: Sequence[str]) -> dict[str, dict[str, Interval]]:
    """Return skill 1 - S / S_baseline of a method by baseline, then by lead as in `score_table`.

    S is the mean over series of each series' mean pinball loss. The 95 % interval resamples places, and in each a
    moving block of issue dates (paired: all methods of a draw are scored on the same targets).
    """
    names = ("all", *outcome.leads)
    methods = (subject, *baselines)
    columns = [outcome.methods.index(name) for name in methods]
    loss = np.stack([pinball(outcome.quantiles[:, c], outcome.truth) for c in columns], axis=1)
    low, value, high = _skill(loss, outcome)
    return {
        baseline: {
            name: Interval(value=float(value[b, m]), low=float(low[b, m]), high=float(high[b, m]))
            for b, name in enumerate(names)
            if np.isfinite(value[b, m])
        }
        for m, baseline in enumerate(baselines, start=1)
    }


def _score(quantiles: Floats, truth: Floats, owner: NDArray[np.int64]) -> Score:
    inside = [(truth >= quantiles[:, a]) & (truth <= quantiles[:, b]) for a, b in ((1, 3), (0, 4))]
    return Score(
        targets=len(truth),
        pinball=_mean_of_means(pinball(quantiles, truth), owner),
        median_absolute_error=_mean_of_medians(np.abs(truth - quantiles[:, 2]), owner),
        coverage_50=_mean_of_means(inside[0].astype(np.float32), owner),
        coverage_90=_mean_of_means(inside[1].astype(np.float32), owner),
    )


def _mean_of_means(values: Floats, owner: NDArray[np.int64]) -> float:
    count = np.bincount(owner)
    return float((np.bincount(owner, values)[count > 0] / count[count > 0]).mean())


def _mean_of_medians(values: Floats, owner: NDArray[np.int64]) -> float:
    order = np.lexsort((values, owner))
    _, first, count = np.unique(owner[order], return_index=True, return_counts=True)
    ranked = values[order]
    return float(((ranked[first + (count - 1) // 2] + ranked[first + count // 2]) / 2).mean())


def _skill(loss: Floats, outcome: Outcome) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return (B + 1, M) lower end, value and upper end of the skill of the first method."""
    total, count, places = _by_series_and_date(loss, outcome)
    _, place = np.unique(places, return_inverse=True)
    members = [np.flatnonzero(place == p) for p in range(int(place.max()) + 1)]
    rng = np.random.default_rng(0)
    dates = total.shape[-1]
    sims = []
    for _ in range(DRAWS):
        drawn = rng.integers(0, len(members), len(members))
        weight = np.repeat(_moving(rng, len(drawn), dates), [len(members[p]) for p in drawn], axis=0)
        rows = np.concatenate([members[p] for p in drawn])
        sims.append(_ratio(total[:, :, rows], count[:, rows], weight))
    value = _ratio(total, count, np.ones((total.shape[2], dates), np.float32))
    filled = np.where(np.isfinite(sims), sims, value)  # a draw without any target of a bin has no score there
    low, high = np.percentile(np.nan_to_num(filled), [2.5, 97.5], axis=0)
    return low, value, high


def _by_series_and_date(loss: Floats, outcome: Outcome) -> tuple[Floats, Floats, NDArray[np.str_]]:
    """Return summed loss (B + 1, M, S, I), number of targets (B + 1, S, I) and place (S,) of each series."""
    _, first, series = np.unique(outcome.owner, return_index=True, return_inverse=True)
    _, date = np.unique(outcome.issues, return_inverse=True)
    shape = (len(outcome.leads), len(first), int(date.max()) + 1)
    cell = np.ravel_multi_index((outcome.bins, series, date), shape)
    size = int(np.prod(shape))
    sums = [np.bincount(cell, column, size).reshape(shape) for column in loss.T]
    total = np.stack(sums, axis=1)
    count = np.bincount(cell, minlength=size).reshape(shape)
    with_all = [np.concatenate([a.sum(axis=0, keepdims=True), a]).astype(np.float32) for a in (total, count)]
    return with_all[0], with_all[1], outcome.places[first]


def _moving(rng: np.random.Generator, places: int, dates: int) -> Floats:
    """Return (places, dates) how often each date is drawn: moving blocks, as many dates as there are."""
    length = max(1, min(MOVING_DATES, dates // 2))
    start = rng.integers(0, dates - length + 1, (places, -(-dates // length)))
    drawn = (start[..., None] + np.arange(length)).reshape(places, -1)[:, :dates]
    cell = drawn + dates * np.arange(places)[:, None]
    return np.bincount(cell.ravel(), minlength=places * dates).reshape(places, dates).astype(np.float32)


def _ratio(total: Floats, count: Floats, weight: Floats) -> NDArray[np.float64]:
    """Return (B + 1, M) 1 - mean loss of the first method / mean loss; NaN where there is no target."""
    targets = np.einsum("bsi,si->bs", count, weight)
    means = np.einsum("bmsi,si->bms", total, weight) / np.maximum(targets, 1)[:, None]
    with np.errstate(invalid="ignore"):
        mean = means.sum(axis=2) / (targets > 0).sum(axis=1)[:, None]
    return np.asarray(1 - mean[:, :1] / np.maximum(mean, SMALLEST_LOSS), np.float64)
