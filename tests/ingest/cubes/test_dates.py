"""Dates of variables brought together."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ingest.cubes.dates import align, join_dates, merge_days


@given(st.lists(st.integers(0, 8), min_size=1, max_size=12))
def test_merging_days_loses_no_day_and_invents_none(days: list[int]) -> None:
    at = np.array(days, np.int32)
    onto = np.unique(at)
    values = np.arange(len(days), dtype=np.float32)[:, None]
    merged = merge_days(at, values, onto=onto)
    first = [days.index(d) for d in onto]
    np.testing.assert_array_equal(merged[:, 0], np.array(first, np.float32))


def days(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.int32)


def hidden(*dates: bool) -> np.ndarray:
    return np.array(dates)[:, None, None]


def test_a_mask_of_other_dates_is_matched_by_day_and_what_it_lacks_is_hidden() -> None:
    found = align(hidden(False, True), days(10, 20), onto=days(20, 10, 30), missing=True)
    assert found.ravel().tolist() == [True, False, True]


def test_two_visits_of_a_day_have_two_masks() -> None:
    found = align(hidden(True, False, True), days(10, 10, 20), onto=days(20, 10, 10), missing=True)
    assert found.ravel().tolist() == [True, True, False]


def test_one_mask_serves_all_visits_of_its_day() -> None:
    assert align(hidden(True), days(10), onto=days(10, 10), missing=False).ravel().tolist() == [True, True]


def test_bands_of_other_dates_share_one_axis() -> None:
    stacks = {
        "B04": (days(18720, 18718), np.array([0.2, 0.1], np.float32)[:, None, None]),
        "B08": (
            days(
                18719,
            ),
            np.array([0.3], np.float32)[:, None, None],
        ),
        "temperature_2m": (
            days(
                18718,
            ),
            np.array([280], np.float32),
        ),
    }
    data = join_dates(stacks)
    assert data["B04"].values.ravel()[[0, 2]].tolist() == np.array([0.1, 0.2], np.float32).tolist()
    assert np.isnan(data["B04"].values.ravel()[1])
    assert data["temperature_2m"].dims == ("time_weather",)
