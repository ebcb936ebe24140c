from datetime import timedelta

import numpy as np
import pytest

from core.bands import CHANNELS, channel
from core.checkpoint import Checkpoint
from core.cube import Series
from core.settings import Settings
from core.timeline import to_date
from models.registry import find_checkpoint
from products.fields.departure import departures, hindcast_mae

DAYS = np.arange(16_800, 16_800 + 4 * 365, 10, dtype=np.int32)
ISSUE = to_date(int(DAYS[-1])) + timedelta(days=1)


@pytest.fixture(scope="module")
def checkpoint() -> Checkpoint:
    return find_checkpoint("", "forecast", Settings())


def fields(*changes: tuple[int, float]) -> Series:
    """A steady field for each change: how many of its newest dates differ, and by how much."""
    season = 0.6 + 0.2 * np.cos(2 * np.pi * (DAYS - 16_800) / 365.25)
    values = np.full((len(changes), len(DAYS), len(CHANNELS)), np.nan, np.float32)
    noise = np.random.default_rng(0).normal(0, 0.01, (len(changes), len(DAYS)))
    for row, (count, by) in enumerate(changes):
        shift = np.where(np.arange(len(DAYS)) >= len(DAYS) - count, by, 0)
        values[row, :, channel("NDVI")] = season + noise[row] + shift
    names = np.arange(len(changes)).astype(str)
    return Series(ids=names, days=np.broadcast_to(DAYS, (len(changes), len(DAYS))), values=values)


def test_a_run_below_or_above_what_was_expected_is_found_with_its_first_date(checkpoint: Checkpoint) -> None:
    low, high, steady = departures(fields((4, -0.4), (3, 0.3), (0, 0)), ISSUE, checkpoint)
    assert low is not None
    assert high is not None
    assert steady is None
    assert low.by == pytest.approx(-0.4, abs=0.1)
    assert high.by == pytest.approx(0.3, abs=0.1)
    assert low.since == to_date(int(DAYS[-4]))
    assert high.since == to_date(int(DAYS[-3]))


def test_one_odd_date_is_no_departure(checkpoint: Checkpoint) -> None:
    assert departures(fields((1, -0.4)), ISSUE, checkpoint) == [None]


def test_little_history_or_no_recent_date_is_no_departure(checkpoint: Checkpoint) -> None:
    series = fields((4, -0.4), (4, -0.4))
    series.values[0, :-8] = np.nan
    series.values[1, -12:] = np.nan
    assert departures(series, ISSUE, checkpoint) == [None, None]


def test_the_error_of_a_year_ago_is_that_of_the_median(checkpoint: Checkpoint) -> None:
    steady, odd, unseen = fields((0, 0), (36, 0.3), (0, 0)), fields((36, 0.3)), fields((0, 0))
    error = hindcast_mae(steady, ISSUE, checkpoint, horizon_days=60)
    assert error[0] < 0.05 < error[1]
    assert error[1] == pytest.approx(0.3, abs=0.1)
    assert hindcast_mae(odd, ISSUE, checkpoint, horizon_days=60)[0] == pytest.approx(0.3, abs=0.1)
    unseen.values[:, :-30] = np.nan
    assert np.isnan(hindcast_mae(unseen, ISSUE, checkpoint, horizon_days=60)).all()


def test_observations_of_the_horizon_do_not_change_what_was_forecast(checkpoint: Checkpoint) -> None:
    """Each date ahead that is hidden leaves the error of the others as it was."""
    series = fields((0, 0))
    before = hindcast_mae(series, ISSUE, checkpoint, horizon_days=40)
    series.values[0, -20:] = np.nan
    assert hindcast_mae(series, ISSUE, checkpoint, horizon_days=40)[0] == pytest.approx(float(before[0]), abs=1e-6)
