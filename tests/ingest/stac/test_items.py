"""STAC items as different archives write them, read as JSON alone."""

import json
from pathlib import Path
from typing import Any

import pytest
from shapely.geometry import mapping

from core.errors import InvalidCube, UntrustedAddress
from ingest.io.hosts import Hosts
from ingest.stac.items import StacItem, inside, item_from_dict, parse_stac, reachable, walk_items
from tests.ingest.stac.folders import WINDOW, asset, item, write_catalogue

HOSTS = Hosts(name="test", allowed=("data.example.com", "s3://eodata"))
HOST = "https://data.example.com"


def read(document: dict[str, Any], **options: Any) -> StacItem | None:
    return item_from_dict(document, f"{HOST}/items/one.json", resolve=reachable(HOSTS), **options)


def known(document: dict[str, Any], **options: Any) -> StacItem:
    found = read(document, **options)
    assert found is not None
    return found


def optical(name: str = "one", *, assets: dict[str, Any] | None = None, **properties: Any) -> dict[str, Any]:
    return item(name, "2022-06-07", assets or {"red": asset(f"{HOST}/red.tif")}, **properties)


def earth_search(**properties: Any) -> dict[str, Any]:
    """An item as Earth Search v1 writes it: COGs, the same bands as JPEG 2000, and pictures."""
    stated = {"raster:bands": [{"nodata": 0, "data_type": "uint16", "scale": 0.0001, "offset": -0.1}]}
    red = {"eo:bands": [{"name": "red", "common_name": "red"}], "gsd": 10, "roles": ["data"], **stated}
    colours = {"eo:bands": [{"common_name": c} for c in ("red", "green", "blue")]}
    assets = {
        "red-jp2": {"href": "s3://sentinel-s2-l2a/tiles/32/T/MT/B04.jp2", "type": "image/jp2", **red},
        "red": asset(f"{HOST}/B04.tif", **red),
        "rededge1": asset(f"{HOST}/B05.tif", **{"eo:bands": [{"name": "rededge1", "common_name": "rededge"}]}),
        "scl": asset(f"{HOST}/SCL.tif", roles=["data", "reflectance"]),
        "thumbnail": {"href": "https://elsewhere.example.com/preview.jpg", "type": "image/jpeg"},
        "visual": asset("https://elsewhere.example.com/TCI.tif", **colours),
    }
    told = {
        "platform": "sentinel-2a",
        "grid:code": "MGRS-32TMT",
        "s2:datatake_id": "GS2A_20220607T103031_036345_N04.00",
        "s2:processing_baseline": "04.00",
        "updated": "2022-11-06T00:57:12.111Z",
    }
    return optical("S2A_32TMT_20220607_0_L2A", assets=dict(sorted(assets.items())), **{**told, **properties})


def planetary(name: str = "S2A_MSIL2A_20220607T103031_R108_T32TMT_20220608T001122", **told: Any) -> dict[str, Any]:
    """An item as the Planetary Computer writes it: neither scale nor offset, a picture among the data."""
    bands = [("B04", "red"), ("B8A", "rededge")]
    assets = {b: asset(f"{HOST}/{b}.tif", **{"eo:bands": [{"name": b, "common_name": c}]}) for b, c in bands}
    colours = {"eo:bands": [{"name": b} for b in ("B04", "B03", "B02")], "roles": ["data"]}
    assets = {"visual": asset(f"{HOST}/TCI.tif", **colours), **assets, "SCL": asset(f"{HOST}/SCL.tif")}
    properties = {"platform": "Sentinel-2A", "s2:mgrs_tile": "32TMT", "s2:processing_baseline": "04.00", **told}
    return optical(name, assets=assets, **properties)


def copernicus() -> dict[str, Any]:
    """An item as the Copernicus Data Space writes it: STAC 1.1 bands, every band at several pixel sizes."""
    told = {"raster:scale": 0.0001, "raster:offset": -0.1, "nodata": 0, "data_type": "uint16", "type": "image/jp2"}
    folder = "s3://eodata/Sentinel-2/MSI/L2A/one.SAFE/IMG_DATA"

    def band(name: str, metres: int) -> dict[str, Any]:
        bands = [{"name": name, "eo:common_name": "x"}] if name.startswith("B") else []
        return {"href": f"{folder}/{name}_{metres}m.jp2", "gsd": metres, "bands": bands, **told}

    pairs = [("B04", 60), ("B04", 20), ("B04", 10), ("B8A", 60), ("B8A", 20), ("SCL", 60), ("SCL", 20)]
    assets = {f"{n}_{m}m": band(n, m) for n, m in pairs}
    colours = [{"name": b} for b in ("B04", "B03", "B02")]
    assets["TCI_10m"] = {"href": f"{folder}/TCI_10m.jp2", "type": "image/jp2", "bands": colours}
    name = "S2A_MSIL2A_20180605T102021_N0500_R065_T32TMT_20230810T001122"
    return {
        **optical(name, assets=assets, **{"platform": "sentinel-2a", "processing:version": "05.00"}),
        "stac_version": "1.1.0",
    }


def radar(name: str, **properties: Any) -> dict[str, Any]:
    return item(name, "2022-06-07", {"vv": asset(f"{HOST}/vv.tif")}, platform="SENTINEL-1A", **properties)


def test_earth_search_items_give_cogs_and_no_pictures() -> None:
    found = known(earth_search())
    assert {b: s.href.rsplit("/", 1)[-1] for b, s in found.sources.items()} == {
        "B04": "B04.tif",
        "B05": "B05.tif",
        "SCL": "SCL.tif",
    }
    assert found.crs == "EPSG:32632"


def test_a_stated_offset_counts_unless_the_item_says_it_was_applied() -> None:
    assert known(earth_search()).sources["B04"].coding.offset == -0.1
    told = {"earthsearch:boa_offset_applied": False}
    assert known(earth_search(**told)).sources["B04"].coding.offset == -0.1
    told = {"earthsearch:boa_offset_applied": True}
    assert {s.coding.offset for s in known(earth_search(**told)).sources.values()} == {0.0}


def test_an_offset_stated_before_the_baseline_that_brought_it_does_not_count() -> None:
    assert known(earth_search(**{"s2:processing_baseline": "03.01"})).sources["B04"].coding.offset == 0.0
    assert known(earth_search(**{"s2:processing_baseline": "05.00"})).sources["B04"].coding.offset == -0.1


@pytest.mark.parametrize(
    ("baseline", "offset"),
    [("02.14", 0.0), ("03.01", 0.0), ("04.00", -0.1), ("05.00", -0.1), ("05.11", -0.1), ("", 0.0), ("new", 0.0)],
)
def test_an_offset_that_is_not_stated_follows_the_baseline_and_never_the_date(baseline: str, offset: float) -> None:
    found = known(planetary("one", **{"s2:processing_baseline": baseline, "datetime": "2018-06-05T10:00:00Z"}))
    assert found.sources["B04"].coding.offset == offset
    assert found.sources["SCL"].coding.offset == 0.0


def test_the_baseline_is_read_from_the_product_name_where_no_property_has_it() -> None:
    name = "S2A_MSIL2A_20180605T102021_N0500_R065_T32TMT_20230810T001122"
    found = known(planetary("one", **{"s2:processing_baseline": None, "s2:product_uri": f"{name}.SAFE"}))
    named = known(planetary(name, **{"s2:processing_baseline": None}))
    for one in (found, named):
        assert one.scene.baseline == "05.00"
        assert one.sources["B04"].coding.offset == -0.1


def test_floats_without_a_scale_are_reflectance_already() -> None:
    bands = {"red": asset(f"{HOST}/red.tif", data_type="float32")}
    coding = known(optical(assets=bands, **{"s2:processing_baseline": "05.00"})).sources["B04"].coding
    assert (coding.scale, coding.offset) == (1.0, 0.0)


def test_planetary_computer_items_give_bands_by_their_names() -> None:
    found = known(planetary())
    assert set(found.sources) == {"B04", "B8A", "SCL"}
    assert found.sources["B04"].href == f"{HOST}/B04.tif"


def test_of_several_pixel_sizes_the_finest_is_read() -> None:
    found = known(copernicus())
    names = {b: s.href.rsplit("/", 1)[-1] for b, s in found.sources.items()}
    assert names == {"B04": "B04_10m.jp2", "B8A": "B8A_20m.jp2", "SCL": "SCL_20m.jp2"}
    assert found.sources["B04"].coding.offset == -0.1


@pytest.mark.parametrize("size", [{}, {"gsd": 10}])
def test_a_cog_is_read_before_a_jpeg_2000(size: dict[str, int]) -> None:
    jp2 = {"href": f"{HOST}/B04.jp2", "type": "image/jp2", "gsd": 10}
    found = known(optical(assets={"B04-jp2": jp2, "red": asset(f"{HOST}/B04.tif", **size)}))
    assert found.sources["B04"].href.endswith(".tif")


def test_processings_of_one_recording_have_one_datatake() -> None:
    old = known(planetary("S2A_MSIL2A_20180605T102021_R065_T32TMT_20180605T141201")).scene
    new = known(copernicus()).scene
    assert old.datatake == new.datatake == "S2A_20180605T102021_32TMT"
    assert (old.baseline, new.baseline) == ("04.00", "05.00")
    assert known(earth_search()).scene.datatake == "S2A_20220607T103031_32TMT"


def test_two_strips_that_meet_in_a_granule_are_two_recordings() -> None:
    strips = ["S2A_OPER_MSI_L2A_DS_VGS2_20220607T164601_S20220607T103432_N04.00", "X_S20220607T103445_N04.00"]
    first, second = (known(earth_search(**{"s2:datastrip_id": s})).scene.datatake for s in strips)
    assert first == "S2A_20220607T103031_32TMT_20220607T103432" != second


def test_a_scene_without_granule_or_satellite_stands_alone() -> None:
    assert known(optical()).scene.datatake == ""


def test_radar_of_one_recording_has_one_datatake_orbit_and_convention() -> None:
    product = "S1A_IW_GRDH_1SDV_20220607T053412_20220607T053437_043552_05331E"
    for name in (f"{product}_rtc", f"{product}_7A3C", f"{product}_91B2_COG"):
        scene = known(radar(name, **{"sat:orbit_state": "descending"}), convention="gamma0_rtc").scene
        assert (scene.sensor, scene.datatake, scene.orbit) == ("s1", product, "descending")
        assert scene.convention == "gamma0_rtc"


def test_the_convention_is_what_the_item_says_or_empty() -> None:
    assert known(radar("one")).scene.convention == ""
    assert known({**radar("one"), "collection": "sentinel-1-rtc"}).scene.convention == "gamma0_rtc"
    assert known(radar("one", **{"landcast:convention": "beta0"}), convention="gamma0_rtc").scene.convention == "beta0"


def test_radar_in_radar_geometry_is_left_out() -> None:
    document = radar("one", **{"sar:product_type": "GRD"})
    assert read(document) is not None
    assert read({**document, "properties": {**document["properties"], "proj:epsg": None}}) is None


def test_items_of_other_satellites_are_left_out() -> None:
    assert read(optical(platform="landsat-9")) is None
    assert read(optical(assets={"lwir": asset(f"{HOST}/B10.tif")})) is None


def test_the_version_is_the_last_update_or_a_digest_of_checksums() -> None:
    assert known(earth_search()).scene.version == "2022-11-06T00:57:12.111Z"
    sums = [known(optical(assets={"red": asset(f"{HOST}/r.tif", **{"file:checksum": c})})).scene for c in "aab"]
    assert sums[0].version == sums[1].version != sums[2].version
    assert known(optical()).scene.version == ""


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
    for href in ("https://evil.example.org/red.tif", "/vsicurl/https://data.example.com/red.tif", "file:///etc/passwd"):
        with pytest.raises(UntrustedAddress):
            resolve(place, href)
    for href in ("../red.tif", "/etc/passwd", "/vsimem/red.tif"):
        with pytest.raises(InvalidCube, match="leads out"):
            resolve(place, href)
    with pytest.raises(InvalidCube, match="leads out"):
        inside(tmp_path)(place, f"{HOST}/red.tif")


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


def test_an_absurd_footprint_is_replaced_by_the_extent_of_the_raster() -> None:
    world = {"type": "Polygon", "coordinates": [[[-180, 60], [180, 60], [180, 61], [-180, 61], [-180, 60]]]}
    extent = {"proj:bbox": [600_000, 5_600_000, 709_800, 5_709_800]}
    found = known({**optical(**extent), "geometry": world})
    assert found.geometry.bounds == pytest.approx((10.41, 50.51, 12.02, 51.53), abs=0.02)
    with pytest.raises(InvalidCube, match="absurd"):
        read({**optical(), "geometry": world})


def test_an_extent_at_the_antimeridian_lies_on_both_sides_of_it() -> None:
    extent = {"proj:bbox": [300_000, 7_200_000, 409_800, 7_309_800], "proj:epsg": 32601}
    found = known({**optical(**extent), "geometry": None})
    west, _, east, _ = found.geometry.bounds
    assert (west, east) == (-180, 180)
    assert found.geometry.area < 5


def test_an_item_without_a_place_or_a_date_cannot_be_read() -> None:
    with pytest.raises(InvalidCube, match="no usable geometry"):
        read({**optical(), "geometry": None})
    with pytest.raises(InvalidCube, match="not a date"):
        read(optical(datetime=None))


def test_what_is_not_stac_is_said_to_be_none() -> None:
    for text in ("{", "[]", "{}", "[" * 100_000, b"\xff\xfe\x00"):
        with pytest.raises(InvalidCube, match="STAC"):
            parse_stac(text, where="there")
    assert parse_stac(json.dumps(optical()), where="there")["geometry"] == json.loads(
        json.dumps(mapping(WINDOW.footprint_wgs84))
    )
