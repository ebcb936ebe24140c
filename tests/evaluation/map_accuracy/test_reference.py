"""Reference points in files of every kind: read, or refused."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pyproj import CRS

from core.errors import InvalidOption
from core.source import ReadAs
from evaluation.map_accuracy.reference import ReferencePoints, read_reference
from tests.evaluation.map_accuracy import class_maps
from tests.evaluation.map_accuracy.class_maps import points

ROWS, COLUMNS = np.array([20, 30, 40]), np.array([21, 33, 47])
STRATA = {"stratum": ["a", "a", "b"], "stratum_weight": [0.4, 0.4, 0.6]}


def read(path: Path, column: str = "class") -> ReferencePoints:
    return read_reference(path, column=column, crs=CRS(class_maps.CRS))


def test_places_are_in_the_crs_of_the_map_and_labels_are_texts(tmp_path: Path) -> None:
    table = points(ROWS, COLUMNS, [0.0, None, 7.0], seen=[" wood ", "", "field"]).to_crs("EPSG:3035")
    table.to_file(tmp_path / "points.geojson")
    found = read(tmp_path / "points.geojson")
    assert found.x == pytest.approx(class_maps.WEST + 10 * (COLUMNS + 0.5), abs=0.01)
    assert found.y == pytest.approx(class_maps.NORTH - 10 * (ROWS + 0.5), abs=0.01)
    assert found.labels.tolist() == ["0", "", "7"]
    assert read(tmp_path / "points.geojson", "seen").labels.tolist() == ["wood", "", "field"]


def test_strata_have_their_weight_once_and_a_file_without_them_has_none(tmp_path: Path) -> None:
    points(ROWS, COLUMNS, [0, 1, 7], **STRATA).to_parquet(tmp_path / "points.parquet")
    points(ROWS, COLUMNS, [0, 1, 7]).to_parquet(tmp_path / "plain.parquet")
    found, plain = read(tmp_path / "points.parquet"), read(tmp_path / "plain.parquet")
    assert found.strata.tolist() == ["a", "a", "b"]
    assert found.weights == {"a": 0.4, "b": 0.6}
    assert plain.strata.tolist() == ["", "", ""]
    assert plain.weights == {}


def test_of_several_layers_the_sample_is_read(tmp_path: Path) -> None:
    points(ROWS, COLUMNS, [0, 1, 7]).to_file(tmp_path / "two.gpkg", layer="other")
    points(ROWS, COLUMNS, [7, 1, 0]).to_file(tmp_path / "two.gpkg", layer="sample")
    assert read(tmp_path / "two.gpkg").labels.tolist() == ["7", "1", "0"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"stratum_weight": [0.4, 0.3, 0.6]}, "differs within"),
        ({"stratum_weight": [0.7, 0.7, 0.6]}, "sum to 1.3"),
        ({"stratum_weight": [0.4, 0.4, 0.0]}, "not above 0"),
        ({"stratum": ["a", "a", None]}, "empty"),
        ({"stratum_weight": None}, "strata need both"),
        ({"class": None}, "the columns of"),
    ],
)
def test_strata_and_columns_that_are_not_consistent_are_refused(
    tmp_path: Path, change: dict[str, object], sentence: str
) -> None:
    columns = {"class": [0, 1, 7]} | STRATA | change
    table = points(ROWS, COLUMNS, columns["class"], **STRATA | change)
    table = table.drop(columns=[name for name, values in columns.items() if values is None])
    table.to_parquet(tmp_path / "points.parquet")
    with pytest.raises(InvalidOption, match=sentence):
        read(tmp_path / "points.parquet")


def test_files_that_are_no_points_are_refused(tmp_path: Path) -> None:
    table = points(np.array([20, 30]), np.array([20, 30]), [0, 1])
    table.assign(geometry=table.buffer(5)).to_file(tmp_path / "areas.gpkg")
    table.set_crs(None, allow_override=True).to_parquet(tmp_path / "nowhere.parquet")
    table.iloc[:0].to_parquet(tmp_path / "empty.parquet")
    table.to_file(tmp_path / "two.gpkg", layer="first")
    table.to_file(tmp_path / "two.gpkg", layer="second")
    (tmp_path / "points.csv").write_text("lon,lat,class\n10,95,0\n")
    (tmp_path / "xy.csv").write_text("x,y,class\n10,50,0\n")
    pd.DataFrame({"x": [10], "class": [0]}).to_parquet(tmp_path / "plain.parquet")
    (tmp_path / "broken.parquet").write_text("no table")
    (tmp_path / "broken.gpkg").write_text("not a database")
    (tmp_path / "points.docx").write_text("lon,lat,class\n10,50,0\n")
    for name, sentence in {
        "areas.gpkg": "feature 1 is not a point",
        "nowhere.parquet": "does not state its CRS",
        "empty.parquet": "it has no point",
        "two.gpkg": "it has first, second",
        "points.csv": "row 1 are not degrees",
        "xy.csv": "needs the columns lon and lat",
        "plain.parquet": "needs the columns lon and lat",
        "broken.parquet": "cannot be read",
        "broken.gpkg": "cannot be read",
        "points.docx": "its ending is none of .gpkg",
        "points.shp": "no such file",
    }.items():
        with pytest.raises(InvalidOption, match=sentence):
            read(tmp_path / name)


def test_tables_of_points_are_read_as_people_have_them(tmp_path: Path) -> None:
    table = points(ROWS, COLUMNS, [0, 1, 7]).to_crs("EPSG:4326")
    rows = [
        f"{p.x:.7f};{p.y:.7f};{c:02d};a;1,0".replace(".", ",") for p, c in zip(table.geometry, (0, 1, 7), strict=True)
    ]
    (tmp_path / "p.csv").write_text("Lon;Lat;Class;Stratum;stratum_weight\n" + "\n".join(rows) + "\n;;01;a;1,0\n")
    found = read(tmp_path / "p.csv")
    assert found.x == pytest.approx(class_maps.WEST + 10 * (COLUMNS + 0.5), abs=0.05)
    assert found.labels.tolist() == ["00", "01", "07"]
    assert found.weights == {"a": 1.0}
    assert found.summary.remarks == ("1 point has no place and is left out.",)


def test_a_missing_crs_may_be_stated(tmp_path: Path) -> None:
    path = tmp_path / "p.shp"
    points(ROWS, COLUMNS, [0, 1, 7]).to_file(path)
    (tmp_path / "p.prj").unlink()
    with pytest.raises(InvalidOption, match=r"does not state its CRS .*--crs EPSG:"):
        read(path)
    found = read_reference(path, column="class", crs=CRS(class_maps.CRS), read_as=ReadAs(crs=str(class_maps.CRS)))
    assert found.x == pytest.approx(class_maps.WEST + 10 * (COLUMNS + 0.5), abs=0.01)
