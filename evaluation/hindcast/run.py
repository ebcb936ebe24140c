"""Hindcasts of a user's own series or cube: forecast again from past dates, scored, and a blend fitted on them.

Scores and baselines are in models/; what is printed, written and drawn is in report.py.
"""

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.bands import channel
from core.checkpoint import Checkpoint
from core.cube import Series
from core.errors import InvalidOption
from core.forecast import Forecast
from core.progress import Progress
from core.timeline import Days, to_date
from core.version import software_version
from evaluation.hindcast.findings import findings
from evaluation.hindcast.past_issues import (
    HISTORY_DAYS,
    Hindcasts,
    all_quantiles,
    baseline_errors,
    first_seen,
    hindcast,
    monthly_issues,
    outcome_of,
)
from evaluation.hindcast.result import BLEND, Basis, HeldOut, HindcastResult
from evaluation.hindcast.sample import Sample
from models.baselines.baseline_errors import lead_bin, lead_edges
from models.baselines.blend import METHODS, MIN_TARGETS, MODEL, Blend, fit_weights
from models.baselines.rules import BASELINES
from models.metrics.forecast_scores import Outcome, score_table, skill_table
from models.runtime import forecast as run_model

HINDCAST_SHARE = 0.9
"""Share of the work that forecasting again is counted as."""
MAX_HORIZON = 366
NDVI = channel("NDVI")

Forecaster = Callable[[Series, Days, Days, Checkpoint], Forecast]
"""Series of N, issue dates (N,), targets (N, H) and the model's checkpoint -> forecast, NaN where it gives none."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Options of a hindcast."""

    issues: tuple[int, ...] = ()
    """Issue dates, days since 1970-01-01; empty = the firsts of months of the last `years`."""
    years: int = 1
    horizon_days: int = 150
    is_blend_wanted: bool = False


def run_hindcast(
    sample: Sample, checkpoint: Checkpoint, plan: Plan, progress: Progress, *, forecast: Forecaster = run_model
) -> HindcastResult:
    """Forecast the past of a sample again and score the forecasts beside those of simple baselines.

    Args:
        sample: series and their places.
        checkpoint: of the model.
        plan: issue dates, horizon, and whether a blend is wanted.
        progress: called with the share done, 0..1.
        forecast: runs the model.

    Raises:
        InvalidOption: the horizon is out of range, no series has a year of history before an issue date and an
            observation after it, or there is too little to fit a blend on.
    """
    if not 1 <= plan.horizon_days <= MAX_HORIZON:
        raise InvalidOption("--horizon", f"{plan.horizon_days}d", f"it is 1 to {MAX_HORIZON} days")
    edges = lead_edges(plan.horizon_days)
    issues = _usable_issues(sample, plan)
    found = hindcast(
        sample.series,
        issues,
        lambda series, issue, targets: forecast(series, issue, targets, checkpoint).quantiles,
        lambda share: progress(HINDCAST_SHARE * share),
        horizon_days=plan.horizon_days,
    )
    answered = found.take(found.is_answered)
    if not len(answered.truth):
        raise _too_short(sample, issues)
    unanswered = int((np.isin(found.issues, issues) & found.is_grown & ~found.is_answered).sum())
    blend, held_out = None, None
    if plan.is_blend_wanted:
        split = _split(sample, answered)
        blend = _fit(sample, found, split, checkpoint, edges)
        answered, held_out = answered.take(split.scored(answered)), split.held_out
    outcome = _outcome(sample, answered, found, edges, blend)
    basis = _basis(sample, checkpoint, plan, outcome)
    result = _result(replace(basis, unanswered=unanswered, held_out=held_out), outcome, blend)
    progress(1.0)
    return result


@dataclass(frozen=True, kw_only=True)
class _Split:
    """Which forecasts a blend is fitted on, and which it is scored on."""

    start: int
    """Targets for fitting lie before it, issue dates for scoring on or after it."""
    is_fitted: NDArray[np.bool_]
    """(N,) series whose place the blend is fitted on."""
    is_scored: NDArray[np.bool_]
    """(N,) series whose place is scored."""
    held_out: HeldOut

    def fitted(self, rows: Hindcasts) -> NDArray[np.bool_]:
        return np.asarray((rows.targets < self.start) & self.is_fitted[rows.owner])

    def scored(self, rows: Hindcasts) -> NDArray[np.bool_]:
        return np.asarray((rows.issues >= self.start) & self.is_scored[rows.owner])


def _split(sample: Sample, answered: Hindcasts) -> _Split:
    """Hold out the last year, or the later half of one, and half of the places.

    Raises:
        InvalidOption: too little is left to fit on, or to score.
    """
    issues = np.unique(answered.issues)
    late = issues[issues > issues[-1] - HISTORY_DAYS]
    start = int(late[0] if len(late) < len(issues) else issues[len(issues) // 2])
    names = sorted(np.unique(sample.places[answered.owner]), key=lambda n: (zlib.crc32(str(n).encode()), n))
    fitted = names[: (len(names) + 1) // 2] if len(names) > 1 else names
    is_fitted = np.isin(sample.places, fitted)
    is_scored = ~is_fitted if len(names) > 1 else is_fitted
    held_out = HeldOut(first_issue=to_date(start), is_apart_in_place=len(names) > 1)
    split = _Split(start=start, is_fitted=is_fitted, is_scored=is_scored, held_out=held_out)
    left = int(split.fitted(answered).sum())
    if left < MIN_TARGETS or not split.scored(answered).any():
        raise InvalidOption(
            "INPUT",
            sample.name,
            f"a blend needs {MIN_TARGETS} or more clear observations to be fitted on, and later ones to be scored on; "
            f"{left} are forecast before {held_out.first_issue} in the places to fit on; give a longer history or more "
            "--years",
        )
    return split


def _fit(sample: Sample, found: Hindcasts, split: _Split, checkpoint: Checkpoint, edges: tuple[int, ...]) -> Blend:
    """Fit a blend on nothing but the part that is not held out."""
    past = found.take(split.fitted(found))
    answered = past.take(past.is_answered)
    quantiles = all_quantiles(answered, past, edges)  # each issue date sees only earlier targets
    bins = lead_bin(answered.leads, edges)
    return Blend(
        model=checkpoint.name,
        model_sha256=checkpoint.sha256,
        weights=fit_weights(quantiles, answered.truth, answered.owner, bins, len(edges) - 1),
        baseline_errors=baseline_errors(past, split.start, edges),
        fitted_on={
            "input": sample.name,
            "simulated": sample.is_simulated,
            sample.unit: len(np.unique(answered.owner)),
            "issue_dates": _dates(answered.issues),
            "targets": len(answered.truth),
            "targets_before": str(to_date(split.start)),
            "places_apart_from_those_judged_on": split.held_out.is_apart_in_place,
            "software_version": software_version(),
        },
    )


def _outcome(
    sample: Sample, answered: Hindcasts, found: Hindcasts, edges: tuple[int, ...], blend: Blend | None
) -> Outcome:
    methods: tuple[str, ...] = METHODS
    quantiles = all_quantiles(answered, found, edges)
    if blend is not None:  # as --blend applies it: with the errors that were known when it was fitted
        leads = answered.leads
        baselines = blend.baseline_errors.quantiles(answered.evidence, leads[:, None])[:, 0]
        mixed = blend.mix(answered.quantiles, baselines, leads)
        quantiles, methods = np.concatenate([quantiles, mixed[:, None]], axis=1), (*METHODS, BLEND)
    return outcome_of(answered, quantiles, methods, sample.places, edges)


def _basis(sample: Sample, checkpoint: Checkpoint, plan: Plan, outcome: Outcome) -> Basis:
    return Basis(
        input=sample.name,
        unit=sample.unit,
        series=len(np.unique(outcome.owner)),
        total=sample.total,
        places=len(np.unique(outcome.places)),
        issue_dates=tuple(_dates(outcome.issues)),
        targets=len(outcome.truth),
        horizon_days=plan.horizon_days,
        is_simulated=sample.is_simulated,
        model=checkpoint.name,
        model_sha256=checkpoint.sha256,
    )


def _result(basis: Basis, outcome: Outcome, blend: Blend | None) -> HindcastResult:
    scores = score_table(outcome)
    skills = {MODEL: skill_table(outcome, MODEL, BASELINES)}
    if blend is not None:
        skills[BLEND] = skill_table(outcome, BLEND, METHODS)
    return HindcastResult(
        basis=basis,
        leads=("all", *outcome.leads),
        scores=scores,
        skills=skills,
        findings=findings(scores, skills),
        blend=blend,
    )


def _usable_issues(sample: Sample, plan: Plan) -> list[int]:
    """Return the issue dates at which some series has a year of history before and an observation after.

    Raises:
        InvalidOption: there is none.
    """
    ndvi = sample.series.values[..., NDVI]
    first = first_seen(sample.series.days, ndvi)
    last = np.where(np.isfinite(ndvi), sample.series.days, first[:, None]).max(axis=1)
    wanted = sorted(set(plan.issues)) or monthly_issues(int(last.max()), plan.years)
    found = [issue for issue in wanted if ((first + HISTORY_DAYS <= issue) & (last >= issue)).any()]
    if not found:
        raise _too_short(sample, wanted)
    return found


def _too_short(sample: Sample, issues: Sequence[int]) -> InvalidOption:
    days = sample.series.days[np.isfinite(sample.series.values[..., NDVI])]
    reach = f"{to_date(days.min())} to {to_date(days.max())}"
    dates = f"{to_date(issues[0])} to {to_date(issues[-1])}" if len(issues) > 1 else f"{to_date(issues[0])}"
    return InvalidOption(
        "INPUT",
        sample.name,
        f"a hindcast needs a year of history before an issue date and a clear observation after it, and no "
        f"{'pixel' if sample.unit == 'pixels' else 'series'} has both (observations {reach}, issue dates {dates})",
    )


def _dates(issues: Any) -> list[str]:
    return [to_date(int(i)).isoformat() for i in np.unique(issues)]
