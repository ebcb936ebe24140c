"""Hindcast scores of a forecaster against what was observed and against phase-folding."""

from dataclasses import replace

import numpy as np
import pytest

from core.bands import channel
from core.checkpoint import Checkpoint
from core.settings import Settings
from models.registry import find_checkpoint
from tests.models.builders import START, wavy_series
from training.held_out import HindcastScore, hindcast_score

ISSUES = [START + 900, START + 1000]
PLACES = np.array([f"place{i // 2}" for i in range(8)])


@pytest.fixture(scope="module")
def forecaster() -> Checkpoint:
    return find_checkpoint("ndvi-small-before-2022", "forecast", Settings())


@pytest.fixture(scope="module")
def found(forecaster: Checkpoint) -> HindcastScore:
    return hindcast_score(wavy_series(8, dates=160), PLACES, ISSUES, START + 1200, forecaster)


def test_every_observation_of_150_days_after_an_issue_date_is_a_target_until_the_last_day(found: HindcastScore) -> None:
    series = wavy_series(8, dates=160)
    seen = np.isfinite(series.values[..., channel("NDVI")])
    ahead = [((series.days >= i) & (series.days < min(i + 150, START + 1200)) & seen).sum() for i in ISSUES]
    assert found.targets == sum(ahead)


def test_the_skill_is_the_gain_over_the_baseline(found: HindcastScore) -> None:
    assert found.skill.value == pytest.approx(1 - found.pinball.value / found.baseline_pinball.value)
    assert found.pinball.low <= found.pinball.value <= found.pinball.high
    assert 0 < found.pinball.value < 0.05, "waves are easy"
    assert 0 <= found.coverage_50 <= found.coverage_90 <= 1
    assert 0 < found.median_absolute_error < 0.1


def test_what_came_after_the_last_target_does_not_count(found: HindcastScore, forecaster: Checkpoint) -> None:
    series = wavy_series(8, dates=160)
    values = series.values.copy()
    values[series.days >= START + 1200] = 0.9
    again = hindcast_score(replace(series, values=values), PLACES, ISSUES, START + 1200, forecaster)
    assert again == found


def test_targets_far_from_the_forecast_raise_the_score(found: HindcastScore, forecaster: Checkpoint) -> None:
    series = wavy_series(8, dates=160)
    values = series.values.copy()
    ndvi = channel("NDVI")
    after = series.days >= ISSUES[-1]
    values[..., ndvi] = np.where(after, values[..., ndvi] - 0.3, values[..., ndvi])
    spoiled = hindcast_score(replace(series, values=values), PLACES, ISSUES, START + 1200, forecaster)
    assert spoiled.targets == found.targets
    assert spoiled.pinball.value > 2 * found.pinball.value
    assert spoiled.coverage_90 < found.coverage_90
