"""Simulated plants, soils and radar behave as real ones do."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from core.bands import OPTICAL_NAMES
from core.timeline import to_day
from ingest.simulate.calendars import CATCH, CROPS, Leaf
from ingest.simulate.clouds import add_measurement_noise, clear_overpasses, sun_zenith
from ingest.simulate.phenology import COVERS, grow
from ingest.simulate.radar import Pass, backscatter
from ingest.simulate.spectra import BROWN_NODES, LAI_NODES, band_response, spectral_table
from ingest.simulate.stands import draw_rotations, draw_stands

RED, NIR, SWIR = (OPTICAL_NAMES.index(b) for b in ("B04", "B08", "B11"))
PLANTS = [leaf for leaf in Leaf if leaf not in (Leaf.BUILT, Leaf.WATER)]


def look(leaf: Leaf, lai: float, brown: float = 0.0, soil: float = 0.4, sun: float = 40.0) -> np.ndarray:
    one = [np.array([v], np.float32) for v in (lai, brown, soil, sun)]
    code = np.array([leaf], np.int8)
    return spectral_table().reflectance(code, lai=one[0], brown=one[1], soil=one[2], sun_zenith=one[3])[0]


@pytest.mark.parametrize("leaf", PLANTS)
def test_green_plants_are_dark_in_red_and_bright_in_near_infrared(leaf: Leaf) -> None:
    seen = look(leaf, 4)
    assert seen[NIR] > 5 * seen[RED]
    assert seen[SWIR] < seen[NIR]
    assert (seen > 0).all()
    assert (seen < 0.6).all()


@pytest.mark.parametrize("leaf", PLANTS)
def test_more_leaf_is_more_ndvi_and_brown_leaf_less(leaf: Leaf) -> None:
    index = [(s[NIR] - s[RED]) / (s[NIR] + s[RED]) for s in (look(leaf, v) for v in (0, 0.5, 1, 2, 4))]
    assert index == sorted(index)
    dead = look(leaf, 4, brown=1)
    assert (dead[NIR] - dead[RED]) / (dead[NIR] + dead[RED]) < 0.45


def test_interpolation_gives_the_runs_at_their_nodes() -> None:
    table = spectral_table().values
    np.testing.assert_allclose(
        look(Leaf.GRASS, float(LAI_NODES[3]), float(BROWN_NODES[1]), 1.0, 45.0),
        table[Leaf.GRASS, 1, 3, 1, 1],
        rtol=1e-5,
    )


def test_bands_weigh_their_own_wavelengths() -> None:
    response = band_response()
    np.testing.assert_allclose(response.sum(axis=1), 1)
    assert 400 + int(response[RED].argmax()) == pytest.approx(664.6, abs=1)


def test_water_is_dark_beyond_red() -> None:
    seen = look(Leaf.WATER, 0, soil=0.3)
    assert seen[NIR] < seen[RED] < 0.1


def test_crop_calendars_run_forward_and_end_bare() -> None:
    for crop in (*CROPS, CATCH):
        days, lai, brown = np.array(crop.knots).T
        assert (np.diff(days) > 0).all(), crop.name
        assert lai[0] <= 0.1, crop.name
        assert lai[-1] <= 0.15, crop.name
        assert ((brown >= 0) & (brown <= 1)).all(), crop.name
        assert days[-1] - days[0] < 420, crop.name


@pytest.mark.parametrize("cover", ["cropland", *COVERS])
def test_growth_stays_in_range_on_every_day(cover: str) -> None:
    stands = draw_stands(
        np.random.default_rng(1), np.array([cover] * 40), first_year=2019, years=4, shift_days=np.zeros((40, 4))
    )
    days = np.repeat(np.arange(to_day(date(2019, 1, 1)), to_day(date(2022, 1, 1)), 5)[None], 40, axis=0).astype(
        np.int32
    )
    growth = grow(stands, days)
    assert (growth.lai >= 0).all()
    assert (growth.lai < 9).all()
    assert ((growth.brown >= 0) & (growth.brown <= 1)).all()


def test_a_felled_stand_loses_its_wood_and_needles() -> None:
    stands = draw_stands(
        np.random.default_rng(1), np.array(["conifer"]), first_year=2019, years=3, shift_days=np.zeros((1, 3))
    )
    day = to_day(date(2020, 1, 1))
    growth = grow(
        replace(stands, felled_day=np.array([day], np.float32)), np.array([[day - 5, day, day + 200]], np.int32)
    )
    assert growth.leaf.tolist() == [[Leaf.CONIFER, Leaf.GRASS, Leaf.GRASS]]
    assert growth.woody[0, 0] > 5
    assert growth.woody[0, 2] < 0.1


def test_the_same_crop_seldom_follows_itself() -> None:
    crops = draw_rotations(np.random.default_rng(0), (4000, 5))
    assert (crops[:, 1:] == crops[:, :-1]).mean() < 0.08


def test_forests_scatter_more_than_grass_and_water_least() -> None:
    rng = np.random.default_rng(0)
    view = Pass(incidence_deg=np.full(3, 38, np.float32), looks=np.full(3, 1e6, np.float32))
    leaf = np.array([Leaf.CONIFER, Leaf.GRASS, Leaf.WATER], np.int8)
    volume = np.array([12, 2, 0], np.float32)
    decibel = backscatter(rng, leaf, volume=volume, moisture=np.full(3, 0.3, np.float32), view=view)
    assert (np.diff(decibel, axis=0) < 0).all()
    assert (decibel[:, 0] > decibel[:, 1] + 4).all()


def test_speckle_keeps_the_mean_power() -> None:
    n = 20_000
    view = Pass(incidence_deg=np.full(n, 38, np.float32), looks=np.full(n, 4.4, np.float32))
    decibel = backscatter(
        np.random.default_rng(0),
        np.full(n, Leaf.BUILT, np.int8),
        volume=np.zeros(n, np.float32),
        moisture=np.zeros(n, np.float32),
        view=view,
    )
    assert (10 ** (decibel[:, 0] / 10)).mean() == pytest.approx(10**-0.65, rel=0.02)


def test_the_sun_stands_highest_in_june() -> None:
    days = np.arange(1, 366)
    zenith = sun_zenith(np.array(50.0, np.float32), days.astype(np.float32))
    assert 165 < days[zenith.argmin()] < 180
    assert 28 < zenith.min() < 36


def test_clear_overpasses_come_as_often_as_asked() -> None:
    day = np.tile(np.arange(0, 365, 5, dtype=np.float32), (500, 1))
    share, swing = (np.full(500, v, np.float32) for v in (0.4, 0.15))
    clear = clear_overpasses(np.random.default_rng(0), day, share=share, swing=swing)
    assert clear.mean() == pytest.approx(0.4, abs=0.02)
    assert clear[:, 30:45].mean() > clear[:, :12].mean() + 0.15


def test_noise_leaves_reflectance_positive() -> None:
    noisy = add_measurement_noise(np.random.default_rng(0), np.full((5000, 10), 0.002, np.float32), residues=0.05)
    assert (noisy > 0).all()
