"""Simulated clouds, shadows and scene classes."""

import numpy as np
import pytest

from core.bands import OPTICAL_NAMES
from ingest.simulate.clouds import CLOUD
from ingest.simulate.sky import (
    SCL_CIRRUS,
    SCL_HIGH,
    SCL_SHADOW,
    SCL_VEGETATION,
    SCL_WATER,
    Sky,
    classify_scene,
    draw_cover,
    draw_sky,
    look_through,
)

SIZE = 64


def clear_sky(**parts: np.ndarray) -> Sky:
    none = np.zeros((SIZE, SIZE), np.float32)
    return Sky(**{"opacity": none, "shadow": none, "haze": 0.0, **parts})  # type: ignore[arg-type]


def meadow() -> np.ndarray:
    values = np.full((len(OPTICAL_NAMES), SIZE, SIZE), 0.04, np.float32)
    values[OPTICAL_NAMES.index("B08")] = 0.4
    return values


@pytest.mark.parametrize("cover", [0.0, 0.3, 0.7, 1.0])
def test_clouds_cover_the_share_that_is_requested(cover: float) -> None:
    sky = draw_sky(np.random.default_rng(1), SIZE, cover=cover, sun_zenith_deg=40)
    assert (sky.opacity > 0).mean() == pytest.approx(cover, abs=0.01)
    assert 0 <= sky.opacity.min() <= sky.opacity.max() <= 1
    assert (sky.shadow.max() > 0) == (cover > 0)


def test_the_same_state_draws_the_same_sky() -> None:
    one, other = (draw_sky(np.random.default_rng(3), SIZE, cover=0.4, sun_zenith_deg=50) for _ in range(2))
    np.testing.assert_array_equal(one.opacity, other.opacity)


def test_a_thick_cloud_hides_the_ground_and_a_shadow_darkens_it() -> None:
    opacity, shadow = np.zeros((2, SIZE, SIZE), np.float32)
    opacity[:, :20], shadow[:, 40:] = 1, 0.8
    found = look_through(np.random.default_rng(0), meadow(), clear_sky(opacity=opacity, shadow=shadow))
    nir = found[OPTICAL_NAMES.index("B08")]
    assert nir[:, :20].mean() > CLOUD[OPTICAL_NAMES.index("B08")]
    assert nir[:, 20:40].mean() == pytest.approx(0.4, rel=0.02)
    assert nir[:, 40:].mean() < 0.25


def test_scene_classes_follow_clouds_shadows_and_ndvi() -> None:
    ground, (opacity, shadow) = meadow(), np.zeros((2, SIZE, SIZE), np.float32)
    ground[OPTICAL_NAMES.index("B08"), :, 30:40] = 0.01
    opacity[:, :5], opacity[:, 5:10], shadow[:, 10:15] = 0.9, 0.1, 0.5
    classes = classify_scene(ground, clear_sky(opacity=opacity, shadow=shadow))[7]
    assert [classes[c] for c in (2, 7, 12, 20, 35)] == [SCL_HIGH, SCL_CIRRUS, SCL_SHADOW, SCL_VEGETATION, SCL_WATER]


def test_winters_are_cloudier_than_summers() -> None:
    days = np.tile(np.arange(1, 366, 5), 40)
    cover = draw_cover(np.random.default_rng(0), days)
    assert ((cover >= 0) & (cover <= 1)).all()
    is_winter, is_summer = (days < 50) | (days > 320), (days > 150) & (days < 240)
    assert cover[is_winter].mean() > cover[is_summer].mean() + 0.1
