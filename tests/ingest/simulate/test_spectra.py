"""Simulated reflectance of plants, water and soils."""

import numpy as np
import pytest

from core.bands import OPTICAL_NAMES
from ingest.simulate.calendars import Leaf
from ingest.simulate.spectra import BROWN_NODES, LAI_NODES, band_response, spectral_table

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
