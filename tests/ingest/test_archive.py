"""Every kind of archive offers what the protocol names."""

import inspect

import pytest
from affine import Affine

from core.bands import CHANNELS
from core.grid import Window
from ingest.archive import SENSOR_BANDS, TOA_BANDS, Archive, Reading, search_boxes
from ingest.cubes.archive import CubeArchive
from ingest.preference import PreferredArchives
from ingest.sentinel_hub.archive import SentinelHub
from ingest.stac.api import StacApi
from ingest.stac.folder import StacFolder
from tests.ingest.fake_archive import FakeArchive

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
