"""Snow in short histories."""

import numpy as np

from models.baselines.snow import without_snow

ISSUE = int(np.datetime64("2021-07-01").astype(int))


def history(first: str, *, low: float = 0.05) -> tuple[np.ndarray, np.ndarray]:
    """Return days every ten days from a date on, and NDVI: low in January and February, 0.8 from March on."""
    days = np.arange(np.datetime64(first).astype(int), ISSUE, 10).astype(np.int32)[None]
    month = days.astype("datetime64[D]").astype("datetime64[M]").astype(int) % 12 + 1
    return days, np.where(month <= 2, low, 0.8).astype(np.float32)


def kept(days: np.ndarray, ndvi: np.ndarray) -> np.ndarray:
    return np.isfinite(without_snow(days, ndvi, np.array([ISSUE], np.int32)))


def test_snow_of_a_short_history_is_left_out_and_the_rest_is_kept() -> None:
    days, ndvi = history("2021-01-01")
    np.testing.assert_array_equal(kept(days, ndvi), ndvi > 0.2)


def test_a_year_and_more_is_left_as_it_is() -> None:
    days, ndvi = history("2020-05-01")
    assert kept(days, ndvi).all()


def test_a_place_that_is_never_green_and_low_values_in_summer_are_kept() -> None:
    days, ndvi = history("2021-01-01")
    assert kept(days, np.minimum(ndvi, 0.3)).all()
    felled = np.where(days > ISSUE - 60, np.float32(0.1), np.float32(0.8))
    assert kept(days, felled).all()


def test_what_follows_the_issue_date_is_not_looked_at() -> None:
    days, ndvi = history("2021-01-01")
    later = np.concatenate([days, days + 365], axis=1), np.concatenate([ndvi, ndvi * 0], axis=1)
    np.testing.assert_array_equal(kept(*later)[:, : days.shape[1]], kept(days, ndvi))
    assert kept(*later)[:, days.shape[1] :].all()
