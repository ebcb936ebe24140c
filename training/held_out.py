"""Hindcast scores of forecasters, with intervals and a baseline beside them. Draws no pictures, reads no files."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.bands import Floats
from core.checkpoint import Checkpoint
from core.cube import Series
from core.forecast import QUANTILES
from evaluation.hindcast.past_issues import observed_targets
from models.baselines.climatology import expect
from models.baselines.rules import phase_fold
from models.metrics.bootstrap import bootstrap
from models.metrics.forecast_scores import Interval, pinball
from models.runtime import forecast
from training.sampling import NDVI


@dataclass(frozen=True, kw_only=True)
class HindcastScore:
    """Forecasts of one period against observations, and against phase-folding."""

    targets: int
    pinball: Interval
    baseline_pinball: Interval
    skill: Interval
    """1 - pinball / pinball of the baseline."""
    coverage_50: float
    coverage_90: float
    median_absolute_error: float


def hindcast_score(
    series: Series, places: NDArray[np.str_], issues: list[int], until: int, checkpoint: Checkpoint
) -> HindcastScore:
    """Forecast from each issue date and score on every clear observation up to 150 days ahead.

    Args:
        issues: issue dates, days since 1970-01-01; only observations strictly before each are used.
        until: targets on or after this day are left out.
    """
    parts = [_one_issue(series, issue, min(issue + 150, until), checkpoint) for issue in issues]
    owner, truth, quantiles, baseline = (np.concatenate(p) for p in zip(*parts, strict=True))
    loss = pinball(quantiles, truth)
    baseline_loss = pinball(baseline, truth)
    groups = places[owner]
    return HindcastScore(
        targets=len(truth),
        pinball=bootstrap(lambda w: _mean(loss, w, owner), groups),
        baseline_pinball=bootstrap(lambda w: _mean(baseline_loss, w, owner), groups),
        skill=bootstrap(lambda w: 1 - _mean(loss, w, owner) / _mean(baseline_loss, w, owner), groups),
        coverage_50=float(np.mean((truth >= quantiles[:, 1]) & (truth <= quantiles[:, 3]))),
        coverage_90=float(np.mean((truth >= quantiles[:, 0]) & (truth <= quantiles[:, 4]))),
        median_absolute_error=float(np.median(np.abs(truth - quantiles[:, 2]))),
    )


def _one_issue(
    series: Series, issue: int, until: int, checkpoint: Checkpoint
) -> tuple[NDArray[np.int64], Floats, Floats, Floats]:
    ndvi = series.values[..., NDVI]
    known = np.asarray((np.isfinite(ndvi) & (series.days < issue)).any(axis=1))
    targets, truth, kept = observed_targets(series.days, ndvi, issue, until, known)
    issues = np.full(len(series), issue, np.int32)
    result = forecast(series, issues, targets, checkpoint)
    folded = phase_fold(series.days, ndvi, issues, targets)
    residual = _past_residuals(series, issue)
    spread = np.stack([folded + r[:, None] for r in residual], axis=-1)
    owner = np.broadcast_to(np.arange(len(series))[:, None], kept.shape)
    return owner[kept], truth[kept], result.quantiles[kept], spread[kept].astype(np.float32)


def _past_residuals(series: Series, issue: int) -> list[Floats]:
    """Return for each quantile (N,) the residuals of the history around its own cycle: the baseline's spread."""
    ndvi, seen = series.values[..., NDVI], series.days < issue
    issues = np.full(len(series), issue, np.int32)
    cycle = expect(series.days, ndvi, issues, series.days).climatology
    with np.errstate(invalid="ignore"):
        residual = np.where(seen, ndvi - cycle, np.nan)
    residual[~np.asarray(np.isfinite(residual).any(axis=1))] = 0
    return [np.nanquantile(residual, q, axis=1).astype(np.float32) * (q != 0.5) for q in QUANTILES]


def _mean(loss: Floats, weight: NDArray[np.float64], owner: NDArray[np.int64]) -> float:
    """Return the mean over series of each series' mean loss, series weighted by their group's draws."""
    count = np.bincount(owner)
    means = np.bincount(owner, loss) / np.maximum(count, 1)
    first = np.zeros(len(count))
    first[owner] = weight
    return float((means * first)[count > 0].sum() / max(first[count > 0].sum(), 1e-9))
