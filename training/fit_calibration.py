"""Calibration of forecasters: their errors in years or places that they did not learn from."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.checkpoint import Checkpoint
from core.cube import Series
from core.forecast import QUANTILES
from evaluation.hindcast.past_issues import observed_targets
from models.baselines.climatology import expect
from models.calibration.quantiles import Calibration, fit
from models.runtime import forecast
from training.sampling import NDVI

HORIZON_DAYS = 150


@dataclass(frozen=True, kw_only=True)
class Unlearned:
    """Series with observations that a forecaster did not learn from: a year, or a place."""

    checkpoint: Checkpoint
    """The forecaster; a calibration on its card is not applied."""
    series: Series
    issues: tuple[int, ...]
    """Issue dates, days since 1970-01-01."""
    until: int
    """Targets on or after this day are left out."""
    history_days: int | None = None
    """Longest history, days before the issue date; None = all."""


def calibrate(held: Sequence[Unlearned]) -> Calibration:
    """Fit a calibration on raw forecasts; each source counts as one, and each series in it the same."""
    parts = [_hindcasts(source, issue) for source in held for issue in source.issues]
    owner = np.concatenate([np.full(len(p[1]), number) for number, p in enumerate(parts)])
    quantiles, truth, lead, traits, series = (np.concatenate(column) for column in zip(*parts, strict=True))
    source_of = np.array([number for number, source in enumerate(held) for _ in source.issues])
    return fit(quantiles, truth, lead, traits, _weights(source_of[owner], series), sources=len(held))


def _hindcasts(source: Unlearned, issue: int) -> tuple[np.ndarray, ...]:
    """Return quantiles (R, Q), truth, lead, traits (R, 3) and number of the series (R,) of one issue date."""
    series = _with_history(source, issue)
    ndvi = series.values[..., NDVI]
    has_history = np.asarray((np.isfinite(ndvi) & (series.days < issue)).any(axis=1))
    until = min(issue + HORIZON_DAYS, source.until)
    targets, truth, kept = observed_targets(series.days, ndvi, issue, until, has_history)
    issues = np.full(len(series), issue, np.int32)
    predicted = forecast(series, issues, targets, source.checkpoint, is_calibrated=False).quantiles
    traits = expect(series.days, ndvi, issues, targets[:, :1]).traits
    owner = np.broadcast_to(np.arange(len(series))[:, None], kept.shape)
    return (
        predicted[kept].reshape(-1, len(QUANTILES)),
        truth[kept],
        (targets - issue + 1)[kept],
        traits[owner[kept]],
        owner[kept],
    )


def _with_history(source: Unlearned, issue: int) -> Series:
    """Return the series without what lies further back than the longest history."""
    if source.history_days is None:
        return source.series
    first = np.full(len(source.series), issue - source.history_days, np.int32)
    return source.series.between(first, np.full_like(first, source.until))


def _weights(source: np.ndarray, series: np.ndarray) -> np.ndarray:
    """Return (R,) so that sources weigh the same, and in each its series."""
    _, unit = np.unique(np.stack([source, series]), axis=1, return_inverse=True)
    each = 1.0 / np.bincount(unit.ravel())[unit.ravel()]
    return np.asarray(each / np.bincount(source, each)[source])
