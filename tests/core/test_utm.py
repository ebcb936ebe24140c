"""The UTM zone of a region, at borders, exceptions and 180 degrees."""

import pytest
from shapely.geometry import shape

from core.grid import utm_crs
from core.region import parse_region, region_from
from tests.core.regions import square


@pytest.mark.parametrize(
    ("longitude", "latitude", "crs"),
    [
        (-179.9, 10.0, "EPSG:32601"),
        (5.99, 48.0, "EPSG:32631"),
        (5.999, 48.0, "EPSG:32632"),
        (6.01, 48.0, "EPSG:32632"),
        (179.98, 10.0, "EPSG:32660"),
        (179.999, 10.0, "EPSG:32601"),
        (-180.004, 10.0, "EPSG:32660"),
        (-56.0, -12.0, "EPSG:32721"),
        (11.0, -0.006, "EPSG:32732"),
        (11.0, -0.004, "EPSG:32632"),
        (2.99, 60.0, "EPSG:32631"),
        (3.01, 60.0, "EPSG:32632"),
        (3.01, 64.1, "EPSG:32631"),
        (8.9, 78.0, "EPSG:32631"),
        (9.1, 78.0, "EPSG:32633"),
        (20.9, 78.0, "EPSG:32633"),
        (21.1, 78.0, "EPSG:32635"),
        (33.1, 78.0, "EPSG:32637"),
        (42.1, 78.0, "EPSG:32638"),
    ],
)
def test_the_utm_zone_is_that_of_most_of_the_area(longitude: float, latitude: float, crs: str) -> None:
    assert utm_crs(parse_region(square(longitude, latitude, width=0.005))) == crs


def test_of_two_parts_the_larger_decides_the_zone() -> None:
    wide, small = shape(square(5.9, 48.0, width=0.09)), shape(square(8.0, 48.0))
    assert utm_crs(region_from([wide, small])) == "EPSG:32631"
