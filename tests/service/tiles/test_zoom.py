"""Zoom levels that show a map at its own resolution."""

import pytest

from service.tiles.zoom import deepest_zoom


@pytest.mark.parametrize(("metres", "north", "zoom"), [(10, 100_000, 14), (10, 7_300_000, 13), (20, 100_000, 13)])
def test_the_deepest_zoom_has_pixels_no_larger_than_the_map(metres: int, north: int, zoom: int) -> None:
    place = {"proj:code": "EPSG:32632", "proj:transform": [metres, 0, 500_000, 0, -metres, north, 0, 0, 1]}
    item = {"properties": {}, "assets": {"data": {**place, "proj:shape": [100, 100]}}}
    assert deepest_zoom(item) == zoom
