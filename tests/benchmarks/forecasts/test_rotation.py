"""What is taken from past years: nothing from the issue date on."""

import numpy as np

from benchmarks.forecasts.rotation import past_years
from benchmarks.forecasts.weather import NDVI, last_observed_before
from core.bands import CHANNELS
from core.cube import Series

STEP, ISSUE = 10, 20_000


def two_crops() -> Series:
    """One site that is green every other year, up to and beyond the issue date."""
    days = np.arange(ISSUE - 1500, ISSUE + 200, STEP, dtype=np.int32)[None]
    values = np.full((*days.shape, len(CHANNELS)), np.nan, np.float32)
    values[..., NDVI] = np.where(((ISSUE + 200 - days) // 365) % 2 == 0, 0.8, 0.2)
    return Series(ids=np.array(["a"]), days=days, values=values)


def test_the_year_that_is_most_alike_tells_what_follows() -> None:
    found = past_years(two_crops(), 0, ISSUE, np.array([ISSUE + 50]))
    assert found.shape == (1, 9)
    np.testing.assert_allclose(found[0, :4], [0.2, 0.8, 0.2, 0.8], atol=1e-6)
    assert found[0, 5] < found[0, 4]
    np.testing.assert_allclose(found[0, 8], 0.8, atol=1e-6)


def test_nothing_from_the_issue_date_on_is_read() -> None:
    series = two_crops()
    before = past_years(series, 0, ISSUE, np.array([ISSUE + 50])), last_observed_before(series, ISSUE)
    series.values[series.days >= ISSUE] = 0.5
    after = past_years(series, 0, ISSUE, np.array([ISSUE + 50])), last_observed_before(series, ISSUE)
    np.testing.assert_array_equal(before[0], after[0])
    np.testing.assert_array_equal(before[1], after[1])
    np.testing.assert_allclose(before[1], [[0.8, 10]], atol=1e-6)
