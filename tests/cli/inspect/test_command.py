"""`landcast inspect`: files of every kind, and rubbish."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pytest
import xarray as xr
from PIL import Image

from cli.main import WRONG_INPUT, run_command
from products.catalogue import PRODUCTS
from tests.cli.cubes import square, write_cube, write_series
from tests.ingest.stac.folders import earth_search_folder
from tests.training.label_files import write_labels


def facts(run: Callable[..., str], *arguments: object) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run("inspect", *arguments, "--json"))
    return found


def test_a_cube_is_described_with_place_dates_clear_share_bands_and_verdicts(
    folder: Path, run: Callable[..., str]
) -> None:
    write_cube(folder / "cube.nc", clear=0.6)
    found = facts(run, "cube.nc")
    assert (found["kind"], found["name"]) == ("cube", "cube.nc")
    assert found["place"]["crs"] == "EPSG:32633"
    assert (found["place"]["pixel_m"], found["place"]["shape_yx"]) == (10.0, [6, 5])
    with xr.open_dataset("cube.nc") as cube:
        assert found["observations"]["clear_share"] == pytest.approx(float(cube["clear"].mean()), abs=1e-3)
    assert found["observations"]["years"]["2021"] == {"dates": 23, "clear_months": list(range(1, 9))}
    assert found["band_groups"] == {
        "10 m bands": ["B02", "B03", "B04", "B08"],
        "short-wave infrared": ["B11", "B12"],
    }
    assert list(found["products"]) == list(PRODUCTS)
    assert set(found["products"].values()) == {"ready"}
    text = run("inspect", "cube.nc")
    assert "  mask: clear (1 is clear)" in text
    assert "2021: 23 dates, clear in Jan-Aug" in text
    assert "without red edge, radar, weather" in text
    assert text.splitlines()[-3:] == ["  ndvi-anomaly   ready", "  canopy         ready", "  crop           ready"]


def test_a_folder_of_rasters_is_described_by_a_sample_of_its_scenes(folder: Path, run: Callable[..., str]) -> None:
    earth_search_folder(folder / "archive")
    found = facts(run, "archive")
    assert found["kind"] == "archive"
    assert found["observations"]["basis"].startswith("3 of 3 dates of 12 x 16 pixels at ")
    assert found["observations"]["clear_share"] > 0.5
    assert found["place"]["shape_yx"] == [12, 16]
    assert "radar" in found["band_groups"]
    assert set(found["products"]) == set(PRODUCTS)
    assert facts(run, folder / "archive" / "catalog.json")["kind"] == "archive"
    assert facts(run, f"file://{folder / 'archive'}")["kind"] == "archive"


def test_a_table_is_described_by_its_series(folder: Path, run: Callable[..., str]) -> None:
    write_series(folder / "series.csv")
    found = facts(run, "series.csv")
    assert found["kind"] == "table"
    assert found["counts"] == {"series": 3, "dates_least": 50, "dates_median": 55, "dates_most": 60}
    assert list(found["band_groups"]) == ["NDVI only"]
    assert found["observations"]["clear_share"] == 1.0
    assert "series: 3, with 50 to 60 dates each (median 55)" in run("inspect", "series.csv")


def test_polygons_are_described_by_what_they_can_be_used_as(folder: Path, run: Callable[..., str]) -> None:
    write_labels(folder / "labels.gpkg", side=3, crop=np.arange(9))
    found = facts(run, "labels.gpkg")
    assert found["kind"] == "vectors"
    assert found["uses"]["region"] == "ready: 0.01441 km2"
    assert found["uses"]["labels"] == "ready: 9 labels of 2 classes in the column 'class'"
    assert "not a point" in found["uses"]["reference"]
    assert facts(run, "labels.gpkg", "--column", "crop")["uses"]["labels"].startswith("ready: 9 labels of 9 classes")
    assert "columns class, crop" in facts(run, "labels.gpkg", "--column", "odd")["uses"]["labels"]


def test_points_are_labels_and_reference(folder: Path, run: Callable[..., str]) -> None:
    places = geopandas.points_from_xy([15.0, 15.1], [47.8, 47.9])
    geopandas.GeoDataFrame({"class": ["a", "b"]}, geometry=places, crs=4326).to_file(folder / "points.geojson")
    found = facts(run, "points.geojson")
    assert "bounds_wgs84" not in found
    assert found["uses"]["reference"].startswith("ready: 2 points")
    assert "only polygons have an area" in found["uses"]["region"]


def test_a_region_is_a_region(folder: Path, run: Callable[..., str]) -> None:
    (folder / "aoi.geojson").write_text(json.dumps(square(15.0, 47.85)))
    found = facts(run, "aoi.geojson")
    assert found["uses"]["region"].startswith("ready: ")
    assert found["bounds_wgs84"] == pytest.approx([14.9998, 47.8498, 15.0002, 47.8502], abs=1e-4)


@pytest.mark.parametrize("name", ["cube.nc", "archive", "series.csv"])
def test_a_quicklook_is_a_picture_and_its_name_is_printed_last(
    folder: Path, run: Callable[..., str], name: str
) -> None:
    write_cube(folder / "cube.nc", shape_yx=(12, 10))
    write_series(folder / "series.csv")
    earth_search_folder(folder / "archive")
    assert run("inspect", name, "--quicklook", "look.png").splitlines()[-1] == "look.png"
    with Image.open("look.png") as picture:
        assert min(picture.size) > 300
        assert len(picture.convert("RGB").getcolors(10**6) or []) > 50


def test_a_cube_without_a_mask_has_a_note_and_strict_refuses_it(
    folder: Path, run: Callable[..., str], refused: Callable[..., str]
) -> None:
    write_cube(folder / "cube.nc")
    with xr.open_dataset("cube.nc") as cube:
        cube.drop_vars("clear").to_netcdf("bare.nc")
    assert "  Note: No cloud mask was found" in run("inspect", "bare.nc")
    assert "refused because of --strict" in refused("inspect", "bare.nc", "--strict")
    run("inspect", "bare.nc", "--strict", "--mask", "none")
    run("inspect", "cube.nc", "--strict")


def test_what_a_product_cannot_be_made_of_is_said_in_the_words_of_its_refusal(
    folder: Path, run: Callable[..., str], refused: Callable[..., str]
) -> None:
    write_cube(folder / "short.nc", dates=3, clear=0.0)
    found = facts(run, "short.nc")
    assert found["observations"]["clear_share"] == 0.0
    assert "no clear observation" in found["products"]["crop"]
    assert found["products"]["crop"] == refused("crop", "short.nc", "-o", "out.tif").removeprefix("Error: ")


RUBBISH = {
    "missing.nc": (None, "no such file or folder"),
    "sample": (None, "doctor --archive sample"),
    "empty.nc": ("", "cannot be read as a cube"),
    "text.nc": ("not a cube", "cannot be read as a cube"),
    "empty.csv": ("", "empty.csv"),
    "text.csv": ("not,a\ntable,of series\n", "cannot be read as a table"),
    "empty.geojson": ("", "not usable"),
    "text.gpkg": ("not a database", "text.gpkg"),
    "other.doc": ("a letter", "a file that ends in"),
    "one.tif": ("", "give the folder"),
    "text.json": ("{}", "not usable"),
}
"""Content of a file (None = there is none), and a part of the sentence about it."""


@pytest.mark.parametrize("name", RUBBISH)
def test_rubbish_is_refused_in_one_sentence(folder: Path, refused: Callable[..., str], name: str) -> None:
    content, phrase = RUBBISH[name]
    if content is not None:
        (folder / name).write_text(content)
    assert phrase in refused("inspect", name)


def test_a_folder_of_nothing_is_refused_in_one_sentence(folder: Path, refused: Callable[..., str]) -> None:
    (folder / "nothing").mkdir()
    assert "nothing" in refused("inspect", "nothing")


def test_a_picture_of_polygons_and_a_picture_of_another_ending_are_refused(
    folder: Path, refused: Callable[..., str]
) -> None:
    (folder / "aoi.geojson").write_text(json.dumps(square(15.0, 47.85)))
    assert "cubes, archives and tables" in refused("inspect", "aoi.geojson", "--quicklook", "look.png")
    assert ".png" in refused("inspect", "aoi.geojson", "--quicklook", "look.jpg")


def test_refusals_end_with_code_2_and_nothing_on_stdout(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["inspect", "missing"]) == WRONG_INPUT
    assert capsys.readouterr().out == ""
