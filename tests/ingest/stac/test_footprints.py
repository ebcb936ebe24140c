"""Footprints of STAC items, also at the antimeridian."""

import pytest

from core.errors import InvalidArchive
from core.region import reproject
from ingest.stac.footprints import find_footprint
from tests.ingest.stac.documents import known, optical, read


def test_an_implausible_footprint_is_replaced_by_the_extent_of_the_raster() -> None:
    world = {"type": "Polygon", "coordinates": [[[-180, 60], [180, 60], [180, 61], [-180, 61], [-180, 60]]]}
    extent = {"proj:bbox": [600_000, 5_600_000, 709_800, 5_709_800]}
    found = known({**optical(**extent), "geometry": world})
    assert found.geometry.bounds == pytest.approx((10.41, 50.51, 12.02, 51.53), abs=0.02)
    with pytest.raises(InvalidArchive, match="implausible"):
        read({**optical(), "geometry": world})


def test_an_extent_at_the_antimeridian_lies_on_both_sides_of_it() -> None:
    extent = {"proj:bbox": [300_000, 7_200_000, 409_800, 7_309_800], "proj:epsg": 32601}
    found = known({**optical(**extent), "geometry": None})
    west, _, east, _ = found.geometry.bounds
    assert (west, east) == (-180, 180)
    assert found.geometry.area < 5


def test_the_extent_of_a_raster_comes_from_its_transform_and_shape_as_well() -> None:
    stated = {"proj:transform": [10, 0, 600_000, 0, -10, 5_700_000], "proj:shape": [200, 300]}
    document = {"geometry": None, "properties": {}, "assets": {"red": stated}}
    found = find_footprint(document, "there", crs="EPSG:32632")
    west, south, east, north = reproject(found, "EPSG:4326", "EPSG:32632").bounds
    assert (west, south, east, north) == pytest.approx((600_000, 5_698_000, 603_000, 5_700_000), abs=1)
