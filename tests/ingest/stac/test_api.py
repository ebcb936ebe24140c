"""Archives behind a STAC API, searched and read through a stand-in on loopback."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from affine import Affine
from shapely.geometry import mapping

from core.bands import OPTICAL_NAMES
from core.errors import ArchiveUnavailable, ReadFailed, UntrustedAddress
from core.grid import Window
from core.region import Region
from core.settings import Settings
from core.timeline import Period
from ingest.io.hosts import Hosts
from ingest.io.raster_files import Access
from ingest.stac.api import StacApi, is_stac_api, open_stac_api
from ingest.stac.describe import Catalogue, describe_api
from ingest.stac.presets import open_preset
from tests.ingest.stac.folders import CLASSES, PIXELS, WINDOW, asset, item, write_bands
from tests.ingest.stac.server import Answer, StacServer, serve

JUNE = Period(start=date(2022, 6, 1), end=date(2022, 6, 30))
FAST: dict[str, Any] = {"requests_per_second": 1000, "tile_size": 16, "tries": 3}
BUSY = Answer(429, {"Retry-After": "0"}, "slow down")


def scene(day: int, *, name: str = "", collection: str = "sentinel-2-l2a", **properties: Any) -> dict[str, Any]:
    assets = {n: asset(f"./{n}.tif") for n in ("red", "nir", "scl")}
    stated = {"s2:processing_baseline": "04.00", **properties}
    return {**item(name or f"day{day:02}", f"2022-06-{day:02}", assets, **stated), "collection": collection}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("files")
    write_bands(place, red=PIXELS, nir=PIXELS + 2000, scl=CLASSES)
    return place


@pytest.fixture
def server(folder: Path) -> Iterator[StacServer]:
    with serve(folder, [scene(d) for d in (21, 3, 8, 13, 28)]) as running:
        yield running


def open_api(server: StacServer, **options: Any) -> StacApi:
    return open_stac_api(server.url, Settings(**{**FAST, **options}))


def days(archive: StacApi, window: Window = WINDOW, period: Period = JUNE) -> list[int]:
    return [s.time.day for s in archive.search(window, period)]


def test_an_api_describes_what_it_holds(server: StacServer) -> None:
    archive = open_api(server)
    assert archive.title == "STAC API Loopback"
    assert archive.attribution == "Licence: CC-BY-4.0; ESA"
    assert archive.period == Period(start=date(2016, 1, 1), end=datetime.now(UTC).date())
    assert archive.footprint.bounds == (5, 45, 15, 55)
    assert (archive.bands, archive.abilities.sensors) == (OPTICAL_NAMES, ("s2",))
    assert archive.is_cached
    assert not archive.is_simulated
    assert len(archive.fingerprint) == 64


def test_an_api_is_distinguished_from_other_addresses(server: StacServer) -> None:
    assert is_stac_api(server.url, Settings(**FAST))
    server.conforms = ["https://api.stacspec.org/v1.0.0/core"]
    assert not is_stac_api(server.url, Settings(**FAST))
    assert not is_stac_api(f"{server.url}/nothing", Settings(**FAST))
    assert not is_stac_api(f"{server.url}/files/red.tif", Settings(**FAST))
    with pytest.raises(ArchiveUnavailable, match="no STAC API"):
        open_api(server)
    with pytest.raises(ArchiveUnavailable, match="does not answer"):
        is_stac_api("http://127.0.0.1:9", Settings(**{**FAST, "tries": 1}))
    for url in ("http://stac.example.com", "https://user:secret@stac.example.com", "ftp://127.0.0.1/"):
        with pytest.raises(UntrustedAddress):
            is_stac_api(url, Settings(**FAST))


def test_the_lattice_is_that_of_the_utm_zone(server: StacServer) -> None:
    grid = open_api(server).grid(Region(geometry=WINDOW.footprint_wgs84))
    assert (grid.crs, grid.resolution_m, grid.origin_xy, grid.tile_size) == ("EPSG:32632", 10, (0, 0), 16)


def test_scenes_come_ordered_by_time(server: StacServer) -> None:
    assert days(open_api(server)) == [3, 8, 13, 21, 28]


def test_only_scenes_of_the_window_and_the_period_are_listed(server: StacServer) -> None:
    archive = open_api(server)
    aside = replace(WINDOW, transform=WINDOW.transform * Affine.translation(40, 0))
    assert days(archive, aside) == []
    assert days(archive, period=Period(start=date(2022, 6, 8), end=date(2022, 6, 13))) == [8, 13]


@pytest.mark.parametrize("paging", ["GET", "POST"])
def test_all_pages_are_read(server: StacServer, paging: str) -> None:
    server.page_items, server.paging = 2, paging
    assert days(open_api(server)) == [3, 8, 13, 21, 28]
    assert len(server.searches) == 3


def test_collections_come_in_pages_as_well(server: StacServer) -> None:
    server.collections, server.page_items = ["naip", "sentinel-2-l2a", "sentinel-1-rtc"], 1
    archive = open_api(server)
    assert archive.abilities.sensors == ("s2", "s1")
    assert archive.abilities.convention == "gamma0_rtc"
    assert days(archive) == [3, 8, 13, 21, 28]
    assert server.searches[0]["collections"] == ["sentinel-2-l2a", "sentinel-1-rtc"]


def test_the_same_window_is_requested_once_in_five_minutes(server: StacServer) -> None:
    now = [0.0]
    known = open_api(server)
    archive = StacApi(
        catalogue_of(server), settings=Settings(**FAST), access=Access(hosts=None), clock=lambda: now[0]
    )  # fmt: skip
    assert days(archive) == days(archive) == days(known)
    assert len(server.searches) == 2
    now[0] = 301
    days(archive)
    assert len(server.searches) == 3


@pytest.mark.parametrize(
    "upset",
    [
        [BUSY, BUSY],
        [Answer(503, {"Retry-After": "0.01"})],
        [Answer(500, body="<html>oops</html>"), Answer(502)],
    ],
)
def test_a_busy_catalogue_is_tried_again(server: StacServer, upset: list[Answer]) -> None:
    archive = open_api(server)
    server.upset.extend(upset)
    assert len(days(archive)) == 5
    assert not server.upset


def test_a_page_that_fails_for_good_fails_the_search_rather_than_leave_scenes_out(server: StacServer) -> None:
    server.page_items = 2
    with serve(server.folder, [], upset=server.upset) as broken:
        broken.upset.append(Answer(500, body="no more"))
        server.next_base = broken.url
        archive = open_api(server, tries=1, archive_hosts=broken.url.removeprefix("http://"))
        with pytest.raises(ArchiveUnavailable, match="HTTP 500: no more"):
            days(archive)


def test_a_catalogue_that_stays_busy_is_unavailable(server: StacServer) -> None:
    archive = open_api(server)
    server.upset.extend([BUSY] * 3)
    with pytest.raises(ArchiveUnavailable, match=r"HTTP 429: slow down \(tried 3 times\)"):
        days(archive)
    assert len(days(archive)) == 5


def test_a_refusal_quotes_the_catalogues_own_message(server: StacServer) -> None:
    archive = open_api(server)
    server.upset.append(Answer(400, body='{"description":"bbox is too large"}'))
    with pytest.raises(ArchiveUnavailable, match=r"HTTP 400.*bbox is too large"):
        days(archive)


def test_a_slow_answer_is_waited_for_no_longer_than_the_timeout(server: StacServer) -> None:
    catalogue = catalogue_of(server)
    settings = Settings(**{**FAST, "tries": 1})
    archive = StacApi(catalogue, settings=settings, access=Access(hosts=None), timeout_s=0.2)
    server.slow_s = 0.6
    with pytest.raises(ArchiveUnavailable, match="does not answer"):
        days(archive)


def test_an_answer_that_is_not_stac_is_refused(server: StacServer) -> None:
    archive = open_api(server)
    for body in ("not json", '{"features": [5]}', '{"features": 5}', "[]"):
        server.upset.append(Answer(200, body=body))
        with pytest.raises(ArchiveUnavailable, match="STAC"):
            archive.search(WINDOW, Period(start=date(2022, 6, 1), end=date(2022, 6, 2 + len(body))))


def test_paging_that_does_not_end_is_given_up(server: StacServer) -> None:
    server.page_items = 1
    archive = StacApi(catalogue_of(server), settings=Settings(**FAST), access=Access(hosts=None), max_pages=2)
    with pytest.raises(ArchiveUnavailable, match="more than 2 pages"):
        days(archive)


@pytest.mark.parametrize("knob", ["next_base", "asset_base"])
def test_links_to_other_hosts_are_not_followed(server: StacServer, knob: str) -> None:
    archive = open_api(server)
    server.page_items = 2
    setattr(server, knob, "https://evil.example.org")
    with pytest.raises(UntrustedAddress, match=r"evil\.example\.org"):
        days(archive)


def test_redirects_to_other_hosts_are_not_followed(server: StacServer) -> None:
    archive = open_api(server)
    server.upset.append(Answer(307, {"Location": "http://169.254.169.254/latest/meta-data"}))
    with pytest.raises(UntrustedAddress, match=r"169\.254\.169\.254"):
        days(archive)


def test_redirects_on_the_same_host_are_followed(server: StacServer) -> None:
    archive = open_api(server)
    server.upset.append(Answer(307, {"Location": f"{server.url}/search"}))
    assert len(days(archive)) == 5


def test_another_port_of_this_machine_is_another_host(server: StacServer) -> None:
    archive = open_api(server)
    with serve(server.folder, []) as other:
        server.asset_base = f"{other.url}/files"
        with pytest.raises(UntrustedAddress):
            days(archive)
        further = open_api(server, archive_hosts=other.url.removeprefix("http://"))
        assert len(days(further)) == 5


def test_an_item_with_an_implausible_footprint_is_judged_by_its_raster_or_left_out(server: StacServer) -> None:
    world: dict[str, Any] = {
        "geometry": {"type": "Polygon", "coordinates": [[[-180, 40], [180, 40], [180, 60], [-180, 60], [-180, 40]]]},
        "bbox": [-180, 40, 180, 60],
    }
    far, near = [300_000, 5_500_000, 400_000, 5_600_000], list(WINDOW.bounds)
    server.items = [
        {**scene(1), **world},
        {**scene(2, **{"proj:bbox": far}), **world},
        {**scene(3, **{"proj:bbox": near}), **world},
    ]
    assert days(open_api(server)) == [3]


def test_a_window_across_the_antimeridian_is_searched_on_both_sides(server: StacServer) -> None:
    window = Window(crs="EPSG:32601", transform=Affine(10, 0, 300_000, 0, -10, 1_000_000), shape_yx=(4, 4))
    crossing = replace(window, transform=Affine(10, 0, 169_995, 0, -10, 1_000_000), shape_yx=(8, 300))
    west, _, east, _ = crossing.footprint_wgs84.bounds
    assert east - west > 180
    eastern = {**scene(4), "bbox": [-180, 8, -179.9, 10], "geometry": box_of(-180, 8, -179.9, 10)}
    western = {**scene(5), "bbox": [179.9, 8, 180, 10], "geometry": box_of(179.9, 8, 180, 10)}
    server.items = [eastern, western, {**scene(6), "bbox": [0, 8, 10, 10], "geometry": box_of(0, 8, 5, 10)}]
    assert days(open_api(server), crossing) == [4, 5]
    assert len(server.searches) == 2
    assert all(s["bbox"][2] - s["bbox"][0] < 1 for s in server.searches)


def test_pixels_are_read_as_they_are_stored_and_the_mask_apart(server: StacServer) -> None:
    archive = open_api(server)
    first = archive.search(WINDOW, JUNE)[0]
    reading = archive.read(first, WINDOW, ("B04", "B08", "B11"))
    assert set(reading.values) == {"B04", "B08"}
    np.testing.assert_allclose(reading.values["B04"], PIXELS * 1e-4 - 0.1, atol=1e-6)
    assert reading.mask is not None
    np.testing.assert_array_equal(reading.mask, np.kron(CLASSES, np.ones((2, 2), np.uint8)))
    assert (reading.mask_kind, reading.offset) == ("SCL", -0.1)


def test_a_file_that_is_missing_or_truncated_fails_the_read(server: StacServer) -> None:
    archive = open_api(server, tries=1)
    found = archive.search(WINDOW, JUNE)
    server.items = [{**scene(2), "assets": {"red": asset("./other.tif")}}]
    gone = archive.search(WINDOW, Period(start=date(2022, 6, 1), end=date(2022, 6, 5)))
    with pytest.raises(ReadFailed, match=r"other\.tif"):
        archive.read(gone[0], WINDOW, ("B04",))
    server.cut_at = 300
    with pytest.raises(ReadFailed, match=found[0].scene_id):
        archive.read(found[0], WINDOW, ("B04",))


@dataclass
class OldSigner:
    """Signs with a token that has ended, until it is stated to forget it."""

    server: StacServer
    token: str = "old"

    def sign(self, href: str) -> str:
        return f"{href}?sig={self.token}"

    def forget(self, href: str) -> None:
        self.token = self.server.signature


def test_a_file_whose_signature_has_ended_is_signed_anew(server: StacServer) -> None:
    server.signature = "new"
    catalogue = catalogue_of(server)
    access = Access(hosts=catalogue.hosts, signer=OldSigner(server), tries=2, per_second=1000)
    archive = StacApi(catalogue, settings=Settings(**FAST), access=access)
    reading = archive.read(archive.search(WINDOW, JUNE)[0], WINDOW, ("B04",))
    np.testing.assert_allclose(reading.values["B04"], PIXELS * 1e-4 - 0.1, atol=1e-6)


def test_a_busy_file_server_is_tried_again(server: StacServer) -> None:
    archive = open_api(server)
    found = archive.search(WINDOW, JUNE)
    server.file_upset.append(Answer(503, {"Retry-After": "0"}))
    assert np.isfinite(archive.read(found[1], WINDOW, ("B08",)).values["B08"]).all()


def test_items_that_are_not_stac_are_left_out_and_logged(server: StacServer, caplog: pytest.LogCaptureFixture) -> None:
    server.items.append({**scene(9, name="odd"), "geometry": None})
    server.items.append({**scene(10, name="odder"), "assets": {"red": {"href": "./red.tif", "raster:bands": 5}}})
    assert days(open_api(server)) == [3, 8, 13, 21, 28]
    assert sum("item_left_out" in r.message for r in caplog.records) == 2


def test_a_scene_that_another_process_searched_for_is_requested_by_its_name(server: StacServer) -> None:
    found = open_api(server).search(WINDOW, JUNE)[2]
    reading = open_api(server).read(found, WINDOW, ("B04",))
    np.testing.assert_allclose(reading.values["B04"], PIXELS * 1e-4 - 0.1, atol=1e-6)
    assert server.searches[-1]["ids"] == [found.scene_id]


def test_a_scene_of_another_archive_or_of_another_processing_is_not_read(server: StacServer) -> None:
    found = open_api(server).search(WINDOW, JUNE)[0]
    for other in (replace(found, scene_id="other"), replace(found, version="newer")):
        with pytest.raises(ReadFailed, match="another archive"):
            open_api(server).read(other, WINDOW, ("B04",))


def test_fewer_items_than_promised_are_logged(server: StacServer, caplog: pytest.LogCaptureFixture) -> None:
    server.promised_more = 3
    assert len(days(open_api(server))) == 5
    assert any("fewer_items_than_promised" in r.message for r in caplog.records)


def catalogue_of(server: StacServer) -> Catalogue:
    landing, known = server.landing(), [server.collection(c) for c in server.collections]
    return describe_api(server.url, landing, known)


def box_of(west: float, south: float, east: float, north: float) -> dict[str, Any]:
    from shapely import box

    return dict(mapping(box(west, south, east, north)))


@pytest.mark.live
@pytest.mark.skipif(os.environ.get("LANDCAST_LIVE") != "1", reason="asks Earth Search; only with LANDCAST_LIVE=1")
def test_earth_search_gives_plausible_reflectance() -> None:
    archive = open_preset("earth-search", Settings())
    window = Window(crs="EPSG:32632", transform=Affine(10, 0, 600_000, 0, -10, 5_600_000), shape_yx=(64, 64))
    found = archive.search(window, Period(start=date(2022, 6, 1), end=date(2022, 6, 20)))
    assert found
    assert all(s.datatake and s.version and s.baseline for s in found)
    reading = archive.read(found[0], window, ("B04", "B08"))
    assert reading.mask_kind == "SCL"
    assert -0.1 < float(np.nanmedian(reading.values["B04"])) < 1.2
    assert Hosts(name="live", allowed=("earth-search.aws.element84.com",)).check(
        "https://earth-search.aws.element84.com/v1"
    )
