"""Class maps assessed by reference points."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.errors import InvalidOption
from evaluation.map_accuracy.assess import assess_map
from evaluation.map_accuracy.estimators import assess
from evaluation.map_accuracy.findings import findings
from evaluation.map_accuracy.report import render_text
from tests.evaluation.map_accuracy.class_maps import (
    NAMES,
    NODATA,
    assessed,
    by_map_class,
    codes,
    drawn,
    points,
    write_map,
    write_plain,
)


def test_a_point_is_given_the_class_of_the_pixel_it_lies_in_whatever_its_crs(drawn_map: Path, tmp_path: Path) -> None:
    rows, columns = (part.astype(np.int64) for part in np.nonzero(codes() != NODATA))
    labels = [NAMES[code] for code in codes()[rows, columns]]
    table = points(rows[::7], columns[::7], labels[::7])
    table.to_crs("EPSG:3035").to_file(tmp_path / "points.gpkg")
    table.to_crs("EPSG:4326").to_parquet(tmp_path / "points.parquet")
    table.to_crs("EPSG:4326").to_file(tmp_path / "points.geojson")
    lonlat = table.to_crs("EPSG:4326")
    plain = pd.DataFrame({"lon": lonlat.geometry.x, "lat": lonlat.geometry.y, "label": codes()[rows, columns][::7]})
    plain.to_csv(tmp_path / "points.csv", index=False)
    plain.to_parquet(tmp_path / "table.parquet")
    for name, column in [(f"points.{e}", "class") for e in ("gpkg", "parquet", "geojson")] + [
        ("points.csv", "label"),
        ("table.parquet", "label"),
    ]:
        found = assessed(drawn_map, tmp_path / name, column=column)
        assert found.points == len(table)
        assert found.assessment.overall.value == 1, name


def test_figures_are_those_of_the_estimator_for_the_matrix_of_the_points(drawn_map: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    rows, columns = rng.integers(10, 90, 400), rng.integers(5, 70, 400)
    mapped, truth = codes()[rows, columns], rng.choice([0, 1, 7], 400)
    points(rows, columns, truth).to_file(tmp_path / "points.gpkg")
    found = assessed(drawn_map, tmp_path / "points.gpkg")
    matrix = np.array([[((mapped == i) & (truth == j)).sum() for j in NAMES] for i in NAMES])
    pixels = np.array([(codes() == code).sum() for code in NAMES])
    assert np.array_equal(found.assessment.counts, matrix)
    assert found.assessment.areas == assess(by_map_class(matrix), pixels / pixels.sum()).areas
    assert found.mapped_ha == pytest.approx(pixels.sum() * 0.01)
    assert [c.name for c in found.classes] == list(NAMES.values())


def test_points_that_cannot_be_used_are_counted_by_reason(drawn_map: Path, tmp_path: Path) -> None:
    rows, columns = np.array([0, 3, 20, 30, 40, -1, 50, 50]), np.array([0, 4, 20, 30, 40, 7, 70, 8])
    points(rows, columns, [0, 1, 7, None, " ", 7, 7, "1"]).to_file(tmp_path / "points.gpkg")
    found = assessed(drawn_map, tmp_path / "points.gpkg")
    assert found.points == 2
    assert found.left_out == {"outside the map": 2, "on pixels of nodata": 2, "without a label": 2}
    assert "2 points on pixels of nodata are left out." in render_text(found)


def test_the_class_none_in_a_csv_is_a_class_and_short_names_of_our_products_are_known(tmp_path: Path) -> None:
    canopy = write_map(tmp_path / "canopy.tif", codes() % 7, {"LANDCAST_PRODUCT": "canopy"})
    lonlat = points(np.array([20, 20]), np.array([8, 9]), ["", ""]).to_crs("EPSG:4326").geometry
    table = pd.DataFrame({"lon": lonlat.x, "lat": lonlat.y, "class": ["None", "CONIFER"]})
    table.to_csv(tmp_path / "points.csv", index=False)
    found = assessed(canopy, tmp_path / "points.csv")
    assert found.left_out == {}
    assert found.assessment.counts.sum(axis=0)[:2].tolist() == [1, 1]


def test_a_map_without_a_legend_has_codes_for_names_or_those_that_are_given(tmp_path: Path) -> None:
    plain = write_plain(tmp_path / "plain.tif", codes().astype(np.float32), nodata=NODATA)
    points(np.array([20, 30, 40]), np.array([20, 30, 40]), [0, 7, 9]).to_file(tmp_path / "points.gpkg")
    found = assessed(plain, tmp_path / "points.gpkg")
    assert [c.name for c in found.classes] == ["0", "1", "7", "9"]
    assert found.classes[3].pixels == 0
    assert any(
        f.startswith("9: user's accuracy is not defined, because no pixel is mapped as this class")
        for f in findings(found)
    )
    points(np.array([20, 30]), np.array([20, 30]), ["wood", "field"]).to_file(tmp_path / "named.gpkg")
    with pytest.raises(InvalidOption, match="give codes, or names with --classes"):
        assessed(plain, tmp_path / "named.gpkg")
    named = assessed(plain, tmp_path / "named.gpkg", names={0: "wood", 1: "loss", 7: "field"})
    assert [c.name for c in named.classes] == ["wood", "loss", "field"]


def test_a_sample_of_one_map_assesses_another_by_the_strata_in_the_file(drawn_map: Path, tmp_path: Path) -> None:
    table = drawn(drawn_map, tmp_path / "sample.gpkg")[1]
    table["class"] = "Stable forest"
    table.to_file(tmp_path / "sample.gpkg", layer="sample")
    other = write_map(tmp_path / "other.tif", np.where(codes() == NODATA, NODATA, 0).astype(np.uint8))
    found = assessed(other, tmp_path / "sample.gpkg")
    assert [s.name for s in found.strata] == list(NAMES.values())
    assert found.assessment.overall.value == pytest.approx(1)
    assert [c.name for c in found.classes] == ["Stable forest"]


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        (["wheat"] * 3, "its label 'wheat' is no class of 'map.tif' .classes are 0 Stable forest, "),
        ([None] * 3, "none of its points can be used: 3 without a label"),
    ],
)
def test_labels_that_are_no_classes_of_the_map_are_refused(
    drawn_map: Path, tmp_path: Path, labels: list[object], sentence: str
) -> None:
    points(np.array([20, 30, 40]), np.array([20, 30, 40]), labels).to_parquet(tmp_path / "points.parquet")
    with pytest.raises(InvalidOption, match=sentence):
        assessed(drawn_map, tmp_path / "points.parquet")


def test_progress_grows_to_1(drawn_map: Path, tmp_path: Path) -> None:
    points(np.array([20]), np.array([20]), [0]).to_file(tmp_path / "points.gpkg")
    shares: list[float] = []
    assess_map(drawn_map, tmp_path / "points.gpkg", shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1
