"""NDVI series drawn from a prior: what they hold, and that they are like real ones where that can be said simply."""

import numpy as np
import pytest

from core.bands import channel
from core.cube import Series
from core.timeline import YEAR_DAYS
from ingest.simulate.index_series import AT_ONCE, DATES, GROUP, KINDS, STEPS, YEARS, sample_index_series

NDVI = channel("NDVI")
REGIONS = 60


@pytest.fixture(scope="module")
def drawn() -> tuple[Series, np.ndarray]:
    return sample_index_series(np.random.default_rng(0), REGIONS)


def test_the_same_state_gives_the_same_series() -> None:
    one, two = (sample_index_series(np.random.default_rng(3), 2) for _ in range(2))
    np.testing.assert_array_equal(one[0].values, two[0].values)
    np.testing.assert_array_equal(one[0].days, two[0].days)
    assert (sample_index_series(np.random.default_rng(4), 2)[0].days != one[0].days).any()


def test_neither_threads_nor_further_regions_change_a_series() -> None:
    one, two = (sample_index_series(np.random.default_rng(5), 2 * AT_ONCE + 1, threads=n)[0] for n in (1, 3))
    np.testing.assert_array_equal(one.values, two.values)
    fewer = sample_index_series(np.random.default_rng(5), AT_ONCE)[0]
    np.testing.assert_array_equal(fewer.values[..., NDVI], one.values[: len(fewer), :, NDVI])


def test_years_are_as_many_as_the_longest_series_touches() -> None:
    assert DATES * max(STEPS) / YEAR_DAYS + 3 < YEARS


def test_series_hold_ndvi_alone_on_ascending_days_with_gaps(drawn: tuple[Series, np.ndarray]) -> None:
    series, kind = drawn
    assert series.values.shape[:2] == (REGIONS * GROUP, DATES)
    assert (np.diff(series.days, axis=1) > 0).all()
    assert np.isnan(np.delete(series.values, NDVI, axis=-1)).all()
    ndvi = series.values[..., NDVI]
    assert 0.25 < np.isfinite(ndvi).mean() < 0.65
    assert np.nanmin(ndvi) >= -0.2
    assert np.nanmax(ndvi) <= 0.98
    assert set(kind) == set(KINDS)


def test_kinds_differ_as_they_should(drawn: tuple[Series, np.ndarray]) -> None:
    series, kind = drawn
    ndvi = series.values[..., NDVI]
    level = {name: np.nanmedian(ndvi[kind == name]) for name in KINDS}
    assert level["evergreen"] > level["deciduous"] > level["crop"] > level["bare"]
    swing = {name: np.median(np.nanstd(ndvi[kind == name], axis=1)) for name in KINDS}
    assert swing["crop"] > swing["meadow"] > swing["evergreen"]


def test_series_of_a_region_share_their_overpasses_and_their_anomalies(drawn: tuple[Series, np.ndarray]) -> None:
    series, _ = drawn
    days = series.days.reshape(REGIONS, GROUP, DATES)
    assert (days == days[:, :1]).all()
    ndvi = series.values[..., NDVI].reshape(REGIONS, GROUP, DATES)
    level = ndvi - np.nanmean(ndvi, axis=2, keepdims=True)
    level = np.nan_to_num(level)
    within, mixed = (np.square(part.mean(axis=1)).mean() for part in (level, level.transpose(1, 0, 2)))
    assert within > 2 * mixed
