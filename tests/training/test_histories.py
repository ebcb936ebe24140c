"""Histories cut as users have them."""

from dataclasses import replace

import numpy as np
import pytest

from core.bands import CHANNELS, channel
from core.cube import Series
from training.histories import DAYS_OF_A_MONTH, FIRST_DAYS, GROUPS, LATER, SHARES, cut_history, has_anything

FIRST, DATES = 17_000, 300


def series(count: int = 400) -> Series:
    """Return series of four years with every channel seen every five days."""
    days = np.broadcast_to(FIRST + 5 * np.arange(DATES, dtype=np.int32), (count, DATES)).copy()
    return Series(
        ids=np.arange(count).astype(str), days=days, values=np.ones((count, DATES, len(CHANNELS)), np.float32)
    )


def test_a_history_lies_within_some_months_before_its_date() -> None:
    cut, days = cut_history(np.random.default_rng(0), series(), months=36, ends=None)
    seen = np.isfinite(cut.values).any(axis=2)
    assert not (seen & (cut.days >= days[:, None])).any()
    assert not (seen & (cut.days < days[:, None] - 36 * DAYS_OF_A_MONTH - 1)).any()
    assert days.min() >= FIRST + FIRST_DAYS
    assert days.max() <= FIRST + 5 * DATES + LATER
    dates = seen.sum(axis=1)
    assert np.percentile(dates, 10) < 12
    assert np.percentile(dates, 90) > 100


def test_labels_of_a_date_keep_it() -> None:
    ends = np.full(400, FIRST + 600, np.int32)
    _, days = cut_history(np.random.default_rng(1), series(), months=18, ends=ends)
    np.testing.assert_array_equal(days, ends)


def test_every_group_of_bands_is_what_is_left_of_some() -> None:
    cut, _ = cut_history(np.random.default_rng(2), series(), months=36, ends=None)
    shown = np.isfinite(cut.values).any(axis=1)
    for names in GROUPS.values():
        wanted = np.array([name in names for name in CHANNELS])
        assert (shown == wanted).all(axis=1).any(), names
    assert len(SHARES) == len(GROUPS)


def test_a_series_without_what_is_left_has_nothing() -> None:
    bare = series(3)
    values = bare.values.copy()
    values[0] = np.nan
    values[1, :, channel("NDVI")] = np.nan
    assert has_anything(replace(bare, values=values)).tolist() == [False, True, True]


@pytest.mark.parametrize("seed", range(3))
def test_the_same_seed_cuts_the_same_way(seed: int) -> None:
    one, other = (cut_history(np.random.default_rng(seed), series(20), months=36, ends=None) for _ in range(2))
    np.testing.assert_array_equal(one[0].values, other[0].values)
    np.testing.assert_array_equal(one[1], other[1])
