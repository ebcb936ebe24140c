"""`landcast evaluate sample` and `evaluate map` as they are typed, on small simulated maps."""

import json
from collections.abc import Callable
from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
import pytest

from cli.main import WRONG_INPUT, run_command
from tests.cli.said import other_lines
from tests.evaluation.map_accuracy.class_maps import codes, write_map, write_plain

NAMES = {0: "Stable forest", 1: "Forest loss", 7: "Other land"}

pytestmark = pytest.mark.usefixtures("folder")


@pytest.fixture(autouse=True)
def drawn_map(folder: Path) -> Path:
    return write_map(folder / "map.tif", codes(), {"LANDCAST_SIMULATED": "yes"})


def label(path: str = "sample.gpkg", *, wrong: int = 0) -> None:
    """Fill in the classes as an interpreter would who differs from the map in every `wrong`-th point."""
    table = geopandas.read_file(path, layer="sample")
    table["class"] = [NAMES[code] for code in table["stratum"]]
    if wrong:
        table.loc[::wrong, "class"] = "Other land"
    table.to_file(path, layer="sample")


def test_a_sample_is_drawn_labelled_and_the_map_assessed(folder: Path, run: Callable[..., str]) -> None:
    printed = run("evaluate", "sample", "map.tif", "-o", "sample.gpkg", "--half-width", "0.05")
    assert "map.tif: 6,250 pixels with a class; 177 points drawn." in printed
    assert "needs 139 points (Olofsson et al. 2014, equation 13), with at least 50 in each class 177." in printed
    assert "The points drawn are expected to give ± 0.050." in printed
    assert printed.splitlines()[-2:] == ["Simulated data: no satellite has measured this.", "sample.gpkg"]
    label(wrong=6)
    printed = run("evaluate", "map", "map.tif", "--reference", "sample.gpkg", "-o", "report.html")
    assert "map.tif (class) against 177 points of sample.gpkg; strata are those of the reference file." in printed
    for name in NAMES.values():
        assert f"\n{name} " in printed
    assert "Simulated data" in printed
    assert printed.splitlines()[-1] == "report.html"
    assert "<html" in (folder / "report.html").read_text()


def test_the_report_is_written_as_json_and_csv(folder: Path, run: Callable[..., str]) -> None:
    run("evaluate", "sample", "map.tif", "-o", "sample.gpkg", "--size", 200, "--per-class-min", 30)
    label(wrong=5)
    for ending in ("json", "csv"):
        run("evaluate", "map", "map.tif", "--reference", "sample.gpkg", "-o", f"report.{ending}")
    found = json.loads((folder / "report.json").read_text())
    assert found["points"] == 200
    assert np.sum(found["error_matrix_proportions"]) == pytest.approx(1)
    assert sum(c["area_ha"]["value"] for c in found["classes"]) == pytest.approx(62.5)
    table = pd.read_csv("report.csv").set_index("class")
    for entry in found["classes"]:
        row = table.loc[entry["name"]]
        assert row["area_ha_half_width"] == pytest.approx(entry["area_ha"]["half_width"])
        assert row["users_accuracy"] == pytest.approx(entry["users_accuracy"]["value"])


def test_size_minimum_accuracy_and_seed_are_chosen(folder: Path, run: Callable[..., str]) -> None:
    chosen = ("--size", 120, "--per-class-min", 40, "--expected-accuracy", "forest_loss=0.6,7=0.8")
    printed = run("evaluate", "sample", "map.tif", "-o", "a.gpkg", *chosen)
    lines = {line.split("  ")[0].strip(): line.split() for line in printed.splitlines()}
    assert (lines["Forest loss"][-4], lines["Forest loss"][-3]) == ("0.6", "40")
    assert lines["Other land"][-4] == "0.8"
    run("evaluate", "sample", "map.tif", "-o", "b.gpkg", *chosen, "--seed", 3)
    a, b = (geopandas.read_file(f"{n}.gpkg") for n in "ab")
    assert len(a) == len(b) == 120
    assert not a.geometry.equals(b.geometry)


def test_band_column_and_names_are_chosen(folder: Path, run: Callable[..., str]) -> None:
    write_plain(folder / "plain.tif", codes(), nodata=255)
    run("evaluate", "sample", "map.tif", "-o", "sample.gpkg", "--size", 60, "--per-class-min", 20, "--layer", "class")
    label()
    table = geopandas.read_file("sample.gpkg").rename(columns={"class": "seen"})
    table["seen"] = table["seen"].map({"Stable forest": "wood", "Forest loss": "loss", "Other land": "field"})
    table.to_parquet("points.parquet")
    named = ("--column", "seen", "--classes", "0=wood,1=loss,7=field")
    printed = run("evaluate", "map", "plain.tif", "--reference", "points.parquet", *named)
    assert "whole map      60  1.000 ± 0.000" in printed
    assert "wood: all 20 points on this class in the map agree" in printed


@pytest.mark.parametrize(
    "arguments",
    [
        ("map", "map.tif"),
        ("map", "missing.tif", "--reference", "points.csv"),
        ("map", "points.csv", "--reference", "points.csv"),
        ("map", "map.tif", "--reference", "missing.csv"),
        ("map", "map.tif", "--reference", "points.csv", "--column", "crop"),
        ("map", "map.tif", "--reference", "points.csv", "--layer", "p_crop"),
        ("map", "map.tif", "--reference", "points.csv", "--classes", "forest"),
        ("map", "map.tif", "--reference", "points.csv", "--classes", "forest=1"),
        ("map", "map.tif", "--reference", "points.csv", "-o", "report.pdf"),
        ("map", "map.tif", "--reference", "points.csv", "-o", "points.csv"),
        ("map", "map.tif", "--reference", "points.csv", "-o", "report.json"),
        ("sample", "map.tif"),
        ("sample", "map.tif", "-o", "sample.shp"),
        ("sample", "map.tif", "-o", "sample.gpkg", "--size", "60"),
        ("sample", "map.tif", "-o", "sample.gpkg", "--size", "200", "--half-width", "0.1"),
        ("sample", "map.tif", "-o", "sample.gpkg", "--half-width", "0"),
        ("sample", "map.tif", "-o", "sample.gpkg", "--per-class-min", "1"),
        ("sample", "map.tif", "-o", "sample.gpkg", "--expected-accuracy", "0.9"),
        ("sample", "map.tif", "-o", "sample.gpkg", "--expected-accuracy", "forest=high"),
        ("sample", "map.tif", "-o", "sample.gpkg", "--expected-accuracy", "Stable forest=1.5"),
        ("sample", "map.tif", "-o", "sample.gpkg", "--expected-accuracy", "wheat=0.9"),
        ("sample", "map.tif", "-o", "sample.gpkg", "--layer", "class2"),
    ],
)
def test_wrong_options_are_refused_with_one_sentence_and_nothing_is_left(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    (folder / "points.csv").write_text("lon,lat,class\n0,0,0\n")  # lies outside the map
    before = sorted(folder.iterdir())
    assert run_command(["evaluate", *arguments]) == WRONG_INPUT
    printed = [line for line in other_lines(capsys.readouterr().err) if not line.startswith(("sample ", "accuracy "))]
    assert len(printed) == 1
    assert printed[0].startswith("Error: ")
    assert sorted(folder.iterdir()) == before


def test_what_the_points_were_taken_for_is_printed_and_strict_refuses_points_that_are_left_out(
    folder: Path, run: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    run("evaluate", "sample", "map.tif", "-o", "sample.gpkg", "--size", 160)
    label(wrong=6)
    arguments = ["evaluate", "map", "map.tif", "--reference"]
    assert run_command([*arguments, "sample.gpkg", "--strict"]) == 0
    assert "sample.gpkg: reference points in " in capsys.readouterr().err
    table = geopandas.read_file("sample.gpkg", layer="sample")
    table.loc[0, "geometry"] = None
    table.to_file("less.gpkg", layer="sample")
    assert run_command([*arguments, "less.gpkg", "--strict", "-o", "report.json"]) == WRONG_INPUT
    (line,) = [n for n in other_lines(capsys.readouterr().err) if not n.startswith("progress ")]
    assert line.startswith("Error: 'less.gpkg' is refused because of --strict")
    assert not (folder / "report.json").exists()
