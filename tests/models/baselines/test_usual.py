"""The usual NDVI of one series is the climatology that its forecast states."""

from dataclasses import replace
from datetime import date

import numpy as np

from core.bands import channel
from core.timeline import to_date
from models.baselines.usual import usual_ndvi
from models.runtime import forecast
from tests.models.builders import START, wavy_series
from tests.products.forecasters import forecaster

NDVI = channel("NDVI")


def test_it_is_the_climatology_of_a_forecast_also_where_snow_is_left_out() -> None:
    series, issue = wavy_series(4), START + 800
    values = series.values.copy()
    is_early = series.days < issue - 250  # the first two series have a short history, which begins under snow
    values[:2][is_early[:2]] = np.nan
    values[0, np.flatnonzero(~is_early[0])[:3], NDVI] = 0.05
    series, issues = replace(series, values=values), np.full(4, issue, np.int32)
    targets = (issues[:, None] + np.array([5, 60, 140])).astype(np.int32)
    expected = forecast(series, issues, targets, forecaster()).climatology
    for row in range(4):
        found = usual_ndvi(series.days[row], values[row, :, NDVI], to_date(issue), targets[row])
        np.testing.assert_allclose(found, expected[row], atol=1e-5)


def test_without_an_observation_before_the_issue_date_nothing_is_usual() -> None:
    targets = np.array([19_000, 19_100], np.int32)
    for days in ([], [18_900], [18_999]):
        ndvi = np.full(len(days), np.nan if days == [18_900] else 0.5, np.float32)
        assert np.isnan(usual_ndvi(np.array(days, np.int32), ndvi, date(2021, 12, 1), targets)).all(), days
