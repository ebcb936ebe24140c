"""How large pixels are on the ground."""

import math

import numpy as np
import pytest
from affine import Affine

from core.grid import Window
from core.ground.scale import ground_edge_m, ground_m2, ground_of

RADIUS_M, FLATTENING = 6_378_137.0, 1 / 298.257223563
SQUARED = FLATTENING * (2 - FLATTENING)


def mercator_share(y: float) -> float:
    """Return the area on WGS84 over that in EPSG:3857, from the radii of curvature (Snyder 1987, 4-20 and 4-21)."""
    latitude = math.atan(math.sinh(y / RADIUS_M))
    bulge = 1 - SQUARED * math.sin(latitude) ** 2
    normal, meridian = RADIUS_M / bulge**0.5, RADIUS_M * (1 - SQUARED) / bulge**1.5
    return normal * meridian * math.cos(latitude) ** 2 / RADIUS_M**2


def window(crs: str, x: float, y: float, shape_yx: tuple[int, int] = (3, 3), size: float = 10.0) -> Window:
    return Window(crs=crs, transform=Affine(size, 0, x, 0, -size, y), shape_yx=shape_yx)


@pytest.mark.parametrize("y", [0.0, 6_000_000.0, -4_000_000.0, 9_000_000.0])
def test_pixels_of_web_mercator_shrink_on_the_ground(y: float) -> None:
    ground = ground_of(window("EPSG:3857", 1_000_000, y + 15))
    assert ground.pixel_m2 == pytest.approx(100 * mercator_share(y), rel=1e-5)
    assert ground_m2(900.0, "EPSG:3857", (1_000_000, y)) == pytest.approx(900 * mercator_share(y), rel=1e-5)


def test_a_pixel_at_47_degrees_has_46_square_metres() -> None:
    merc = window("EPSG:3857", 1_000_000, 6_000_000)
    assert ground_of(merc).pixel_m2 == pytest.approx(45.92, abs=0.01)
    assert ground_edge_m(merc) == 6.78


@pytest.mark.parametrize(
    ("crs", "x", "y"), [("EPSG:32632", 500_000, 5_000_000), ("EPSG:32632", 170_000, 50_000), ("EPSG:3035", 4e6, 3e6)]
)
def test_utm_and_equal_areas_keep_those_of_the_grid(crs: str, x: float, y: float) -> None:
    ground = ground_of(window(crs, x, y))
    assert (ground.edge_m, ground.shares(slice(0, 3))) == (10.0, None)
    assert ground_m2(1e6, crs, (x, y)) == 1e6


def test_rows_of_a_tall_map_differ_and_sum_to_its_area() -> None:
    tall = window("EPSG:3857", 0, 8_000_000, (400, 30), 10_000.0)
    ground = ground_of(tall)
    shares = ground.shares(slice(0, 400))
    assert shares is not None
    assert shares.shape == (400, 30)
    np.testing.assert_array_equal(shares[100:120], ground.shares(slice(100, 120)))
    at = [mercator_share(8_000_000 - 10_000 * (row + 0.5)) for row in range(400)]
    np.testing.assert_allclose(shares[:, 7] * ground.pixel_m2 / 1e8, at, rtol=0.02)
    assert shares.mean() * ground.pixel_m2 == pytest.approx(1e8 * float(np.mean(at)), rel=0.005)
