from pathlib import Path

import geopandas
import pytest
from shapely import MultiPolygon, Point, Polygon, box
from shapely.geometry.base import BaseGeometry

from core.errors import InvalidOption
from core.source import ReadAs
from ingest.field_file import FieldFile, read_fields

UTM = "EPSG:32633"


def field(column: int) -> BaseGeometry:
    """A square of 100 m."""
    west = 500_000 + 150 * column
    return box(west, 5_300_000, west + 100, 5_300_100)


def write(path: Path, shapes: list[BaseGeometry | None], crs: str | None = UTM, **columns: list[object]) -> Path:
    geopandas.GeoDataFrame(columns, geometry=shapes, crs=crs).to_file(path, engine="pyogrio")
    return path


def ids(found: FieldFile) -> list[object]:
    return [f.id for f in found.fields]


@pytest.mark.parametrize("ending", [".gpkg", ".shp", ".geojson", ".fgb", ".parquet"])
def test_fields_are_the_same_in_every_format_and_crs(tmp_path: Path, ending: str) -> None:
    path, shapes = tmp_path / f"fields{ending}", [field(0), field(3)]
    table = geopandas.GeoDataFrame({"parcel": ["a", "b"], "name": ["North", None]}, geometry=shapes, crs=UTM)
    if ending == ".geojson":
        table = table.to_crs(4326)
    table.to_parquet(path) if ending == ".parquet" else table.to_file(path, engine="pyogrio")
    found = read_fields(path, id_column="parcel")
    by_id = {f.id: f for f in found.fields}
    assert sorted(by_id) == ["a", "b"]
    assert (by_id["a"].name, by_id["b"].name) == ("North", "")
    assert found.id_column == "parcel"
    assert [f.defect for f in found.fields] == ["", ""]
    assert by_id["a"].geometry is not None
    assert by_id["a"].geometry.centroid.distance(Point(15.00067, 47.85433)) < 1e-3


def test_ids_are_those_of_the_column_id_then_name_then_the_numbers_of_the_rows(tmp_path: Path) -> None:
    shapes = [field(0), field(1)]
    assert ids(read_fields(write(tmp_path / "a.gpkg", shapes, ID=[12, 4], name=["x", "y"]))) == [12, 4]
    named = read_fields(write(tmp_path / "b.gpkg", shapes, name=["x", "y"]))
    assert (ids(named), named.id_column, [f.name for f in named.fields]) == (["x", "y"], "name", ["", ""])
    numbered = read_fields(write(tmp_path / "c.gpkg", shapes, crop=["x", "y"]))
    assert (ids(numbered), numbered.id_column) == ([1, 2], "id")


def test_a_missing_id_is_the_number_of_the_row_and_whole_numbers_stay_whole(tmp_path: Path) -> None:
    found = read_fields(write(tmp_path / "a.gpkg", [field(0), field(1), field(2)], id=[7.0, None, 9.0]))
    assert ids(found) == [7, 2, 9]
    assert ids(read_fields(write(tmp_path / "b.gpkg", [field(0), field(1)], id=["x", " "]))) == ["x", 2]


def test_ids_that_repeat_are_kept_and_noted(tmp_path: Path) -> None:
    found = read_fields(write(tmp_path / "a.gpkg", [field(0), field(1), field(2)], id=[7, 7, 8]))
    assert ids(found) == [7, 7, 8]
    assert "1 field repeats the id of another; each has its own lines." in found.summary.remarks


def test_what_cannot_be_measured_says_why_and_keeps_its_place(tmp_path: Path) -> None:
    bow = Polygon([(500_000, 5_300_000), (500_100, 5_300_100), (500_100, 5_300_000), (500_000, 5_300_100)])
    huge = box(500_000, 5_300_000, 515_000, 5_310_000)
    shapes = [bow, None, Polygon(), Point(500_000, 5_300_000), huge, field(0)]
    table = geopandas.GeoDataFrame({"id": range(6)}, geometry=shapes, crs=UTM)
    table.to_parquet(tmp_path / "a.parquet")
    found = read_fields(tmp_path / "a.parquet")
    defects = [f.defect for f in found.fields]
    assert defects[0].startswith("its outline crosses itself or is flat (Self-intersection")
    assert defects[1:4] == ["it has no geometry"] * 2 + ["it is a Point, and only polygons have pixels"]
    assert defects[4] == "it covers 150 km2, and a field at most 100 km2; map it as a region"
    assert defects[5] == ""
    assert "2 fields cannot be measured: it has no geometry." in found.summary.remarks


def test_the_parts_of_a_field_stay_one_field(tmp_path: Path) -> None:
    found = read_fields(write(tmp_path / "a.gpkg", [MultiPolygon([field(0), field(2)]), MultiPolygon([field(5)])]))
    assert [f.geometry.geom_type for f in found.fields if f.geometry] == ["MultiPolygon", "Polygon"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"id_column": "parcels"}, "'parcels' is not a valid value of '--id': the columns of 'a.gpkg' are crop, date."),
        ({"id_column": "date", "taken": ("date",)}, "the result has a column of this name; rename that of the file."),
        ({"layer": "other"}, "it has the layers a; choose one by --layer."),
    ],
)
def test_a_column_or_layer_that_cannot_be_used_is_refused(tmp_path: Path, options: dict[str, str], words: str) -> None:
    path = write(tmp_path / "a.gpkg", [field(0)], crop=["x"], date=["y"])
    with pytest.raises(InvalidOption) as refused:
        read_fields(path, **options)  # type: ignore[arg-type]
    assert words in str(refused.value)


def test_a_file_without_polygons_without_features_or_that_is_missing_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "points.gpkg", [Point(500_000, 5_300_000)])
    write(tmp_path / "empty.gpkg", [field(0)][:0])
    for name, words in (
        ("points.gpkg", "it holds no polygon"),
        ("empty.gpkg", "it holds no features"),
        ("none.gpkg", "there is no such file"),
        ("a.docx", "there is no such file"),
    ):
        with pytest.raises(InvalidOption, match=words):
            read_fields(tmp_path / name)


def test_a_crs_that_the_file_does_not_state_is_asked_for_and_taken(tmp_path: Path) -> None:
    path = tmp_path / "a.shp"
    write(path, [field(0)])
    path.with_suffix(".prj").unlink()
    with pytest.raises(InvalidOption, match="give it by --crs"):
        read_fields(path)
    (found,) = read_fields(path, read_as=ReadAs(crs=UTM)).fields
    assert found.geometry is not None
    assert found.geometry.bounds[0] == pytest.approx(15.0, abs=1e-6)
