"""Lines between clear observations, and how well they do where one is left out."""

import numpy as np

from core.timeline import Days
from models.baselines.line import FEWEST, Line

DAYS = np.array([[0, 10, 20, 40, 50, 60, 70, 80]], np.int32)
NDVI = np.array([[0.1, 0.2, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9]], np.float32)
END = np.array([200], np.int32)


def line(targets: list[int], *, days: Days = DAYS, ndvi: np.ndarray = NDVI, end: int = 200) -> Line:
    ends = np.full(len(days), end, np.int32)
    return Line.of(days, ndvi, ends, np.broadcast_to(np.array(targets, np.int32), (len(days), len(targets))))


def test_between_two_observations_it_is_the_line_and_on_one_of_them_what_was_seen() -> None:
    found = line([5, 30, 40, 65])
    np.testing.assert_allclose(found.ndvi[0], [0.15, 0.4, 0.5, 0.75], atol=1e-6)
    np.testing.assert_array_equal(found.gap_days[0], [10, 20, 10, 10])
    np.testing.assert_allclose(found.error, 0, atol=1e-6)


def test_outside_of_the_observations_that_are_looked_at_there_is_none() -> None:
    found = line([-5, 80, 90, 65])
    assert np.isnan(found.ndvi[0, :3]).all()
    assert np.isnan(found.gap_days[0, :3]).all()
    assert np.isfinite(found.ndvi[0, 3])
    assert np.isnan(line([65], end=65).ndvi).all()


def test_the_error_is_that_of_observations_that_are_left_out() -> None:
    ndvi = NDVI.copy()
    ndvi[0, 4] += 0.12
    # left out itself it misses by 0.12, and by 0.06 at each of its neighbours, which lie 10 days from it
    expected = (0.12 + 0.12 * 20 / 30 + 0.12 / 2) / 6
    np.testing.assert_allclose(line([65], ndvi=ndvi).error, expected, atol=1e-6)


def test_a_series_seen_too_seldom_has_no_line() -> None:
    few = np.where(np.arange(8) < FEWEST + 1, NDVI, np.nan)
    assert np.isnan(line([15], ndvi=few).ndvi).all()
    enough = np.where(np.arange(8) < FEWEST + 2, NDVI, np.nan)
    assert np.isfinite(line([15], ndvi=enough).ndvi).all()


def test_two_entries_of_one_day_are_no_neighbours_of_each_other() -> None:
    days = np.sort(np.concatenate([DAYS, [[40]]], axis=1), axis=1)
    ndvi = np.insert(NDVI, 4, 0.5, axis=1)
    np.testing.assert_allclose(line([65], days=days, ndvi=ndvi).error, 0, atol=1e-6)


def test_a_series_does_not_depend_on_the_others() -> None:
    rng = np.random.default_rng(0)
    days = np.concatenate([DAYS, DAYS + 3, DAYS])
    ndvi = rng.uniform(0, 1, days.shape).astype(np.float32)
    ndvi[0, 2] = np.nan
    targets = [12, 33, 66]
    together = line(targets, days=days, ndvi=ndvi)
    for row in range(3):
        own = slice(row, row + 1)
        alone = line(targets, days=days[own], ndvi=ndvi[own])
        np.testing.assert_array_equal(alone.ndvi, together.ndvi[own])
        np.testing.assert_array_equal(alone.error, together.error[own])
