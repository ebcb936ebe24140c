"""STAC catalogues of COGs on disk as archives."""

import json
import os
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from affine import Affine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import InvalidArchive, InvalidOption
from core.grid import Window
from core.region import Region
from core.settings import Settings
from core.source import ReadAs
from ingest.build.cube import build_cube
from ingest.build.reader import Reader
from ingest.preprocess.prepare import Preparation
from ingest.stac.folder import StacFolder, holds_cogs, open_stac_folder
from tests.ingest.remote_files import serve
from tests.ingest.stac.folders import (
    CLASSES,
    DARK,
    PIXELS,
    SHAPE,
    WINDOW,
    asset,
    earth_search_folder,
    item,
    write_bands,
    write_catalogue,
)


def open_folder(folder: Path, tile_size: int = 16) -> StacFolder:
    assert holds_cogs(folder)
    return open_stac_folder(folder, settings=Settings(tile_size=tile_size))


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> StacFolder:
    return open_folder(earth_search_folder(tmp_path_factory.mktemp("stac") / "a"))


def clear(values: np.ndarray) -> np.ndarray:
    cloud = np.kron(CLASSES == 9, np.ones((2, 2), bool))
    return np.where(cloud, np.nan, values)


def test_an_archive_describes_what_it_holds(archive: StacFolder) -> None:
    assert (archive.name, archive.is_simulated) == ("tiny", False)
    assert archive.bands == ("B04", "B08", "B11", "VV")
    assert (archive.period.start, archive.period.end) == (date(2021, 5, 1), date(2022, 5, 6))
    assert len(archive.fingerprint) == 64


def test_the_grid_has_the_finest_pixels(archive: StacFolder) -> None:
    grid = archive.grid(Region(geometry=archive.footprint))
    assert (grid.crs, grid.resolution_m, grid.origin_xy, grid.tile_size) == ("EPSG:32632", 10, (0, 0), 16)


def test_the_offset_follows_the_processing_baseline(archive: StacFolder) -> None:
    for scene, offset in zip(
        (s for s in archive.search(WINDOW, archive.period) if s.sensor == "s2"), (0, -0.1, 0), strict=True
    ):
        reading = archive.read(scene, WINDOW, ("B04", "B08"))
        np.testing.assert_allclose(reading.values["B04"], PIXELS * 1e-4 + offset, atol=1e-6)
        assert reading.offset == offset


def test_masks_are_kept_apart_from_pixels(archive: StacFolder) -> None:
    reading = archive.read(archive.search(WINDOW, archive.period)[0], WINDOW, ("B04",))
    assert reading.mask_kind == "SCL"
    assert reading.mask is not None
    np.testing.assert_array_equal(reading.mask, np.kron(CLASSES, np.ones((2, 2), np.uint8)))
    assert np.isfinite(reading.values["B04"]).all()


def test_cloudy_pixels_are_not_seen_in_a_cube(archive: StacFolder) -> None:
    prepared = Reader(preparation=Preparation(dilation_m=0))
    red = build_cube(archive, WINDOW, archive.period, ("B04", "B08"), reader=prepared).data["B04"].values
    np.testing.assert_array_equal(np.isnan(red[0]), np.isnan(clear(PIXELS)))


def test_coarse_bands_are_interpolated(archive: StacFolder) -> None:
    scene = archive.search(WINDOW, archive.period)[0]
    swir = archive.read(scene, WINDOW, ("B11",)).values["B11"]
    coarse = PIXELS[::2, ::2] * 1e-4
    inner = 0.75 * coarse[2, 3] + 0.25 * coarse[2, 4]
    across = 0.75 * coarse[1, 3] + 0.25 * coarse[1, 4]
    assert abs(swir[4, 7] - (0.75 * inner + 0.25 * across)) < 1e-6
    assert np.isfinite(swir).all()


def test_linear_backscatter_becomes_decibels(archive: StacFolder) -> None:
    decibel = build_cube(archive, WINDOW, archive.period, ("VV",)).data["VV"].values[0]
    np.testing.assert_allclose(decibel, 10 * np.log10(PIXELS / 20000), rtol=1e-4)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(row=st.integers(-6, 14), column=st.integers(-6, 18), rows=st.integers(1, 9), columns=st.integers(1, 9))
def test_a_window_read_equals_the_crop_of_a_whole_read(
    archive: StacFolder, row: int, column: int, rows: int, columns: int
) -> None:
    window = Window(
        crs=WINDOW.crs,
        transform=Affine(10, 0, 600_000 + 10 * column, 0, -10, 5_600_120 - 10 * row),
        shape_yx=(rows, columns),
    )
    scene = archive.search(WINDOW, archive.period)[0]
    part = archive.read(scene, window, ("B04", "B11")).values
    whole = archive.read(scene, WINDOW, ("B04", "B11")).values
    for band, values in part.items():
        padded = np.pad(whole[band], 30, constant_values=np.nan)
        np.testing.assert_array_equal(
            values, padded[30 + row : 30 + row + rows, 30 + column : 30 + column + columns], strict=True
        )


def test_another_utm_zone_is_warped_onto_the_window(archive: StacFolder) -> None:
    grid = archive.grid(Region(geometry=archive.footprint))
    assert grid.crs == "EPSG:32632"
    west, south, east, north = WINDOW.footprint_wgs84.bounds
    from pyproj import Transformer

    x, y = Transformer.from_crs("EPSG:4326", "EPSG:32633", always_xy=True).transform(
        (west + east) / 2, (south + north) / 2
    )
    window = Window(crs="EPSG:32633", transform=Affine(10, 0, x - 20, 0, -10, y + 20), shape_yx=(4, 4))
    values = archive.read(archive.search(window, archive.period)[0], window, ("B04",)).values["B04"]
    assert np.isfinite(values).all()
    assert abs(float(values.mean()) - float(PIXELS[4:8, 6:10].mean()) * 1e-4) < 0.002


def test_a_missing_file_is_a_failed_read_without_folder_names(tmp_path: Path) -> None:
    folder = earth_search_folder(tmp_path / "a")
    (folder / "nir.tif").unlink()
    opened = open_folder(folder)
    cube = build_cube(opened, WINDOW, opened.period, ("B04", "B08", "VV"))
    assert {s.scene_id for s in cube.failures} == {"old", "new", "applied"}
    assert all("nir.tif" in s.failure and str(tmp_path) not in s.failure for s in cube.failures)
    assert set(cube.data.data_vars) == {"VV"}


def test_a_truncated_file_is_a_failed_read(tmp_path: Path) -> None:
    folder = earth_search_folder(tmp_path / "a")
    (folder / "red.tif").write_bytes((folder / "red.tif").read_bytes()[:200])
    opened = open_folder(folder)
    assert len(build_cube(opened, WINDOW, opened.period, ("B04", "B08")).failures) == 3


def test_one_file_with_many_bands_is_read_by_the_order_of_its_bands(tmp_path: Path) -> None:
    from ingest.simulate.rasters import write_raster

    folder = tmp_path / "a"
    folder.mkdir()
    write_raster(folder / "all.tif", WINDOW, np.stack([PIXELS + 3000, PIXELS]), ("nir", "red"), nodata=0)
    bands = [{"name": "B08", "raster:scale": 2e-4}, {"eo:common_name": "red", "raster:offset": 0.05}]
    write_catalogue(folder, [item("one", "2021-05-01", {"data": asset("./all.tif", bands=bands)})])
    values = (
        open_folder(folder)
        .read(open_folder(folder).search(WINDOW, open_folder(folder).period)[0], WINDOW, ("B04", "B08"))
        .values
    )
    np.testing.assert_allclose(values["B08"], (PIXELS + 3000) * 2e-4, rtol=1e-5)
    np.testing.assert_allclose(values["B04"], PIXELS * 1e-4 + 0.05, rtol=1e-5)


def test_older_descriptions_of_bands_are_understood(tmp_path: Path) -> None:
    write_bands(tmp_path / "a", x1=PIXELS, x2=PIXELS)
    old = {
        "x1": asset("./x1.tif", **{"eo:bands": [{"name": "B04"}], "raster:bands": [{"scale": 0.0002, "offset": -0.2}]}),
        "x2": asset("./x2.tif", **{"eo:bands": [{"name": "B8A"}]}),
    }
    opened = open_folder(write_catalogue(tmp_path / "a", [item("one", "2021-05-01", old)]))
    values = opened.read(opened.search(WINDOW, opened.period)[0], WINDOW, ("B04",)).values["B04"]
    np.testing.assert_allclose(values, PIXELS * 2e-4 - 0.2, atol=1e-6)


def test_a_scene_without_a_cloud_mask_has_none(tmp_path: Path) -> None:
    write_bands(tmp_path / "a", red=PIXELS, nir=PIXELS)
    assets = {n: asset(f"./{n}.tif") for n in ("red", "nir")}
    opened = open_folder(write_catalogue(tmp_path / "a", [item("one", "2021-05-01", assets)]))
    reading = opened.read(opened.search(WINDOW, opened.period)[0], WINDOW, ("B04",))
    assert (reading.mask, reading.mask_kind) == (None, "")
    assert opened.abilities.masks == ()


def test_zero_is_no_data_where_the_item_states_nothing(tmp_path: Path) -> None:
    pixels = PIXELS.copy()
    pixels[3, 5] = 0
    write_bands(tmp_path / "a", red=pixels, nir=pixels)
    assets = {n: asset(f"./{n}.tif") for n in ("red", "nir")}
    opened = open_folder(write_catalogue(tmp_path / "a", [item("one", "2021-05-01", assets)]))
    values = opened.read(opened.search(WINDOW, opened.period)[0], WINDOW, ("B04",)).values["B04"]
    np.testing.assert_array_equal(np.argwhere(np.isnan(values)), [[3, 5]])


@pytest.mark.parametrize("href", ["../outside.tif", "/etc/passwd", "https://example.com/red.tif", "/vsicurl/x.tif"])
def test_assets_that_lead_out_of_the_folder_are_refused(tmp_path: Path, href: str) -> None:
    assets = {"red": asset(href), "nir": asset("./nir.tif")}
    folder = write_catalogue(tmp_path / "a", [item("one", "2021-05-01", assets)])
    with pytest.raises(InvalidArchive, match="leads out"):
        open_folder(folder)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("no json", "not readable"),
        ("[1, 2]", "not STAC"),
        ('{"type": "Catalog"}', "not STAC"),
        (json.dumps({"stac_version": "1.0.0", "type": "Catalog", "links": []}), "no item"),
        (json.dumps({"stac_version": "1.0.0", "links": [{"rel": "item", "href": "./gone.json"}]}), "not readable"),
    ],
)
def test_a_catalogue_that_is_none_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "catalog.json").write_text(text)
    with pytest.raises(InvalidArchive, match=reason):
        open_folder(tmp_path)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"geometry": None}, "geometry"),
        ({"properties": {"datetime": "yesterday"}}, "not a date"),
        ({"assets": {"thumbnail": {"href": "./a.png", "type": "image/png"}}}, "no item"),
        ({"assets": {"red": {"href": "./a.tif", "type": "image/tiff"}}}, "near infrared"),
    ],
)
def test_an_item_without_place_time_or_bands_is_refused(tmp_path: Path, change: dict[str, object], reason: str) -> None:
    good = item("one", "2021-05-01", {n: asset(f"./{n}.tif") for n in ("red", "nir")})
    with pytest.raises(InvalidArchive, match=reason):
        open_folder(write_catalogue(tmp_path / "a", [{**good, **change}]))


def good(name: str, day: str = "2021-05-01", **properties: object) -> dict[str, Any]:
    return item(name, day, {n: asset(f"./{n}.tif") for n in ("red", "nir", "scl")}, **properties)


def write_pixels(folder: Path) -> Path:
    write_bands(folder, red=DARK, nir=PIXELS + 2000, scl=CLASSES)
    return folder


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"geometry": None}, "geometry"),
        ({"properties": {"datetime": None}}, "not a date"),
        ({"assets": {"red": asset("/etc/passwd")}}, "leads out"),
        ({"assets": {"thumbnail": asset("./a.png", type="image/png")}}, "no known band"),
        ({"collection": "landsat-c2-l2"}, "Landsat"),
    ],
)
def test_one_bad_item_is_left_out_and_named(tmp_path: Path, change: dict[str, Any], reason: str) -> None:
    folder = write_pixels(tmp_path / "a")
    opened = open_folder(write_catalogue(folder, [good("one"), {**good("bad", "2021-05-06"), **change}]))
    assert [s.scene_id for s in opened.search(WINDOW, opened.period)] == ["one"]
    (remark,) = opened.summary.remarks
    assert "bad" in remark
    assert reason in remark


@pytest.mark.parametrize("content", ["{", "[]", "{}", "[" * 5000, "\ud800", '{"a": ' + "9" * 5000 + "}", None])
def test_an_item_that_cannot_be_read_is_a_failed_scene(tmp_path: Path, content: str | None) -> None:
    folder = write_catalogue(write_pixels(tmp_path / "a"), [good("one"), good("bad")])
    (folder / "bad.json").unlink()
    if content is not None:
        (folder / "bad.json").write_bytes(content.encode("utf-8", "surrogatepass"))
    opened = open_folder(folder)
    assert "bad.json" in opened.summary.remarks[0]
    cube = build_cube(opened, WINDOW, opened.period, ("B04", "B08"))
    failures = {r.scene_id: r.failure for r in cube.scenes}
    assert failures["one"] == ""
    assert "'bad.json' could not be read" in failures["bad.json"]
    assert str(tmp_path) not in failures["bad.json"]


@pytest.mark.parametrize("links", [7, [None, 1, "x"], [{"rel": "item", "href": "\0"}], [{"rel": "item"}]])
def test_links_that_are_none_leave_the_other_items(tmp_path: Path, links: object) -> None:
    folder = write_catalogue(write_pixels(tmp_path / "a"), [good("one"), good("bad")])
    broken = {"stac_version": "1.0.0", "type": "Catalog", "id": "bad", "links": links}
    (folder / "bad.json").write_text(json.dumps(broken))
    opened = open_folder(folder)
    assert "one" in [s.scene_id for s in opened.search(WINDOW, opened.period)]


def test_a_saved_search_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "items.json").write_text("{")
    with pytest.raises(InvalidArchive, match=r"items\.json.*not readable"):
        open_folder(tmp_path)


def test_items_of_equal_id_are_all_read(tmp_path: Path) -> None:
    folder = write_pixels(tmp_path / "a")
    days = [f"2021-05-{d:02d}" for d in range(1, 14)]
    collection = {"type": "FeatureCollection", "features": [good("same", d) for d in (*days, days[0])]}
    (folder / "items.json").write_text(json.dumps(collection))
    opened = open_folder(folder)
    scenes = opened.search(WINDOW, opened.period)
    assert len({s.scene_id for s in scenes}) == 14
    assert len({s.time for s in scenes}) == 13
    assert any("equal id" in r for r in opened.summary.remarks)
    for scene in scenes:
        assert opened.read(scene, WINDOW, ("B04",)).values["B04"].shape == SHAPE


def test_a_saved_item_collection_is_read_as_pystac_writes_it(tmp_path: Path) -> None:
    from pystac import Item, ItemCollection

    folder = write_pixels(tmp_path / "a")
    items = [Item.from_dict(good(f"i{d}", f"2021-05-0{d}")) for d in (1, 2)]
    ItemCollection(items).save_object(str(folder / "search.json"))
    opened = open_stac_folder(folder / "search.json", settings=Settings(tile_size=16))
    assert len(opened.search(WINDOW, opened.period)) == 2
    assert opened.summary.remarks == ()
    assert opened.summary.layout == "STAC catalogue of 2 items"


def test_stated_assets_that_no_item_has_are_refused(tmp_path: Path) -> None:
    folder = write_catalogue(write_pixels(tmp_path / "a"), [good("one")])
    for read_as in (ReadAs(bands={"B11": "swir"}), ReadAs(mask="clouds")):
        with pytest.raises(InvalidOption, match="those read are red, nir"):
            open_stac_folder(folder, settings=Settings(), read_as=read_as)


def test_a_catalogue_says_what_it_takes(archive: StacFolder) -> None:
    text = " ".join(archive.summary.taken)
    for part in ("B04 from red", "mask: scl", "4 from 2021-05-01 to 2022-05-06", "-0.1 in reflectance (1 scene)"):
        assert part in text


@pytest.mark.parametrize("shift", [0, 1000])
def test_an_offset_that_items_do_not_state_is_told_by_the_darkest_pixels(tmp_path: Path, shift: int) -> None:
    folder = tmp_path / "a"
    write_bands(folder, red=(DARK + shift).astype(np.uint16), nir=PIXELS + 2000, scl=CLASSES)
    items = [good(f"i{d}", f"2018-05-0{d}", **{"s2:processing_baseline": None}) for d in range(1, 7)]
    opened = open_folder(write_catalogue(folder, items))
    found = opened.read(opened.search(WINDOW, opened.period)[0], WINDOW, ("B04",)).values["B04"]
    np.testing.assert_allclose(found, DARK * 1e-4, atol=1e-6)
    assert any("subtracted" in r for r in opened.summary.remarks) == bool(shift)


def test_a_stated_offset_that_was_applied_is_refused_for_a_small_window_too(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    write_bands(folder, red=(DARK - 250).astype(np.uint16), nir=PIXELS + 2000, scl=CLASSES)
    stated = {"s2:processing_baseline": "05.00"}
    opened = open_folder(write_catalogue(folder, [good("one", **stated)]))
    small = Window(crs=WINDOW.crs, transform=WINDOW.transform, shape_yx=(2, 2))
    failures = build_cube(opened, small, opened.period, ("B04", "B08")).failures
    assert "had been applied before" in failures[0].failure


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    folder = earth_search_folder(tmp_path / "a")
    catalogue = json.loads((folder / "catalog.json").read_text())
    catalogue["links"].append({"rel": "child", "href": "./catalog.json"})
    (folder / "catalog.json").write_text(json.dumps(catalogue))
    assert len(open_folder(folder).search(WINDOW, open_folder(folder).period)) == 4


def test_shape_of_the_test_rasters_is_not_square() -> None:
    assert SHAPE[0] != SHAPE[1]


def test_assets_on_hosts_that_the_settings_name_are_read(tmp_path: Path) -> None:
    write_bands(tmp_path / "www", red=PIXELS)
    write_bands(tmp_path / "a", nir=PIXELS)
    with serve(tmp_path / "www") as server:
        assets = {"red": asset(f"{server.url}/red.tif"), "nir": asset("./nir.tif")}
        folder = write_catalogue(tmp_path / "a", [item("one", "2021-05-01", assets)])
        hosts = server.url.removeprefix("http://")
        opened = open_stac_folder(folder, settings=Settings(tile_size=16, archive_hosts=hosts))
        values = opened.read(opened.search(WINDOW, opened.period)[0], WINDOW, ("B04", "B08")).values
    assert opened.is_cached
    np.testing.assert_array_equal(values["B04"], values["B08"])


def test_a_changed_file_is_another_version_of_its_scene(tmp_path: Path) -> None:
    folder = earth_search_folder(tmp_path / "a")
    before = {s.scene_id: s.version for s in open_folder(folder).search(WINDOW, open_folder(folder).period)}
    os.utime(folder / "vv.tif", ns=(1, 1))
    after = {s.scene_id: s.version for s in open_folder(folder).search(WINDOW, open_folder(folder).period)}
    assert {i for i in before if before[i] != after[i]} == {"radar"}


@pytest.mark.parametrize("ending", [".ndjson", ".jsonl"])
def test_items_in_lines_are_refused_with_the_cause(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"items{ending}"
    path.write_text('{"type": "Feature"}\n')
    assert holds_cogs(path)
    with pytest.raises(InvalidArchive, match="a JSON document in each line"):
        open_stac_folder(path, settings=Settings())
