"""Tokens and composites."""

from datetime import date

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.bands import CHANNELS, channel
from core.cube import Series
from core.timeline import to_day
from models.network.tokens import TOKEN_FEATURES, calendar_composite, scaled, tokenise
from tests.models.builders import START, wavy_series


def one_series(days: list[int], name: str, numbers: list[float]) -> Series:
    values = np.full((1, len(days), len(CHANNELS)), np.nan, np.float32)
    values[0, :, channel(name)] = numbers
    return Series(ids=np.array(["a"]), days=np.array([days], np.int32), values=values)


def test_only_dates_before_the_reference_become_tokens() -> None:
    series = one_series([10, 20, 30], "NDVI", [0.1, 0.2, 0.3])
    tokens = tokenise(series, np.array([30], np.int32))
    assert tokens.tokens.shape == (1, 2, TOKEN_FEATURES)
    assert not tokens.is_padding.any()


def test_the_newest_dates_are_kept_in_order() -> None:
    series = one_series([10, 20, 30, 40], "NDVI", [0.1, 0.2, 0.3, 0.4])
    tokens = tokenise(series, np.array([50], np.int32), context=2).tokens
    np.testing.assert_allclose(tokens[0, :, channel("NDVI")], (np.array([0.3, 0.4]) - 0.5) / 0.3, rtol=1e-5)


def test_radar_dates_take_no_place_of_optical_ones() -> None:
    values = np.full((1, 8, len(CHANNELS)), np.nan, np.float32)
    values[0, :4, channel("NDVI")] = 0.4
    values[0, 4:, channel("VV")] = -12
    series = Series(ids=np.array(["a"]), days=np.arange(10, 90, 10, dtype=np.int32)[None], values=values)
    tokens = tokenise(series, np.array([99], np.int32), context=3, radar_context=2).tokens[0]
    flags = tokens[:, len(CHANNELS) : 2 * len(CHANNELS)]
    assert flags[:, channel("NDVI")].tolist() == [1, 1, 1, 0, 0]
    assert flags[:, channel("VV")].tolist() == [0, 0, 0, 1, 1]


def test_unseen_dates_take_no_place() -> None:
    series = one_series([10, 20, 30], "NDVI", [0.1, np.nan, 0.3])
    assert tokenise(series, np.array([50], np.int32)).tokens.shape[1] == 2


def test_flags_say_what_was_seen() -> None:
    series = wavy_series()
    tokens = tokenise(series, np.full(6, START + 500, np.int32))
    flags = tokens.tokens[~tokens.is_padding][:, len(CHANNELS) : 2 * len(CHANNELS)]
    seen = {c for c in CHANNELS if flags[:, channel(c)].all()}
    assert seen == {"B04", "B08", "NDVI"}
    assert flags.sum() == 3 * len(flags)


def test_series_never_seen_are_all_padding() -> None:
    series = one_series([10, 20], "NDVI", [np.nan, np.nan])
    assert tokenise(series, np.array([50], np.int32)).is_padding.all()


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


def test_scaled_channels_are_bounded_and_unseen_ones_zero() -> None:
    values = np.array([[np.nan] * len(CHANNELS), [1e6] * len(CHANNELS)], np.float32)
    assert (scaled(values)[0] == 0).all()
    assert (np.abs(scaled(values)[1]) <= 5).all()
