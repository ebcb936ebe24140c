"""Stands drawn by chance: rotations, catch crops, cuts."""

import numpy as np
import pytest

from ingest.simulate.calendars import DOUBLE_CROP
from ingest.simulate.stands import draw_rotations, draw_stands


def test_the_same_crop_seldom_follows_itself() -> None:
    crops = draw_rotations(np.random.default_rng(0), (4000, 5))
    assert (crops[:, 1:] == crops[:, :-1]).mean() < 0.08


def test_catch_crops_grow_on_cropland_alone_and_cuts_come_in_order() -> None:
    cover = np.array(["cropland"] * 300 + ["grassland"] * 300)
    stands = draw_stands(
        np.random.default_rng(4), cover, first_year=2019, years=3, shift_days=np.zeros((600, 3), np.float32)
    )
    assert stands.has_catch[:300].any()
    assert not stands.has_catch[300:].any()
    first, second = stands.cut_days[..., 0], stands.cut_days[..., 1]
    assert (first < second)[np.isfinite(second)].mean() > 0.95
    assert np.isnan(first).all(axis=1).mean() == pytest.approx(0.2, abs=0.06)


def test_double_cropping_is_cropland_with_one_crop_every_year() -> None:
    cover = np.array(["double cropping", "cropland"])
    stands = draw_stands(
        np.random.default_rng(4), cover, first_year=2019, years=4, shift_days=np.zeros((2, 4), np.float32)
    )
    assert list(stands.cover) == ["cropland", "cropland"]
    assert set(stands.crops[0]) == {DOUBLE_CROP}
    assert DOUBLE_CROP not in stands.crops[1]
