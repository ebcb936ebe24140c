"""Hindcasts: the past of series forecast again from issue dates, as if nothing later were known. No files, no pictures.

Scores are in models/metrics/forecast_scores.py; the baselines, and what they learn from earlier hindcasts, are in
models/baselines/.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from core.bands import Floats, channel
from core.cube import Series
from core.forecast import QUANTILES
from core.progress import Progress
from core.timeline import Days, to_date, to_day
from models.baselines.baseline_errors import MIN_RESIDUALS, BaselineErrors, lead_bin, lead_names
from models.baselines.rules import BASELINES, Evidence, weigh
from models.metrics.forecast_scores import Outcome

HISTORY_DAYS = 365
"""A series is scored at the issue dates before which its history is at least so long."""
SPIN_UP_DAYS = 180
"""Baselines learn from their own forecasts once a history is so long: the first scored dates need verified ones."""

Predict = Callable[[Series, Days, Days], Floats]
"""Series of N, issue dates (N,), targets (N, H) -> NDVI quantiles (N, H, Q) of the model."""


@dataclass(frozen=True, kw_only=True)
class Hindcasts:
    """R forecasts of clear observations, in order of their issue dates."""

    owner: NDArray[np.int64]
    """(R,) number of the series."""
    issues: Days
    """(R,) issue date; only observations strictly before it were used."""
    targets: Days
    """(R,) date of the observation."""
    truth: Floats
    """(R,) NDVI observed."""
    evidence: Evidence
    """What each baseline's rule predicts, R series of one date each."""
    quantiles: Floats
    """(R, Q) what the model predicts; NaN where it was not run."""
    is_grown: NDArray[np.bool_]
    """(R,) the history was a year long."""

    @property
    def leads(self) -> NDArray[np.int64]:
        """Days ahead: target - issue + 1."""
        return np.asarray(self.targets - self.issues + 1, np.int64)

    @property
    def is_answered(self) -> NDArray[np.bool_]:
        """(R,) the model was run, and gave a forecast."""
        return np.asarray(np.isfinite(self.quantiles).all(axis=1))

    def take(self, rows: NDArray[np.bool_]) -> "Hindcasts":
        """Return some of the forecasts."""
        kept = {name: values[rows] for name, values in vars(self).items() if name != "evidence"}
        return Hindcasts(**kept, evidence=self.evidence.take(rows))


def monthly_issues(last: int, years: int) -> list[int]:
    """Return the last 12 * years firsts of a month up to a day, ascending."""
    day = to_date(last)
    months = [day.year * 12 + day.month - 1 - back for back in range(12 * years)]
    return sorted(to_day(date(m // 12, m % 12 + 1, 1)) for m in months)


def first_seen(days: Days, ndvi: Floats) -> Days:
    """Return (N,) the day of the first clear observation; the last possible day where there is none."""
    return np.asarray(np.where(np.isfinite(ndvi), days, np.iinfo(np.int32).max).min(axis=1), np.int32)


def observed_targets(
    days: Days, ndvi: Floats, issue: int, until: int, rows: NDArray[np.bool_]
) -> tuple[Days, Floats, NDArray[np.bool_]]:
    """Return the clear observations from an issue date on.

    Args:
        days: (N, T); ndvi: (N, T), NaN = unseen.
        issue: first day; until: first day that is left out.
        rows: (N,) series that are wanted.

    Returns:
        (N, H) days, ascending, (N, H) NDVI, and (N, H) which are real: the rest is padding, the last one repeated.
    """
    fit = np.isfinite(ndvi) & (days >= issue) & (days < until) & rows[:, None]
    width = max(1, int(fit.sum(axis=1).max(initial=0)))
    at = np.argsort(~fit, axis=1, kind="stable")[:, :width]
    kept = np.take_along_axis(fit, at, axis=1)
    targets = np.where(kept, np.take_along_axis(days, at, axis=1), issue)
    targets = np.where(kept, targets, targets.max(axis=1, keepdims=True)).astype(np.int32)
    return targets, np.take_along_axis(ndvi, at, axis=1), kept


def hindcast(
    series: Series, issues: Sequence[int], predict: Predict, progress: Progress, *, horizon_days: int
) -> Hindcasts:
    """Forecast the past: the model from the issue dates, the baselines from every first of a month before as well.

    Args:
        series: N series with all their observations.
        issues: issue dates, days since 1970-01-01.
        predict: the model.
        progress: called with the share done, 0..1.
        horizon_days: observations so far ahead are targets.
    """
    ndvi = series.values[..., channel("NDVI")]
    first = first_seen(series.days, ndvi)
    every = sorted({*issues, *_months(int(first.min()) + SPIN_UP_DAYS, max(issues))})
    parts = []
    for number, issue in enumerate(every):
        model = predict if issue in issues else None
        parts.append(_from_issue(series, issue, issue - first.astype(np.int64), horizon_days, model))
        progress((number + 1) / len(every))
    return _joined(parts)


def baseline_quantiles(rows: Hindcasts, past: Hindcasts, edges: tuple[int, ...]) -> Floats:
    """Return (R, K, Q) the baselines' quantiles of forecasts.

    Args:
        rows: the R forecasts.
        past: forecasts to learn from; of these, each issue date sees only those whose targets precede it.
        edges: of the lead bins.
    """
    out = np.full((len(rows.truth), len(BASELINES), len(QUANTILES)), np.nan, np.float32)
    for issue in np.unique(rows.issues):
        here = rows.issues == issue
        found = baseline_errors(past, int(issue), edges)
        out[here] = found.quantiles(rows.evidence.take(here), rows.leads[here][:, None])[:, 0]
    return out


def baseline_errors(past: Hindcasts, before: int, edges: tuple[int, ...]) -> BaselineErrors:
    """Return the errors of the baselines in forecasts that were verified before a day.

    A lead bin with enough of them uses only those with a full year of history: without it there is no last year.
    """
    known = past.take(past.targets < before)
    bins = lead_bin(known.leads, edges)
    is_short = np.bincount(bins[known.is_grown], minlength=len(edges) - 1) < MIN_RESIDUALS
    seen = known.take(known.is_grown | is_short[bins])
    return BaselineErrors.of(seen.evidence, seen.leads, seen.truth, edges)


def all_quantiles(rows: Hindcasts, past: Hindcasts, edges: tuple[int, ...]) -> Floats:
    """Return (R, M, Q) the quantiles of the model, then of its baselines; arguments as of `baseline_quantiles`."""
    return np.concatenate([rows.quantiles[:, None], baseline_quantiles(rows, past, edges)], axis=1)


def outcome_of(
    rows: Hindcasts, quantiles: Floats, methods: tuple[str, ...], places: NDArray[np.str_], edges: tuple[int, ...]
) -> Outcome:
    """Put forecasts together for scoring.

    Args:
        rows: R forecasts.
        quantiles: (R, M, Q) of the methods.
        methods: M names.
        places: (N,) block of each series.
        edges: of the lead bins.
    """
    return Outcome(
        methods=methods,
        quantiles=quantiles,
        truth=rows.truth,
        owner=rows.owner,
        places=places[rows.owner],
        issues=rows.issues,
        bins=lead_bin(rows.leads, edges),
        leads=tuple(lead_names(edges)),
    )


def _months(first: int, last: int) -> list[int]:
    """Return the firsts of months in some days, both ends included."""
    years = to_date(last).year - to_date(first).year + 1
    return [day for day in monthly_issues(last, years) if day >= first]


def _from_issue(
    series: Series, issue: int, age: NDArray[np.int64], horizon_days: int, predict: Predict | None
) -> Hindcasts:
    ndvi = series.values[..., channel("NDVI")]
    old, grown = age >= SPIN_UP_DAYS, age >= HISTORY_DAYS
    targets, truth, kept = observed_targets(series.days, ndvi, issue, issue + horizon_days, old)
    rows = np.flatnonzero(kept.any(axis=1))
    targets, truth, kept = targets[rows], truth[rows], kept[rows]
    issues = np.full(len(rows), issue, np.int32)
    quantiles = np.full((*targets.shape, len(QUANTILES)), np.nan, np.float32)
    modelled = np.flatnonzero(grown[rows])
    if predict is not None and len(modelled):
        quantiles[modelled] = predict(series.take(rows[modelled]), issues[modelled], targets[modelled])
    owner = np.broadcast_to(rows[:, None], kept.shape)
    return Hindcasts(
        owner=owner[kept],
        issues=np.full(int(kept.sum()), issue, np.int32),
        targets=targets[kept],
        truth=truth[kept],
        evidence=weigh(series.days[rows], ndvi[rows], issues, targets).flat(kept),
        quantiles=quantiles[kept],
        is_grown=grown[owner[kept]],
    )


def _joined(parts: Sequence[Hindcasts]) -> Hindcasts:
    names = [name for name in Hindcasts.__dataclass_fields__ if name != "evidence"]
    joined = {name: np.concatenate([getattr(p, name) for p in parts]) for name in names}
    return replace(parts[0], **joined, evidence=Evidence.joined([p.evidence for p in parts]))
