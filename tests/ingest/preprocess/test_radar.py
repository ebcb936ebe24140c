"""Radar: power and dB, conventions that are not mixed, and a speckle filter that spreads no holes."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from core.bands import Floats
from core.errors import ReadFailed
from ingest.archive import Convention, Scene, Sensor
from ingest.preprocess.radar import LOOKS, check_conventions, lee_filter, to_power
from ingest.rules.numbers import to_db

WINDOWS = st.sampled_from([1, 3, 5, 7])
POWERS = npst.arrays(
    np.float32,
    npst.array_shapes(min_dims=2, max_dims=2, max_side=12),
    elements=st.one_of(st.just(np.nan), st.floats(2**-10, 4, width=32)),
)


def scene(name: str, convention: Convention, sensor: Sensor = "s1") -> Scene:
    return Scene(scene_id=name, time=datetime(2022, 6, 7, tzinfo=UTC), sensor=sensor, convention=convention)


def speckle(mean: float, shape: tuple[int, int] = (60, 60)) -> Floats:
    """Return multiplicative noise of as many looks as the filter takes for granted."""
    return (mean * np.random.default_rng(5).gamma(LOOKS, 1 / LOOKS, shape)).astype(np.float32)


@given(st.floats(-60, 20, width=32))
def test_power_and_decibel_are_inverse(db: float) -> None:
    np.testing.assert_allclose(to_db(to_power(np.array([db], np.float32))), [db], atol=1e-4)


def test_what_is_unseen_in_decibel_is_unseen_in_power() -> None:
    assert np.isnan(to_power(np.array([np.nan], np.float32))).all()


def test_scenes_of_one_convention_pass_and_unknown_ones_beside_them() -> None:
    check_conventions([scene("a", "gamma0_rtc"), scene("b", ""), scene("c", "gamma0_rtc"), scene("d", "", "s2")])


def test_scenes_of_two_conventions_are_refused() -> None:
    with pytest.raises(ReadFailed, match=r"Scene 'c'.*sigma0_ellipsoid.*'a' gamma0_rtc.*not mixed"):
        check_conventions([scene("a", "gamma0_rtc"), scene("b", ""), scene("c", "sigma0_ellipsoid")])


@given(POWERS, WINDOWS)
def test_the_filter_neither_makes_nor_closes_holes(power: Floats, window: int) -> None:
    np.testing.assert_array_equal(np.isnan(lee_filter(power, window)), np.isnan(power))


@given(POWERS, WINDOWS)
def test_the_filter_stays_between_the_darkest_and_the_brightest(power: Floats, window: int) -> None:
    found = lee_filter(power, window)
    seen = np.isfinite(power)
    if seen.any():
        assert found[seen].min() >= power[seen].min() * (1 - 1e-5)
        assert found[seen].max() <= power[seen].max() * (1 + 1e-5)


@given(POWERS, WINDOWS, st.sampled_from([0.25, 2.0, 64.0]))
def test_the_filter_does_not_depend_on_calibration(power: Floats, window: int, factor: float) -> None:
    scaled = lee_filter(power * np.float32(factor), window)
    np.testing.assert_allclose(scaled, lee_filter(power, window) * np.float32(factor), rtol=1e-4)


@given(POWERS, WINDOWS)
def test_the_filter_turns_with_its_image(power: Floats, window: int) -> None:
    np.testing.assert_allclose(lee_filter(power.T, window), lee_filter(power, window).T, rtol=1e-4)


@given(POWERS, WINDOWS)
def test_an_even_surface_stays_as_it_is(power: Floats, window: int) -> None:
    even = np.where(np.isnan(power), np.nan, np.float32(0.05)).astype(np.float32)
    np.testing.assert_allclose(lee_filter(even, window), even, rtol=1e-6)


def test_a_part_with_a_margin_is_filtered_as_the_whole() -> None:
    power = speckle(0.05)
    part = lee_filter(power[17:43, 7:33], 7)[3:-3, 3:-3]
    np.testing.assert_allclose(part, lee_filter(power, 7)[20:40, 10:30], rtol=1e-6)


def test_speckle_is_smoothed_without_moving_the_mean() -> None:
    power = speckle(0.05)
    found = lee_filter(power, 7)
    assert found.std() < 0.5 * power.std()
    assert found.mean() == pytest.approx(power.mean(), rel=0.02)


def test_a_bright_target_stays_brighter_than_a_mean_would_leave_it() -> None:
    power = speckle(0.05)
    power[30, 30] = 10
    assert lee_filter(power, 5)[30, 30] > 5


def test_zeros_at_the_border_of_a_product_do_not_darken_what_is_beside_them() -> None:
    power = np.full((9, 9), 0.05, np.float32)
    power[:, :4] = 0
    found = lee_filter(power, 5)
    assert np.isnan(found[:, :4]).all()
    np.testing.assert_allclose(found[:, 4:], 0.05, rtol=1e-6)
