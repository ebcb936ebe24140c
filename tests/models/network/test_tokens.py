"""Tokens."""

import numpy as np

from core.bands import CHANNELS, channel
from core.cube import Series
from models.network.tokens import TOKEN_FEATURES, scaled, tokenise
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


def test_scaled_channels_are_bounded_and_unseen_ones_zero() -> None:
    values = np.array([[np.nan] * len(CHANNELS), [1e6] * len(CHANNELS)], np.float32)
    assert (scaled(values)[0] == 0).all()
    assert (np.abs(scaled(values)[1]) <= 5).all()
