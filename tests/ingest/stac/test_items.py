"""STAC items as different archives write them, read as JSON alone."""

import json
from pathlib import Path
from typing import Any

import pytest
from shapely.geometry import mapping

from core.errors import InvalidArchive, UntrustedAddress
from ingest.stac.items import LeftOut, inside, item_from_dict, parse_stac, reachable, walk_items
from tests.ingest.stac.documents import HOST, HOSTS, known, optical, radar, read
from tests.ingest.stac.folders import WINDOW, asset, item, write_catalogue


def test_radar_in_radar_geometry_is_left_out() -> None:
    document = radar("one", **{"sar:product_type": "GRD"})
    assert read(document) is not None
    assert read({**document, "properties": {**document["properties"], "proj:epsg": None}}) is None


def test_items_of_other_satellites_are_left_out() -> None:
    assert read(optical(platform="landsat-9")) is None
    assert read(optical(assets={"lwir": asset(f"{HOST}/B10.tif")})) is None


@pytest.mark.parametrize(
    "change",
    [
        {"collection": "landsat-c2-l2"},
        {"id": "LC08_L2SP_198030_20180611_02_T1_SR"},
        {"properties": {"constellation": "landsat"}},
        {"properties": {"instruments": ["oli", "modis"]}},
        {"properties": {"platform": "PlanetScope"}},
        {"assets": {"red": asset(f"{HOST}/LC08_L2SP_B4.tif")}},
        {"assets": {"red": asset(f"{HOST}/red.tif"), "lwir11": asset(f"{HOST}/b10.tif")}},
    ],
)
def test_another_sensor_is_known_by_whatever_names_it(change: dict[str, Any]) -> None:
    document = optical()
    document = {**document, **change, "properties": {**document["properties"], **change.get("properties", {})}}
    left_out = LeftOut()
    assert read(document, left_out=left_out) is None
    (reason,) = left_out.by_reason
    assert "the models are made for Sentinel-2" in reason


@pytest.mark.parametrize("stated", [{}, {"platform": "landsat-8"}])
@pytest.mark.parametrize("where", ["id", "collection"])
def test_hls_of_landsat_is_read_by_its_own_bands(stated: dict[str, str], where: str) -> None:
    names = ("B02", "B03", "B04", "B05", "B06", "B07", "B10", "Fmask")
    document = optical("one", assets={n: asset(f"{HOST}/{n}.tif") for n in names}, **stated)
    texts = {"id": "HLS.L30.T31TCJ.2018162T105031.v2.0", "collection": "HLSL30_2.0"}
    found = known({**document, where: texts[where]})
    assert {b: s.name for b, s in found.sources.items() if b != "CLM"} == {
        "B02": "B02",
        "B03": "B03",
        "B04": "B04",
        "B8A": "B05",
        "B11": "B06",
        "B12": "B07",
    }
    assert found.sources["CLM"].mask is not None
    assert found.is_offset_stated


@pytest.mark.parametrize(
    "href",
    [
        "https://evil.example.org/red.tif",
        "http://data.example.com/red.tif",
        "file:///etc/passwd",
        "//evil.example.org/red.tif",
        "/vsicurl/https://evil.example.org/red.tif?x=/../",
        "s3://other/red.tif",
        "https://user:secret@data.example.com/red.tif",
    ],
)
def test_a_band_at_an_address_that_is_not_allowed_is_refused_or_stays_below_the_host(href: str) -> None:
    try:
        found = known(optical(assets={"red": asset(href)}))
    except UntrustedAddress:
        return
    assert found.sources["B04"].href.startswith(f"{HOST}/vsicurl/")


def test_links_are_relative_to_the_item() -> None:
    found = known(optical(assets={"red": asset("./a/red.tif")}))
    assert found.sources["B04"].href == f"{HOST}/items/a/red.tif"
    bucket = item_from_dict(
        optical(assets={"red": asset("../r.tif")}), "s3://eodata/a/b.json", resolve=reachable(HOSTS)
    )
    assert bucket is not None
    assert bucket.sources["B04"].href == "s3://eodata/r.tif"


def test_a_catalogue_on_disk_may_name_files_of_allowed_hosts_alone(tmp_path: Path) -> None:
    resolve = inside(tmp_path, HOSTS)
    place = str(tmp_path / "catalog.json")
    assert resolve(place, f"{HOST}/red.tif") == f"{HOST}/red.tif"
    assert resolve(place, "./red.tif") == str(tmp_path / "red.tif")
    for href in ("https://evil.example.org/red.tif", "/vsicurl/https://data.example.com/red.tif"):
        with pytest.raises(UntrustedAddress):
            resolve(place, href)
    for href in ("../red.tif", "/etc/passwd", "/vsimem/red.tif", "file:///etc/passwd", "%2e%2e/red.tif"):
        with pytest.raises(InvalidArchive, match="leads out"):
            resolve(place, href)
    with pytest.raises(InvalidArchive, match="leads out"):
        inside(tmp_path)(place, f"{HOST}/red.tif")


def test_links_with_escapes_and_file_addresses_lead_to_files_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "a b").mkdir()
    (tmp_path / "a b" / "red.tif").touch()
    resolve = inside(tmp_path)
    place = str(tmp_path / "catalog.json")
    for href in ("a%20b/red.tif", "./a b/red.tif", (tmp_path / "a b" / "red.tif").as_uri()):
        assert resolve(place, href) == str(tmp_path / "a b" / "red.tif")
    (tmp_path / "50%25.tif").touch()
    assert resolve(place, "50%25.tif") == str(tmp_path / "50%25.tif")


def test_a_catalogue_on_disk_gives_absolute_paths(tmp_path: Path) -> None:
    folder = write_catalogue(tmp_path / "a", [item("one", "2022-06-07", {"red": asset("./red.tif")})])
    (found,) = walk_items(folder / "catalog.json")
    assert found.sources["B04"].href == str(folder / "red.tif")


def test_a_catalogue_behind_urls_is_walked_once_even_in_circles() -> None:
    links = [{"rel": "child", "href": "b/catalog.json"}, {"rel": "item", "href": "one.json"}]
    back = [{"rel": "child", "href": "../catalog.json"}, {"rel": "item", "href": f"{HOST}/one.json"}]
    head = {"type": "Catalog", "stac_version": "1.0.0"}
    shelf: dict[str, dict[str, Any]] = {
        f"{HOST}/catalog.json": {**head, "links": links},
        f"{HOST}/b/catalog.json": {**head, "links": [*back, {"rel": "item", "href": "two.json"}]},
        f"{HOST}/one.json": optical("one"),
        f"{HOST}/b/two.json": optical("two", assets={"red": asset("./red.tif")}),
    }
    found = list(walk_items(f"{HOST}/catalog.json", fetch=shelf.__getitem__, resolve=reachable(HOSTS)))
    assert sorted(i.scene.scene_id for i in found) == ["one", "two"]
    assert {i.sources["B04"].href for i in found} == {f"{HOST}/red.tif", f"{HOST}/b/red.tif"}


def test_a_link_to_another_host_is_refused() -> None:
    document = {"type": "Catalog", "stac_version": "1.0.0", "links": [{"rel": "child", "href": "https://evil.org/c"}]}
    with pytest.raises(UntrustedAddress):
        list(walk_items(f"{HOST}/catalog.json", fetch=lambda _: document, resolve=reachable(HOSTS)))


def test_an_item_without_a_place_or_a_date_cannot_be_read() -> None:
    with pytest.raises(InvalidArchive, match="no usable geometry"):
        read({**optical(), "geometry": None})
    with pytest.raises(InvalidArchive, match="not a date"):
        read(optical(datetime=None))


def test_what_is_not_stac_is_refused() -> None:
    for text in ("{", "[]", "{}", "[" * 100_000, b"\xff\xfe\x00"):
        with pytest.raises(InvalidArchive, match="STAC"):
            parse_stac(text, where="there")
    assert parse_stac(json.dumps(optical()), where="there")["geometry"] == json.loads(
        json.dumps(mapping(WINDOW.footprint_wgs84))
    )


@pytest.mark.parametrize("href", ["loop.json", "a\0b.json"])
def test_a_link_that_is_no_usable_path_is_refused(tmp_path: Path, href: str) -> None:
    (tmp_path / "loop.json").symlink_to(tmp_path / "loop.json")
    with pytest.raises(InvalidArchive, match="no usable path"):
        inside(tmp_path)(str(tmp_path / "catalog.json"), href)
