"""NDVI at any date, from both sides of it."""

import numpy as np
import pytest

from core.cube import Series
from models.gap_fill import AHEAD_DAYS, BLOCK_DAYS, LINE_FADES_DAYS, days_to_clear, fill_gaps
from models.runtime import forecast
from tests.models.builders import START, wavy_series
from tests.products.forecasters import LAST, NDVI, forecaster, seen_every_date


def filled(series: Series, days: list[int], end: int = LAST, line_days: float = LINE_FADES_DAYS) -> np.ndarray:
    ends = np.full(len(series), end, np.int32)
    targets = np.broadcast_to(np.array(days, np.int32), (len(series), len(days)))
    return fill_gaps(series, ends, targets, forecaster(), line_days=line_days, threads=1)


def test_quantiles_ascend_on_every_date_from_before_the_first_observation_to_after_the_last() -> None:
    found = filled(wavy_series(), [START - 30, START + 3, START + 400, LAST, LAST + 40])
    assert np.isfinite(found).all()
    assert (np.diff(found, axis=-1) >= 0).all()


def test_a_date_is_told_from_what_was_seen_after_it_and_from_itself() -> None:
    series, day = seen_every_date(), START + 8 * 60
    before = filled(series, [day, day + 4])
    for seen_on in (day, day + 8):
        changed = Series(ids=series.ids, days=series.days, values=series.values.copy())
        changed.values[series.days == seen_on] *= 0.5
        assert (np.abs(filled(changed, [day, day + 4]) - before).max(axis=(1, 2)) > 1e-4).all()


def test_what_lies_beyond_the_days_that_are_read_changes_nothing() -> None:
    series, day = seen_every_date(), START + 8 * 40
    before = filled(series, [day], end=day + 30)
    series.values[series.days > day + 30] = 0.9
    np.testing.assert_array_equal(filled(series, [day], end=day + 30), before)
    far = filled(series, [day])
    series.values[series.days > day + AHEAD_DAYS + BLOCK_DAYS] = -0.2
    np.testing.assert_array_equal(filled(series, [day]), far)


def test_where_lines_do_well_the_answer_moves_towards_the_line_and_keeps_its_intervals() -> None:
    series, days = seen_every_date(), [START + 8 * 60 + 3]
    ndvi = series.values[:, 60:62, NDVI]
    line = ndvi[:, 0] + (ndvi[:, 1] - ndvi[:, 0]) * 3 / 8
    moved = filled(series, days)[:, 0]
    alone = filled(series, days, line_days=0)[:, 0]
    share = (moved[:, 2] - alone[:, 2]) / (line - alone[:, 2])
    np.testing.assert_allclose(share, np.exp(-8 / 80), atol=0.01)  # such a series has next to no noise
    np.testing.assert_allclose(np.diff(moved, axis=-1), np.diff(alone, axis=-1), atol=1e-6)


def test_where_lines_do_badly_the_answer_is_the_network_s() -> None:
    series, days = wavy_series(), [START + 8 * 60 + 3]
    series.values[..., NDVI] += np.random.default_rng(0).normal(0, 5, series.days.shape)
    noisy = filled(series, days)
    np.testing.assert_allclose(filled(series, days, line_days=0), noisy, atol=1e-3)


def test_an_answer_does_not_depend_on_the_other_dates_or_on_their_order() -> None:
    series, days = wavy_series(), [START + n for n in (700, 90, 95, 400, 91)]
    together = filled(series, days)
    for number, day in enumerate(days):
        np.testing.assert_allclose(filled(series, [day])[:, 0], together[:, number], atol=2e-5)


def test_each_series_has_dates_of_its_own() -> None:
    series = wavy_series(3)
    targets = START + np.array([[90, 700], [300, 95], [400, 401]], np.int32)
    ends = np.full(3, LAST, np.int32)
    found = fill_gaps(series, ends, targets, forecaster())
    for row in range(3):
        alone = fill_gaps(series.take(slice(row, row + 1)), ends[:1], targets[row : row + 1], forecaster())
        np.testing.assert_allclose(alone[0], found[row], atol=2e-5)


def test_after_the_last_day_it_is_the_forecast_issued_the_day_after() -> None:
    series = wavy_series()
    days = np.broadcast_to(np.array([LAST + 1, LAST + 30], np.int32), (len(series), 2))
    issues = np.full(len(series), LAST + 1, np.int32)
    expected = forecast(series, issues, days, forecaster()).quantiles
    np.testing.assert_allclose(filled(series, [LAST + 1, LAST + 30]), expected, atol=2e-5)


def test_a_series_never_seen_is_unknown_and_one_seen_once_is_known() -> None:
    series = wavy_series(3)
    series.values[0] = np.nan
    series.values[1, :-1] = np.nan
    series.values[1, -1, NDVI] = 0.4
    found = filled(series, [START + 5, START + 500])
    assert np.isnan(found[0]).all()
    assert np.isfinite(found[1:]).all()


@pytest.mark.parametrize(("day", "expected"), [(START, 8), (START + 10, 2), (START + 21, 3), (START + 40, 16)])
def test_days_to_the_nearest_clear_observation_are_counted_both_ways(day: int, expected: int) -> None:
    series = wavy_series(2, dates=4)
    series.values[:, :, NDVI] = [[np.nan, 0.5, np.nan, 0.4], [np.nan] * 4]
    found = days_to_clear(series, np.full((2, 1), day, np.int32))
    seen = START + np.array([8, 24])
    assert found[0, 0] == np.abs(seen - day).min() == expected
    assert np.isnan(found[1, 0])
