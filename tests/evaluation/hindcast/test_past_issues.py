"""Hindcasts: nothing later than the issue date is looked at, and the baselines are what others measured."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from core.bands import channel
from core.cube import Series
from core.forecast import QUANTILES
from core.settings import Settings
from core.timeline import Days, to_date, to_day
from evaluation.hindcast.past_issues import (
    HISTORY_DAYS,
    Hindcasts,
    all_quantiles,
    baseline_errors,
    baseline_quantiles,
    first_seen,
    hindcast,
    monthly_issues,
    observed_targets,
    outcome_of,
)
from models.baselines.baseline_errors import lead_edges
from models.baselines.rules import BASELINES
from models.metrics.forecast_scores import score_table
from models.registry import find_checkpoint
from models.runtime import forecast
from tests.models.builders import START, wavy_series

NDVI = channel("NDVI")
EDGES = lead_edges(150)
ISSUES = [START + 500, START + 600, START + 700]


def guess(series: Series, issues: Days, targets: Days) -> np.ndarray:
    """A model that predicts the mean of all that it may see."""
    seen = np.where(series.days < issues[:, None], series.values[..., NDVI], np.nan)
    level = np.nanmean(seen, axis=1)[:, None, None]
    return np.broadcast_to(level + (np.array(QUANTILES) - 0.5) / 5, (*targets.shape, 5)).astype(np.float32)


def found(series: Series, issues: list[int] = ISSUES, horizon: int = 150) -> Hindcasts:
    return hindcast(series, issues, guess, lambda share: None, horizon_days=horizon)


def test_issue_dates_are_the_last_firsts_of_months() -> None:
    days = [to_date(d).isoformat() for d in monthly_issues(to_day(date(2022, 12, 30)), 1)]
    assert days == [f"2022-{m:02d}-01" for m in range(1, 13)]
    assert to_date(monthly_issues(to_day(date(2020, 3, 1)), 2)[0]) == date(2018, 4, 1)
    assert to_date(monthly_issues(to_day(date(2020, 3, 1)), 2)[-1]) == date(2020, 3, 1)


def test_targets_are_all_clear_observations_up_to_the_horizon() -> None:
    series = wavy_series(5)
    ndvi = series.values[..., NDVI]
    rows = np.array([True, True, False, True, True])
    targets, truth, kept = observed_targets(series.days, ndvi, ISSUES[0], ISSUES[0] + 100, rows)
    expected = np.isfinite(ndvi) & (series.days >= ISSUES[0]) & (series.days < ISSUES[0] + 100) & rows[:, None]
    np.testing.assert_array_equal(targets[kept], series.days[expected])
    np.testing.assert_array_equal(truth[kept], ndvi[expected])
    assert (np.diff(targets, axis=1) >= 0).all()


def test_every_target_is_forecast_once_from_every_issue_date_before_it() -> None:
    series = wavy_series(5)
    rows = found(series)
    answered = rows.take(rows.is_answered)
    ndvi = series.values[..., NDVI]
    for issue in ISSUES:
        window = np.isfinite(ndvi) & (series.days >= issue) & (series.days < issue + 150)
        assert (answered.issues == issue).sum() == window.sum()
    assert answered.leads.min() >= 1
    assert answered.leads.max() <= 150


def test_a_series_without_a_year_of_history_is_not_scored() -> None:
    series = wavy_series(4)
    series.values[2, series.days[2] < ISSUES[1] - HISTORY_DAYS + 1] = np.nan
    rows = found(series)
    answered = rows.take(rows.is_answered)
    assert ISSUES[0] not in answered.issues[answered.owner == 2]
    assert set(answered.issues[answered.owner == 0]) == set(ISSUES)
    assert (answered.issues - first_seen(series.days, series.values[..., NDVI])[answered.owner] >= HISTORY_DAYS).all()


def same(a: Hindcasts, b: Hindcasts, names: tuple[str, ...]) -> None:
    for name in names:
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name), err_msg=name)


@pytest.mark.parametrize("issue", ISSUES)
def test_observations_on_or_after_the_issue_date_change_nothing_of_its_forecasts(issue: int) -> None:
    series, changed = wavy_series(), wavy_series()
    later = changed.days >= issue
    changed.values[later] = np.where(np.isfinite(changed.values[later]), np.float32(0.11), np.nan)
    quantiles = []
    for source in (series, changed):
        rows = found(source)
        answered = rows.take(rows.is_answered & (rows.issues == issue))
        quantiles.append(all_quantiles(answered, rows, EDGES))
    assert np.isfinite(quantiles[0]).all()
    np.testing.assert_array_equal(quantiles[0], quantiles[1])


def test_forecasts_verified_later_change_nothing_that_baselines_have_learned_earlier() -> None:
    rows = found(wavy_series())
    changed = rows.truth.copy()
    changed[rows.targets >= ISSUES[1]] += 0.3
    spoiled = Hindcasts(**{**vars(rows), "truth": changed})
    first, other = (baseline_errors(r, ISSUES[1], EDGES) for r in (rows, spoiled))
    np.testing.assert_array_equal(first.residuals, other.residuals)
    np.testing.assert_array_equal(first.rho, other.rho)
    assert not np.array_equal(*(baseline_errors(r, ISSUES[2], EDGES).residuals for r in (rows, spoiled)))


def test_the_first_issue_date_has_verified_forecasts_to_learn_from() -> None:
    rows = found(wavy_series(), [START + HISTORY_DAYS + 20])
    answered = rows.take(rows.is_answered)
    width = np.ptp(baseline_quantiles(answered, rows, EDGES), axis=-1)
    assert (width > 0).all()


def test_an_outcome_names_the_place_of_each_target() -> None:
    rows = found(wavy_series(), horizon=40)
    answered = rows.take(rows.is_answered)
    edges = lead_edges(40)
    places = np.array(["a", "a", "b", "b", "c", "c"])
    outcome = outcome_of(answered, all_quantiles(answered, rows, edges), ("landcast", *BASELINES), places, edges)
    np.testing.assert_array_equal(outcome.places, places[answered.owner])
    assert outcome.leads == ("1-10", "11-25", "26-40")
    assert score_table(outcome)["landcast"]["all"].targets == len(answered.truth)


@pytest.mark.slow
@pytest.mark.real_data
def test_on_the_reference_sites_baselines_score_as_in_the_independent_harness(real_data: Path) -> None:
    from training.datasets import load_sets

    source = load_sets({"hrvpp_s2_sites": 1.0}, real_data)["hrvpp_s2_sites"]
    issues = [to_day(date(2022, month, 1)) for month in range(1, 13)]
    checkpoint = find_checkpoint("", "forecast", Settings())
    rows = hindcast(
        source.series,
        issues,
        lambda s, i, t: forecast(s, i, t, checkpoint).quantiles,
        lambda share: None,
        horizon_days=150,
    )
    answered = rows.take(rows.is_answered)
    outcome = outcome_of(answered, all_quantiles(answered, rows, EDGES), ("landcast", *BASELINES), source.places, EDGES)
    scores = score_table(outcome)
    assert scores["landcast"]["all"].targets == 9636
    # mean pinball and median absolute error, sites / visible, of the harness that lies beside the data
    for baseline, loss, error in (
        ("persistence", 0.0533, 0.1395),
        ("phase-folding", 0.0291, 0.0704),
        ("last year", 0.0332, 0.0741),
    ):
        assert scores[baseline]["all"].pinball == pytest.approx(loss, rel=0.03)
        assert scores[baseline]["all"].median_absolute_error == pytest.approx(error, rel=0.01)
    assert scores["landcast"]["all"].pinball < scores["phase-folding"]["all"].pinball
