"""What a year of monthly means says, by calendar month and as a spread."""

from dataclasses import replace

import numpy as np

from core.bands import CHANNELS, channel
from core.cube import Series
from models.network.class_features import (
    BESIDE_NDVI,
    CLASS_FEATURES,
    LEVELS,
    LIMIT,
    MONTHS,
    NDVI_FEATURES,
    SEASONAL,
    SPREAD,
    STATE,
    class_features,
)

YEAR = (np.array(["2021-01-15"], "datetime64[D]").astype(int)[0] + np.round(30.4375 * np.arange(12))).astype(np.int32)


def year_of(**bands: float | np.ndarray) -> Series:
    """One series of twelve months from January on, with some channels."""
    values = np.full((1, 12, len(CHANNELS)), np.nan, np.float32)
    for name, numbers in bands.items():
        values[0, :, channel(name)] = numbers
    return Series(ids=np.array(["a"]), days=YEAR[None], values=values)


def by_month(features: np.ndarray, name: str) -> np.ndarray:
    """Return the twelve features of a seasonal quantity."""
    return features[0, : MONTHS * len(SEASONAL)].reshape(MONTHS, len(SEASONAL))[:, SEASONAL.index(name)]


def test_there_are_as_many_features_as_said_and_nothing_seen_gives_none() -> None:
    features = class_features(year_of())
    assert features.shape == (1, CLASS_FEATURES)
    assert np.isnan(features).all()


def test_what_ndvi_tells_alone_and_what_nothing_but_ndvi_leaves_unseen() -> None:
    ndvi = class_features(year_of(NDVI=np.linspace(0.1, 0.9, 12)))[0]
    assert set(np.flatnonzero(np.isfinite(ndvi))) < set(NDVI_FEATURES), "no year before: no departure from it"
    assert set(NDVI_FEATURES) - set(np.flatnonzero(np.isfinite(ndvi))) == {NDVI_FEATURES[-1]}
    for other in ({"VV": -10.0}, {"B04": 0.1, "B08": 0.3}, {"B11": 0.2}):
        seen = np.isfinite(class_features(year_of(NDVI=0.5, **other))[0])
        assert seen[list(BESIDE_NDVI)].any()
    weather = class_features(year_of(NDVI=0.5, temperature_2m=280.0))[0]
    assert not np.isfinite(weather[list(BESIDE_NDVI)]).any()


def test_a_quantity_stands_at_its_calendar_month() -> None:
    ndvi = np.linspace(0.1, 0.9, 12)
    ndvi[4] = np.nan
    features = class_features(year_of(NDVI=ndvi))
    np.testing.assert_allclose(by_month(features, "NDVI"), (ndvi - 0.45) / 0.25, rtol=1e-5)
    assert np.isnan(by_month(features, "NDMI")).all()


def test_a_second_year_is_averaged_with_the_first_whatever_month_comes_first() -> None:
    rng = np.random.default_rng(0)
    one, other = rng.uniform(0.1, 0.9, (2, 12))
    first, second = year_of(NDVI=one), year_of(NDVI=other)
    both = Series(
        ids=first.ids,
        days=np.concatenate([first.days, second.days + 365], axis=1),
        values=np.concatenate([first.values, second.values], axis=1),
    )
    expected = ((one + other) / 2 - 0.45) / 0.25
    np.testing.assert_allclose(by_month(class_features(both), "NDVI"), expected, rtol=1e-4)
    late = replace(both, days=both.days[:, 5:], values=both.values[:, 5:])
    np.testing.assert_allclose(by_month(class_features(late), "NDVI")[5:], expected[5:], rtol=1e-4)


def test_indices_are_those_of_their_bands_and_the_narrow_band_stands_in_for_the_wide_one() -> None:
    features = class_features(year_of(B04=0.1, B8A=0.4, B11=0.2))
    np.testing.assert_allclose(by_month(features, "B08"), (0.4 - 0.15) / 0.12, rtol=1e-5)
    np.testing.assert_allclose(by_month(features, "NDMI"), (0.4 - 0.2) / (0.4 + 0.2) / 0.25, rtol=1e-5)
    radar = class_features(year_of(VV=-10.0, VH=-16.0))
    np.testing.assert_allclose(by_month(radar, "RATIO"), (-6.0 + 7.0) / 2.5, rtol=1e-5)


def test_sums_too_dark_to_divide_by_tell_nothing() -> None:
    assert np.isnan(by_month(class_features(year_of(B08=0.002, B11=0.001)), "NDMI")).all()


def test_spread_and_extremes_are_those_of_the_months() -> None:
    ndvi, red = np.array([0.2, 0.3, 0.4, 0.5, 0.8, 0.7] * 2), np.linspace(0.05, 0.16, 12)
    ndvi[6:] -= 0.05
    features = class_features(year_of(NDVI=ndvi, B04=red))[0]
    at, step = MONTHS * len(SEASONAL) + SPREAD.index("NDVI"), len(SPREAD)
    scaled = np.sort((ndvi - 0.45) / 0.25)
    np.testing.assert_allclose(features[at : at + 5 * step : step], scaled[[1, 3, 6, 8, 10]], rtol=1e-5)
    assert len(LEVELS) == 5
    np.testing.assert_allclose(features[at + 5 * step], np.std(scaled), rtol=1e-4)
    steps = np.abs(np.diff((ndvi - 0.45) / 0.25))
    np.testing.assert_allclose(features[at + 6 * step], steps.mean(), rtol=1e-4)
    np.testing.assert_allclose(features[at + 7 * step], steps.max(), rtol=1e-4)
    extremes = features[MONTHS * len(SEASONAL) + 8 * len(SPREAD) :]
    greenest, barest = extremes[STATE.index("B04")], extremes[len(STATE) + STATE.index("B04")]
    np.testing.assert_allclose([greenest, barest], (red[[4, 6]] - 0.15) / 0.12, rtol=1e-4)


def test_terrain_is_told_where_it_is_known_and_features_are_bounded() -> None:
    hill = replace(year_of(NDVI=0.5), static=np.array([[600.0, 7.0]], np.float32))
    np.testing.assert_allclose(class_features(hill)[0, -2:], [1, 1], rtol=1e-5)
    odd = class_features(year_of(NDVI=80.0, VV=-900.0))
    assert np.nanmax(np.abs(odd)) == LIMIT
