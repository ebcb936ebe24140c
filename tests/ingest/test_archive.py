"""Every kind of archive offers what the protocol names."""

import inspect

import pytest
from affine import Affine

from core.bands import CHANNELS
from core.errors import RegionOutsideArchive
from core.grid import Window
from core.region import parse_region
from ingest.archive import SENSOR_BANDS, TOA_BANDS, Archive, Reading, check_region, search_boxes
from ingest.cubes.archive import CubeArchive
from ingest.preference import PreferredArchives
from ingest.sentinel_hub.archive import SentinelHub
from ingest.stac.api import StacApi
from ingest.stac.folder import StacFolder
from tests.ingest.fake_archive import EXTENT, FakeArchive

KINDS = [CubeArchive, PreferredArchives, SentinelHub, StacApi, StacFolder, FakeArchive]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", ["grid", "search", "read"])
def test_a_kind_of_archive_takes_the_arguments_of_the_protocol(kind: type, method: str) -> None:
    assert list(inspect.signature(getattr(kind, method)).parameters) == list(
        inspect.signature(getattr(Archive, method)).parameters
    )


def test_every_channel_belongs_to_one_sensor() -> None:
    bands = [b for held in SENSOR_BANDS.values() for b in held]
    assert len(bands) == len(set(bands))
    assert set(CHANNELS) <= set(bands)
    assert not set(TOA_BANDS) & set(bands)


def test_a_reading_is_unmasked_and_without_offset_unless_stated() -> None:
    reading = Reading(values={})
    assert (reading.mask, reading.mask_kind, reading.is_masked, reading.offset) == (None, "", False, 0.0)


@pytest.mark.parametrize(("west", "crs", "boxes"), [(600_000, "EPSG:32632", 1), (800_000, "EPSG:32660", 2)])
def test_a_window_is_searched_by_one_box_or_by_one_on_each_side_of_the_antimeridian(
    west: float, crs: str, boxes: int
) -> None:
    window = Window(crs=crs, transform=Affine(10, 0, west, 0, -10, 200_000), shape_yx=(3000, 5000))
    found = search_boxes(window)
    assert len(found) == boxes
    assert all(w < e and s < n for w, s, e, n in found)
    if boxes == 2:
        assert (found[0][0], found[1][2]) == (-180, 180)


def test_a_region_outside_the_archive_is_refused() -> None:
    box = [[20, 10], [21, 10], [21, 11], [20, 11], [20, 10]]
    with pytest.raises(RegionOutsideArchive, match="'fake'"):
        check_region(FakeArchive(), parse_region({"type": "Polygon", "coordinates": [box]}))


def test_a_region_with_longitude_and_latitude_swapped_is_told_so() -> None:
    west, south, east, north = EXTENT.footprint_wgs84.bounds
    box = [[south, west], [north, west], [north, east], [south, east], [south, west]]
    with pytest.raises(RegionOutsideArchive, match="Longitude and latitude seem to be swapped"):
        check_region(FakeArchive(), parse_region({"type": "Polygon", "coordinates": [box]}))


def test_a_region_that_touches_the_archive_is_accepted() -> None:
    check_region(FakeArchive(), parse_region(dict(EXTENT.footprint_wgs84.buffer(0.01).__geo_interface__)))
