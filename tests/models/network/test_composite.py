"""Monthly composites."""

from datetime import date

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.bands import CHANNELS, channel
from core.cube import Series
from core.timeline import to_day
from models.network.composite import calendar_composite


def one_series(days: list[int], name: str, numbers: list[float]) -> Series:
    values = np.full((1, len(days), len(CHANNELS)), np.nan, np.float32)
    values[0, :, channel(name)] = numbers
    return Series(ids=np.array(["a"]), days=np.array([days], np.int32), values=values)


def test_radar_is_averaged_in_linear_power() -> None:
    series = one_series([100, 101, 102], "VV", [-10.0, -20.0, -20.0])
    monthly = calendar_composite(series, np.array([110], np.int32), months=2)
    expected = 10 * np.log10((0.1 + 0.01 + 0.01) / 3)
    np.testing.assert_allclose(monthly.values[0, 1, channel("VV")], expected, rtol=1e-5)


def test_a_cloud_left_in_a_month_does_not_move_its_median() -> None:
    series = one_series([92, 96, 99, 102, 107], "B04", [0.05, 0.06, 0.62, 0.04, np.nan])
    months = calendar_composite(series, np.array([115], np.int32), months=2).values[0, :, channel("B04")]
    np.testing.assert_allclose(months, [np.nan, 0.055], rtol=1e-5)


@given(st.integers(0, 10_000), st.integers(1, 4))
def test_medians_are_those_of_each_month_alone(seed: int, months: int) -> None:
    rng = np.random.default_rng(seed)
    days = np.sort(rng.integers(0, 150, (3, 40)), axis=1).astype(np.int32)
    values = np.full((3, 40, len(CHANNELS)), np.nan, np.float32)
    seen = np.where(rng.random((3, 40)) < 0.4, np.nan, rng.random((3, 40))).astype(np.float32)
    values[..., channel("B11")] = seen
    series = Series(ids=np.array(list("abc")), days=days, values=values)
    after = np.full(3, 140, np.int32)
    found = calendar_composite(series, after, months=months).values[..., channel("B11")]
    month = days.astype("datetime64[D]").astype("datetime64[M]").astype(int)
    for row in range(3):
        for step, wanted in enumerate(range(5 - months, 5)):  # day 139 lies in May 1970
            inside = seen[row, (month[row] == wanted) & (days[row] < 140)]
            expected = np.median(inside[np.isfinite(inside)]) if np.isfinite(inside).any() else np.nan
            np.testing.assert_allclose(found[row, step], expected, rtol=1e-6)


def test_calendar_composites_are_of_whole_months_up_to_the_day_before_the_reference() -> None:
    seen = [date(2021, 3, 31), date(2021, 4, 1), date(2021, 4, 30), date(2021, 6, 1), date(2021, 6, 2)]
    series = one_series([to_day(d) for d in seen], "NDVI", [0.1, 0.2, 0.4, 0.6, 0.9])
    monthly = calendar_composite(series, np.array([to_day(date(2021, 6, 2))], np.int32), months=4)
    np.testing.assert_allclose(monthly.values[0, :, channel("NDVI")], [0.1, 0.3, np.nan, 0.6], rtol=1e-5)
    assert monthly.days[0].tolist() == [to_day(date(2021, month, 15)) for month in (3, 4, 5, 6)]
    earlier = calendar_composite(series, np.array([to_day(date(2021, 6, 1))], np.int32), months=2)
    np.testing.assert_allclose(earlier.values[0, :, channel("NDVI")], [0.3, np.nan], rtol=1e-5)


def test_dates_come_in_any_order_and_what_is_not_finite_is_unseen() -> None:
    found = [
        calendar_composite(one_series(days, "NDVI", values), np.array([120], np.int32), months=1).values
        for days, values in (
            ([95, 96, 97, 98, 99], [0.9, 0.1, 0.5, np.inf, -np.inf]),
            ([99, 95, 98, 97, 96], [np.inf, 0.5, np.nan, 0.1, 0.9]),
        )
    ]
    np.testing.assert_array_equal(*found)
    assert found[0][0, 0, channel("NDVI")] == np.float32(0.5)


def test_means_and_medians_of_even_counts_are_rounded_once() -> None:
    rain = np.array([0.1, 0.2, 0.7], np.float32)
    for name, values in (("total_precipitation", rain), ("B02", rain[:2])):
        series = one_series(list(range(100, 100 + len(values))), name, values.tolist())
        monthly = calendar_composite(series, np.array([110], np.int32), months=1).values[0, 0, channel(name)]
        assert monthly == np.float32(values.astype(np.float64).mean())


def test_neither_series_nor_dates_are_needed() -> None:
    for count, dates in ((0, 5), (2, 0)):
        series = Series(
            ids=np.arange(count).astype(str),
            days=np.zeros((count, dates), np.int32),
            values=np.zeros((count, dates, len(CHANNELS)), np.float32),
        )
        monthly = calendar_composite(series, np.full(count, 110, np.int32), months=3)
        assert monthly.values.shape == (count, 3, len(CHANNELS))
        assert np.isnan(monthly.values).all()
