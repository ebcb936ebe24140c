"""Dates with an offset among dates without."""

import numpy as np
import pytest

from ingest.rules.offset.dates import band_floors, dates_apart

BANDS = ("B02", "B03", "B04", "B08")
DATES = 24


def floors(high: np.ndarray, *, seed: int = 0) -> np.ndarray:
    """Return (T, 4) darkest values of a year of vegetation, some dates 0.1 higher in every band."""
    rng = np.random.default_rng(seed)
    season = np.sin(np.arange(DATES) / DATES * 2 * np.pi)[:, None]
    base = np.array([0.04, 0.06, 0.05, 0.22]) + season * np.array([-0.01, -0.01, -0.02, 0.06])
    return (base + rng.normal(0, 0.003, (DATES, 4)) + 0.1 * high[:, None]).astype(np.float32)


DAYS = np.arange(DATES, dtype=np.int32) * 15


@pytest.mark.parametrize(
    "high",
    [np.arange(DATES) % 2 == 1, np.arange(DATES) >= 20, np.arange(DATES) < 6, np.isin(np.arange(DATES), [3, 4, 9, 17])],
    ids=["every other", "late", "early", "some"],
)
@pytest.mark.parametrize("seed", range(4))
def test_dates_that_lie_above_the_others_in_every_band_are_found(high: np.ndarray, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(DATES)
    found = dates_apart(DAYS[order], floors(high, seed=seed)[order], BANDS)
    np.testing.assert_array_equal(found, high[order])


def test_season_haze_and_clouds_are_no_offset() -> None:
    none = np.zeros(DATES, bool)
    assert not dates_apart(DAYS, floors(none), BANDS).any()
    hazy = floors(none)
    hazy[::5] += np.array([0.1, 0.08, 0.06, 0.03], np.float32)
    assert not dates_apart(DAYS, hazy, BANDS).any()
    one = floors(np.arange(DATES) == 7)
    assert not dates_apart(DAYS, one, BANDS).any()


def test_few_bands_and_no_infrared_tell_nothing() -> None:
    high = np.arange(DATES) >= 12
    assert not dates_apart(DAYS, floors(high)[:, :3], BANDS[:3]).any()
    assert not dates_apart(DAYS, floors(high), ("B02", "B03", "B04", "B05")).any()
    assert not dates_apart(DAYS[:1], floors(high)[:1], BANDS).any()


def test_floors_are_the_darkest_clear_values() -> None:
    stack = np.array([[0.03, 0.2, 0.3, 0.3], [np.nan, np.nan, 0.1, np.nan]], np.float32)
    found = band_floors({"B04": stack, "B08": stack + 0.2})
    np.testing.assert_allclose(found[0], [0.03, 0.23], atol=1e-6)
    assert np.isnan(found[1]).all()
