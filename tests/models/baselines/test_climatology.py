"""The expectation that the network corrects."""

import numpy as np
import pytest

from core.bands import channel
from models.baselines.climatology import FEATURES, WEEKS, expect
from tests.models.builders import START, wavy_series

NDVI = channel("NDVI")
ISSUE = START + 800


def expectation(ndvi: np.ndarray, days: np.ndarray, leads: tuple[int, ...] = (5, 60, 140)):
    issues = np.full(len(days), ISSUE, np.int32)
    return expect(days, ndvi, issues, (issues[:, None] + np.array(leads)).astype(np.int32))


def test_climatology_of_a_clean_season_is_the_season() -> None:
    series = wavy_series()
    result = expectation(series.values[..., NDVI], series.days)
    level = np.linspace(0.35, 0.6, 6)[:, None]
    truth = level + 0.25 * np.sin(2 * np.pi * (ISSUE + np.array([5, 60, 140]) - 80) / 365.2425)
    assert np.abs(result.climatology - truth).max() < 0.04


def test_observations_on_or_after_the_issue_date_are_not_looked_at() -> None:
    series = wavy_series()
    ndvi = series.values[..., NDVI].copy()
    expected = expectation(ndvi, series.days)
    ndvi[series.days >= ISSUE] = -0.2
    changed = expectation(ndvi, series.days)
    np.testing.assert_array_equal(changed.features, expected.features)
    np.testing.assert_array_equal(changed.base, expected.base)


def test_a_recent_drop_lowers_the_near_future_more_than_the_far() -> None:
    series = wavy_series()
    ndvi = series.values[..., NDVI].copy()
    before = expectation(ndvi, series.days).base
    recent = (series.days < ISSUE) & (series.days > ISSUE - 40)
    ndvi[recent] -= 0.04
    drop = before - expectation(ndvi, series.days).base
    assert (drop[:, 0] > 0.005).all()
    assert (drop[:, 0] > drop[:, 2]).all()


def test_one_wild_value_moves_the_climatology_little() -> None:
    series = wavy_series()
    ndvi = series.values[..., NDVI].copy()
    before = expectation(ndvi, series.days).climatology
    for row in ndvi:
        row[np.nonzero(np.isfinite(row))[0][20]] = -0.3
    assert np.abs(expectation(ndvi, series.days).climatology - before).max() < 0.05


@pytest.mark.parametrize("seen", [0, 1, 2])
def test_few_observations_give_finite_features(seen: int) -> None:
    series = wavy_series()
    ndvi = series.values[..., NDVI].copy()
    for row in ndvi:
        row[np.nonzero(np.isfinite(row))[0][seen:]] = np.nan
    result = expectation(ndvi, series.days)
    assert result.features.shape == (6, 3, FEATURES)
    assert np.isfinite(result.features).all()
    assert np.isnan(result.base).all() == (seen == 0)


def test_the_unit_is_wide_where_little_was_seen() -> None:
    days = np.arange(START, ISSUE, 5).astype(np.int32)[None]
    full = (0.5 + 0.2 * np.sin(2 * np.pi * days / 365.2425)).astype(np.float32)
    one = np.where(np.arange(days.shape[1]) == 3, full, np.nan).astype(np.float32)
    assert expectation(full, days).unit.max() < 0.06
    assert expectation(one, days).unit.max() > 0.15


def test_a_season_is_doubted_until_it_was_seen() -> None:
    days = np.arange(START, ISSUE, 5).astype(np.int32)[None]
    full = np.full(days.shape, 0.5, np.float32)
    newest = np.where(days >= days.max() - 10, full, np.nan).astype(np.float32)
    assert expectation(full, days).doubt.max() < 0.05
    doubt = expectation(newest, days).doubt[0]
    assert doubt[0] < 0.05  # soon after what was seen
    assert doubt.max() > 0.99


def test_dates_inside_a_gap_are_told_from_both_sides() -> None:
    days = np.arange(START, ISSUE, 5).astype(np.int32)[None]
    ndvi = np.full(days.shape, 0.4, np.float32)
    ndvi[0, 60:] = 0.6
    ndvi[0, 56:64] = np.nan
    targets = days[:, [57, 59, 62]]
    found = expect(days, ndvi, np.array([ISSUE], np.int32), targets)
    near = found.features[..., 43:52]
    line = found.base + near[..., 4] * found.unit
    assert np.abs(line - 0.5).max() < 0.12
    assert (np.diff(line[0]) > 0).all()
    after = expect(days, ndvi, np.array([ISSUE], np.int32), np.array([[ISSUE + 20]], np.int32))
    assert after.features[0, 0, 43 + 4] == 0


def test_the_course_of_the_season_is_read_back_from_the_issue_date() -> None:
    days = np.arange(ISSUE - 700, ISSUE, 3).astype(np.int32)[None]
    rising = np.clip(0.3 + (days - ISSUE + 60) * 0.005, 0.3, 0.9).astype(np.float32)
    found = expect(days, rising, np.array([ISSUE], np.int32), np.array([[ISSUE + 5]], np.int32)).features[0, 0]
    course = (found[52 : 52 + WEEKS] + found[-WEEKS:]) / 2
    assert (np.diff(course[:5]) < 0).all()
    np.testing.assert_allclose(course[0], rising[0, -3], atol=0.02)


@pytest.mark.parametrize("dates", [120, 3, 1])
def test_dates_that_all_series_share_give_what_each_series_gives_alone(dates: int) -> None:
    series = wavy_series(9, dates=dates)
    ndvi = series.values[..., NDVI].copy()
    ndvi[2], ndvi[3, 1:], ndvi[:, ::7] = np.nan, np.nan, np.nan
    own = series.days + np.arange(9, dtype=np.int32)[:, None] // 8  # the last series has other dates
    together = expectation(ndvi[:8], series.days[:8], (-300, -1, 5, 140))
    apart = expectation(ndvi, own, (-300, -1, 5, 140))
    for field in ("climatology", "base", "spread", "unit", "doubt", "features", "traits"):
        np.testing.assert_allclose(getattr(apart, field)[:8], getattr(together, field), atol=2e-5, err_msg=field)


def test_no_series_give_no_rows() -> None:
    assert expectation(np.empty((0, 5), np.float32), np.empty((0, 5), np.int32)).features.shape == (0, 3, FEATURES)
