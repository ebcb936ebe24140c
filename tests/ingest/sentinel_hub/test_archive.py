"""Sentinel Hub as an archive, through the real client, against a stand-in on this machine: scenes and pixels."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from affine import Affine
from pydantic import SecretStr
from shapely import box

from core.bands import OPTICAL_NAMES, RADAR_NAMES
from core.errors import MissingCredentials, UnknownArchive, UntrustedAddress
from core.grid import Window
from core.region import parse_region
from core.settings import Settings
from core.timeline import Period
from ingest.archive import TOA_BANDS
from ingest.sentinel_hub.archive import MAX_PIXELS, evalscript, open_sentinel_hub
from ingest.sentinel_hub.requests import data_collection
from tests.ingest.sentinel_hub.scenes import (
    GAP_X,
    JUNE,
    NOON,
    SCENES,
    WINDOW,
    expected,
    opened,
    optical,
    pixels,
    scene_of,
    served,
    settings_with_account,
)
from tests.ingest.sentinel_hub.server import CLIENT_ID, CLIENT_SECRET, NATIVE_M, SentinelHubServer


@pytest.fixture
def server() -> Iterator[SentinelHubServer]:
    with served(SCENES) as one:
        yield one


# Opening


@pytest.mark.parametrize("missing", [{"sentinelhub_client_id": ""}, {"sentinelhub_client_secret": None}])
def test_opening_without_an_account_names_the_settings(tmp_path: Path, missing: dict[str, Any]) -> None:
    stated = {"sentinelhub_client_id": CLIENT_ID, "sentinelhub_client_secret": SecretStr(CLIENT_SECRET)} | missing
    with pytest.raises(MissingCredentials, match="LANDCAST_SENTINELHUB_CLIENT_SECRET"):
        open_sentinel_hub("cdse", Settings(home=tmp_path, **stated))


def test_opening_sends_no_request(server: SentinelHubServer) -> None:
    archive = opened(server)
    assert server.times == []
    assert archive.is_cached
    assert archive.period.start == date(2015, 6, 27)
    assert set(archive.bands) == {*OPTICAL_NAMES, *RADAR_NAMES}


def test_the_two_deployments_have_addresses_of_their_own(tmp_path: Path) -> None:
    stated = settings_with_account(tmp_path)
    first, second = open_sentinel_hub("cdse", stated), open_sentinel_hub("sentinel-hub", stated)
    assert first.fingerprint != second.fingerprint
    with pytest.raises(UnknownArchive):
        open_sentinel_hub("elsewhere", stated)


@pytest.mark.parametrize("url", ["https://services.sentinel-hub.com", "https://sh.dataspace.copernicus.eu"])
@pytest.mark.parametrize("name", ["SENTINEL2_L2A", "SENTINEL2_L1C", "SENTINEL1_IW_ASC"])
def test_collections_lead_to_the_deployment_that_was_named(name: Any, url: str) -> None:
    collection = data_collection(name, url)
    assert collection.service_url == url
    assert data_collection(name, url) is collection


def test_credentials_are_not_sent_without_encryption(tmp_path: Path) -> None:
    with pytest.raises(UntrustedAddress):
        open_sentinel_hub("cdse", settings_with_account(tmp_path, sentinelhub_url="http://example.com"))


def test_the_lattice_is_that_of_sentinel_2(server: SentinelHubServer) -> None:
    region = parse_region({"type": "Polygon", "coordinates": [[[10, 50], [10.1, 50], [10.1, 50.1], [10, 50]]]})
    grid = opened(server, tile_size=64).grid(region)
    assert (grid.crs, grid.resolution_m, grid.tile_size, grid.origin_xy) == ("EPSG:32632", 10.0, 64, (0.0, 0.0))


# Searching


def test_items_of_one_pass_are_one_scene(server: SentinelHubServer) -> None:
    found = opened(server).search(WINDOW, JUNE)
    assert [(s.scene_id, s.sensor, s.orbit, len(s.properties["items"])) for s in found] == [
        ("S2A_20220607T103031_R108", "s2", "", 2),
        ("S1A_20220608_043580_descending", "s1", "descending", 2),
        ("S1A_20220608_043580_ascending", "s1", "ascending", 1),
        ("S2B_20220612T103031_R108", "s2", "", 1),
    ]
    assert [s.baseline for s in found if s.sensor == "s2"] == ["04.00", "05.10"]
    assert {s.convention for s in found if s.sensor == "s1"} == {"gamma0_rtc"}
    assert [s.time for s in found] == sorted(s.time for s in found)


def test_pages_are_all_read() -> None:
    with served(SCENES, page_size=1) as server:
        assert len(opened(server).search(WINDOW, JUNE)) == 4
        assert [r.get("next") for r in server.requests["search"]] == [None, 1, 2, None, 1, 2]


def test_only_days_of_the_period_are_listed(server: SentinelHubServer) -> None:
    found = opened(server).search(WINDOW, Period(start=date(2022, 6, 8), end=date(2022, 6, 11)))
    assert [s.sensor for s in found] == ["s1", "s1"]


def test_a_pass_over_midnight_is_one_scene_of_the_day_it_began_on() -> None:
    midnight = datetime(2022, 6, 8, tzinfo=UTC)
    over = [optical("60KXF", midnight - timedelta(seconds=20)), optical("60KXE", midnight + timedelta(seconds=5))]
    with served(over) as server:
        archive = opened(server)
        days = [Period(start=date(2022, 6, n), end=date(2022, 6, n)) for n in (7, 8)]
        assert [[len(s.properties["items"]) for s in archive.search(WINDOW, d)] for d in days] == [[2], []]


def test_the_version_changes_when_an_item_does_and_not_otherwise(server: SentinelHubServer) -> None:
    archive = opened(server)
    before = archive.search(WINDOW, JUNE)
    assert [s.version for s in archive.search(WINDOW, JUNE)] == [s.version for s in before]
    server.scenes[1] = replace(SCENES[1], properties={"updated": "2024-01-01T00:00:00Z"})
    assert [a.version != b.version for a, b in zip(before, archive.search(WINDOW, JUNE), strict=True)] == [
        True,
        False,
        False,
        False,
    ]


def test_another_satellite_soon_after_is_another_scene_and_not_in_its_time_range() -> None:
    later = NOON + timedelta(minutes=30)
    with served([optical("32UPB"), optical("32UPB", later, satellite="B")]) as server:
        archive = opened(server)
        first, second = archive.search(WINDOW, JUNE)
        middle = NOON + timedelta(minutes=15)
        assert datetime.fromisoformat(first.properties["to"]) == middle
        assert datetime.fromisoformat(second.properties["from"]) == middle
        assert datetime.fromisoformat(first.properties["from"]) == NOON - timedelta(hours=1)


def test_a_window_across_the_antimeridian_is_searched_on_both_sides() -> None:
    west, east = box(-180, -20, -179, -10), box(179, -20, 180, -10)
    middle = box(-20, -20, 20, -10)
    shown = [optical("60KXF", geometry=east), optical("01KAB", NOON + timedelta(seconds=9), geometry=west)]
    hidden = optical("31KAB", NOON + timedelta(days=1), geometry=middle)
    window = Window(crs="EPSG:32760", transform=Affine(10, 0, 815_000, 0, -10, 8_120_000), shape_yx=(600, 600))
    with served([*shown, hidden]) as server:
        (found,) = opened(server).search(window, JUNE)
        assert len(found.properties["items"]) == 2
        assert all(b[2] - b[0] < 1 for b in (r["bbox"] for r in server.requests["search"]))


def test_radar_is_searched_in_the_mode_that_land_is_observed_in(server: SentinelHubServer) -> None:
    opened(server).search(WINDOW, JUNE)
    (requested,) = [r for r in server.requests["search"] if r["collections"] == ["sentinel-1-grd"]]
    assert "sar:instrument_mode='IW'" in requested["filter"]
    assert "s1:polarization='DV'" in requested["filter"]


# Reading


def test_reflectance_is_that_of_the_ground(server: SentinelHubServer) -> None:
    archive = opened(server)
    scene = scene_of(archive, "s2")
    reading = archive.read(scene, WINDOW, ("B02", "B04", "B8A", "B11", "NDVI", "VV"))
    assert set(reading.values) == {"B02", "B04", "B8A", "B11"}
    assert reading.offset == 0.0
    for band, values in reading.values.items():
        assert values.dtype == np.float32
        # One DN is 0.0001; a number is rounded when it is stored and again after it was interpolated.
        np.testing.assert_allclose(values, expected(WINDOW, scene, band), atol=1.01e-4)


def test_dark_pixels_below_a_thousand_dn_stay_as_they_are(server: SentinelHubServer) -> None:
    server.pixels = lambda x, y, scene, band: np.full((len(y), len(x)), 0.0 if band == "B02" else 0.03)
    archive = opened(server)
    values = archive.read(scene_of(archive, "s2", 1), WINDOW, ("B02", "B04")).values
    np.testing.assert_allclose(values["B04"], 0.03)
    np.testing.assert_array_equal(values["B02"], 0.0)


def test_scene_classes_are_never_interpolated(server: SentinelHubServer) -> None:
    archive = opened(server)
    reading = archive.read(scene_of(archive, "s2"), WINDOW, ("B04",))
    assert reading.mask_kind == "SCL"
    assert reading.mask is not None
    assert set(np.unique(reading.mask)) == {4, 8}
    x, y = ((np.floor(v / 20) + 0.5) * 20 for v in WINDOW.centres())
    np.testing.assert_array_equal(reading.mask, pixels(x, y, SCENES[0], "SCL"))


def test_pixels_without_data_are_nan_and_class_0() -> None:
    gap = replace(SCENES[0], item_id=SCENES[0].item_id + "GAP")
    with served([gap]) as server:
        archive = opened(server)
        reading = archive.read(scene_of(archive, "s2"), WINDOW, ("B04", "B08"))
    is_beyond = WINDOW.centres()[0] > GAP_X
    assert reading.mask is not None
    for values in reading.values.values():
        np.testing.assert_array_equal(np.isnan(values).all(axis=0), is_beyond)
        assert np.isfinite(values[:, ~is_beyond]).all()
    assert (reading.mask[:, is_beyond] == 0).all()


def test_the_next_granule_of_the_pass_fills_what_one_lacks() -> None:
    gap = replace(SCENES[1], item_id=SCENES[1].item_id + "GAP")
    with served([SCENES[0], gap]) as server:
        archive = opened(server)
        reading = archive.read(scene_of(archive, "s2"), WINDOW, ("B04",))
    assert np.isfinite(reading.values["B04"]).all()


def test_radar_is_linear_power_of_its_own_direction(server: SentinelHubServer) -> None:
    archive = opened(server)
    for place, orbit in enumerate(("DESCENDING", "ASCENDING")):
        scene = scene_of(archive, "s1", place)
        reading = archive.read(scene, WINDOW, RADAR_NAMES)
        assert (reading.mask, reading.mask_kind) == (None, "")
        for band, values in reading.values.items():
            np.testing.assert_allclose(values, expected(WINDOW, scene, band), rtol=1e-5)
        (requested,) = server.requests["process"][-1]["input"]["data"]
        assert requested["dataFilter"]["orbitDirection"] == orbit
        assert requested["processing"] == {
            "upsampling": "BILINEAR",
            "downsampling": "BILINEAR",
            "backCoeff": "GAMMA0_TERRAIN",
            "orthorectify": True,
            "demInstance": "COPERNICUS_30",
        }


def test_level_1c_is_read_only_where_it_is_requested(server: SentinelHubServer) -> None:
    archive = opened(server)
    scene = scene_of(archive, "s2")
    archive.read(scene, WINDOW, ("B04",))
    assert len(server.requests["process"]) == 1
    reading = archive.read(scene, WINDOW, ("B04", *TOA_BANDS))
    assert [r["input"]["data"][0]["type"] for r in server.requests["process"][1:]] == [
        "sentinel-2-l2a",
        "sentinel-2-l1c",
    ]
    for band in TOA_BANDS:
        assert NATIVE_M.get(band.removeprefix("TOA_"), 10.0) in (10.0, 20.0, 60.0)
        np.testing.assert_allclose(reading.values[band], expected(WINDOW, scene, band), atol=1.01e-4)


def test_a_request_covers_exactly_the_window(server: SentinelHubServer) -> None:
    archive = opened(server)
    archive.read(scene_of(archive, "s2"), WINDOW, ("B08", "B04"))
    (sent,) = server.requests["process"]
    assert sent["input"]["bounds"] == {
        "bbox": list(WINDOW.bounds),
        "properties": {"crs": "http://www.opengis.net/def/crs/EPSG/0/32632"},
    }
    assert (sent["output"]["height"], sent["output"]["width"]) == WINDOW.shape_yx
    assert [r["identifier"] for r in sent["output"]["responses"]] == ["values", "mask"]
    assert [(d["id"], d["processing"]["upsampling"]) for d in sent["input"]["data"]] == [
        ("reflectance", "BILINEAR"),
        ("classes", "NEAREST"),
    ]
    assert sent["evalscript"] == evalscript("sentinel-2-l2a", ("B04", "B08"))
    assert {d["dataFilter"]["timeRange"]["from"] for d in sent["input"]["data"]} == {"2022-06-07T09:30:31Z"}


def test_large_windows_are_cut_into_requests_that_fit_without_a_seam(server: SentinelHubServer) -> None:
    archive = opened(server)
    scene = scene_of(archive, "s2")
    wide = replace(WINDOW, shape_yx=(3, MAX_PIXELS + 7))
    values = archive.read(scene, wide, ("B05",)).values["B05"]
    sizes = [(r["output"]["height"], r["output"]["width"]) for r in server.requests["process"]]
    assert sizes == [(3, MAX_PIXELS), (3, 7)]
    np.testing.assert_allclose(values, expected(wide, scene, "B05"), atol=1.01e-4)


@pytest.mark.parametrize("shape_yx", [(1, 1), (1, 5), (5, 1), (2, 2), (3, 4)])
@pytest.mark.parametrize("bands", [(), ("B04",), ("B04", "B08", "B11"), OPTICAL_NAMES])
def test_windows_of_any_shape_keep_rows_columns_and_bands_apart(
    server: SentinelHubServer, shape_yx: tuple[int, int], bands: tuple[str, ...]
) -> None:
    archive = opened(server)
    scene = scene_of(archive, "s2")
    window = replace(WINDOW, shape_yx=shape_yx)
    reading = archive.read(scene, window, bands)
    assert tuple(reading.values) == bands
    assert reading.mask is not None
    assert reading.mask.shape == shape_yx
    for band, values in reading.values.items():
        np.testing.assert_allclose(values, expected(window, scene, band), atol=1.01e-4)


def test_a_scene_that_was_removed_is_all_nan(server: SentinelHubServer) -> None:
    archive = opened(server)
    scene = scene_of(archive, "s2")
    server.scenes.clear()
    reading = archive.read(scene, WINDOW, ("B04",))
    assert np.isnan(reading.values["B04"]).all()
    assert reading.mask is not None
    assert not reading.mask.any()
