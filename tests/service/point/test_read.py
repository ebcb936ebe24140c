"""Places to pixels, and what a pixel says."""

import pytest
from affine import Affine

from core.errors import InvalidOption
from core.grid import Window
from service.point.read import pixel_at

WINDOW = Window(crs="EPSG:32632", transform=Affine(10, 0, 600_000, 0, -10, 5_320_000), shape_yx=(30, 40))


@pytest.mark.parametrize(("row", "column"), [(0, 0), (29, 39), (7, 21)])
def test_the_middle_of_a_pixel_lies_in_it(row: int, column: int) -> None:
    moved = WINDOW.transform * Affine.translation(column, row)
    alone = Window(crs=WINDOW.crs, transform=moved, shape_yx=(1, 1))
    middle = alone.footprint_wgs84.centroid
    found = pixel_at(WINDOW, middle.x, middle.y)
    assert (found.row, found.column) == (row, column)
    assert found.place == pytest.approx((middle.x, middle.y), abs=1e-6)


@pytest.mark.parametrize(("longitude", "latitude"), [(10.0, 48.0), (-170.0, 48.02), (10.34, 48.9), (0.0, -90.0)])
def test_a_place_outside_the_map_is_refused_with_its_bounds(longitude: float, latitude: float) -> None:
    with pytest.raises(InvalidOption, match=r"the map reaches from 10\.34"):
        pixel_at(WINDOW, longitude, latitude)
