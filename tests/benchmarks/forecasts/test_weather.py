"""What LightGBM may correct a forecast by: nothing of it lies behind the issue date, but for what is said to."""

import numpy as np
import pytest

from benchmarks.forecasts.weather import NDVI, WARM, WET, gain, last_observed, past_weather, season, weather
from core.bands import CHANNELS
from core.cube import Series

MONTHS = 18


@pytest.fixture
def series() -> Series:
    values = np.full((2, MONTHS, len(CHANNELS)), np.nan, np.float32)
    values[..., WARM] = 280 + np.arange(MONTHS)
    values[..., WET] = 0.01
    values[0, 3, NDVI] = 0.4
    days = np.broadcast_to(18_000 + 30 * np.arange(MONTHS, dtype=np.int32), (2, MONTHS))
    return Series(ids=np.array(["a", "b"]), days=days, values=values)


def test_the_last_observation_is_that_before_the_issue_date_with_its_age(series: Series) -> None:
    series.values[0, 10, NDVI] = 0.9
    np.testing.assert_allclose(last_observed(series, 10)[0], [0.4, 7])
    assert np.isnan(last_observed(series, 10)[1, 0])


def test_past_weather_reads_nothing_of_later_months(series: Series) -> None:
    before = past_weather(series, 15)
    series.values[:, 15:, WARM] = 400
    np.testing.assert_array_equal(past_weather(series, 15), before)
    np.testing.assert_allclose(before[0, :3], [294, 294 - 273.15, 0.01], rtol=1e-5)
    np.testing.assert_allclose(before[0, 9:12], [12, 12, 0], atol=1e-4)
    assert np.isnan(past_weather(series, 14)[:, 9:]).all()


def test_weather_is_a_mean_a_sum_above_freezing_and_a_sum(series: Series) -> None:
    np.testing.assert_allclose(weather(series, 0, 2)[0], [280.5, 2 * 280.5 - 2 * 273.15, 0.02], rtol=1e-5)


def test_a_season_is_a_place_on_a_circle() -> None:
    assert np.allclose((season(np.array([0, 91, 5000])) ** 2).sum(axis=1), 1)


def test_a_gain_is_the_share_of_the_loss_that_is_gone() -> None:
    first = np.ones(40)
    assert gain(first, 0.9 * first, np.repeat(np.arange(8), 5).astype(str)) == "10.0 % [10.0, 10.0]"
