"""`landcast plan`: a region of any size as map sheets or tiles."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from shapely.geometry import box, mapping, shape

from core.region import parse_region
from tests.cli.cubes import write_cube

Run = Callable[..., str]


@pytest.fixture
def region(folder: Path) -> Path:
    """Four degrees by two: far more than one order may have."""
    path = folder / "land.geojson"
    path.write_text(json.dumps(mapping(box(10.0, 46.0, 14.0, 48.0))))
    return path


def test_the_plan_has_a_feature_for_each_sheet_which_an_order_takes(run: Run, region: Path, folder: Path) -> None:
    printed = dict(line.split() for line in run("plan", region, "-o", "plan.geojson").splitlines())
    features = json.loads((folder / "plan.geojson").read_text())["features"]
    assert printed["sheets"] == str(len(features))
    assert printed["tiles"] == f"{sum(f['properties']['tiles'] for f in features):,}"
    assert {f["properties"]["crs"] for f in features} == {"EPSG:32632", "EPSG:32633"}
    for feature in features:
        parse_region(feature["geometry"])
        assert feature["id"] == feature["properties"]["sheet"]
        assert 0 < feature["properties"]["pixels"] <= 1.01e8


def test_the_plan_has_a_feature_for_each_tile(run: Run, folder: Path) -> None:
    (folder / "small.geojson").write_text(json.dumps(mapping(box(10.0, 46.0, 10.05, 46.03))))
    run("plan", "small.geojson", "-o", "tiles.geojson", "--tiles")
    features = json.loads((folder / "tiles.geojson").read_text())["features"]
    assert len(features) == len({f["properties"]["tile"] for f in features}) > 6
    assert all(shape(f["geometry"]).geom_type == "Polygon" for f in features)


def test_sheets_that_the_archive_does_not_touch_are_left_out(run: Run, folder: Path) -> None:
    cube = write_cube(folder / "cube.nc")
    (folder / "land.geojson").write_text(json.dumps(mapping(box(12.0, 47.0, 17.0, 49.0))))
    run("plan", "land.geojson", "-o", "plan.geojson", "--archive", cube)
    found = json.loads((folder / "plan.geojson").read_text())["features"]
    assert {f["id"] for f in found} <= {f"32633_{square}" for square in ("e4_n52", "e5_n52", "e4_n53", "e5_n53")}
    assert 1 <= sum(f["properties"]["tiles"] for f in found) <= 4, "the cube lies at the corner of four sheets"


def test_what_cannot_be_planned_is_refused_in_one_sentence(
    refused: Callable[..., str], region: Path, folder: Path
) -> None:
    assert "a plan is written as .geojson" in refused("plan", region, "-o", "plan.tif")
    cube = write_cube(folder / "cube.nc")
    (folder / "sea.geojson").write_text(json.dumps(mapping(box(40.0, 20.0, 45.0, 25.0))))
    assert "no part of the region" in refused("plan", "sea.geojson", "-o", "plan.geojson", "--archive", cube)
    assert "nowhere.geojson" in refused("plan", "nowhere.geojson", "-o", "plan.geojson")
    (folder / "speck.geojson").write_text(json.dumps(mapping(box(10.0, 46.0, 10.0000001, 46.0000001))))
    assert "no part of it is large enough" in refused("plan", "speck.geojson", "-o", "plan.geojson")
