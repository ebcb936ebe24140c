"""Files of labels, read and checked."""

from datetime import date
from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
import pytest
from shapely import LineString, Point, box

from core.errors import InvalidOption, InvalidPeriod
from core.region import WGS84
from core.source import ReadAs
from core.timeline import to_date
from tests.cli.cubes import EPSG
from tests.training.label_files import write_labels
from training.labels.read_file import read_label_file


@pytest.mark.parametrize("name", ["labels.gpkg", "labels.geojson", "labels.parquet", "labels.shp"])
def test_every_format_and_crs_gives_the_same_labels(tmp_path: Path, name: str) -> None:
    crs = "EPSG:4326" if name.endswith("json") else "EPSG:3035"
    path = write_labels(tmp_path / name, side=2, crs=crs, when=["2021-06-01", "2021", "2022/03/04", "2022-12-31"])
    found = read_label_file(path, date_column="when")
    assert found.values.tolist() == ["Bare", "Green", "Bare", "Green"]
    assert found.name == name
    assert found.days is not None
    assert [to_date(d) for d in found.days] == [
        date(2021, 6, 1),
        date(2021, 12, 31),
        date(2022, 3, 4),
        date(2022, 12, 31),
    ]


def test_features_without_class_or_usable_geometry_are_left_out_and_counted(tmp_path: Path) -> None:
    shapes = [box(0, 0, 1, 1), None, LineString([(0, 0), (1, 1)]), box(1, 1, 2, 2), Point(1, 1)]
    table = geopandas.GeoDataFrame({"class": [1.0, 2.0, 1.0, np.nan, 2.0]}, geometry=shapes, crs=WGS84)
    table.to_parquet(tmp_path / "l.parquet")
    found = read_label_file(tmp_path / "l.parquet")
    assert found.values.tolist() == ["1", "2"]
    assert found.left_out == ("1 without a geometry", "1 neither polygon nor point", "1 without a value in 'class'")


def refusal(path: Path, **options: str) -> str:
    with pytest.raises((InvalidOption, InvalidPeriod)) as caught:
        read_label_file(path, **options)  # type: ignore[arg-type]
    return str(caught.value)


def test_files_that_hold_no_labels_are_refused_with_what_is_missing(tmp_path: Path) -> None:
    path = write_labels(tmp_path / "l.gpkg", side=2, when="soon")
    assert "no such file" in refusal(tmp_path / "none.gpkg")
    assert "'l.gpkg' has the columns class, when" in refusal(path, column="IFT_IOA")
    assert "'l.gpkg' has the columns class, when" in refusal(path, date_column="day")
    assert "'soon' is not a usable period or date: a label has it in its column 'when'" in refusal(
        path, date_column="when"
    )
    write_labels(tmp_path / "bare.shp", side=2)
    (tmp_path / "bare.prj").unlink()
    assert "does not state its CRS" in refusal(tmp_path / "bare.shp")
    pd.DataFrame({"class": ["a"]}).to_parquet(tmp_path / "table.parquet")
    assert "a table needs the columns lon and lat" in refusal(tmp_path / "table.parquet")
    (tmp_path / "broken.geojson").write_text("{")
    assert "cannot be read as GeoJSON" in refusal(tmp_path / "broken.geojson")
    (tmp_path / "l.docx").write_text("class\n1\n")
    assert "its ending is none of .gpkg" in refusal(tmp_path / "l.docx")


def test_of_several_layers_one_is_to_be_named(tmp_path: Path) -> None:
    path = write_labels(tmp_path / "l.gpkg", side=2)
    geopandas.read_file(path).iloc[:1].to_file(path, layer="other")
    assert "has the layers l, other" in refusal(path)
    assert len(read_label_file(path, layer="other")) == 1
    assert "has the layers l, other" in refusal(path, layer="third")


def test_labels_may_be_points_of_a_table(tmp_path: Path) -> None:
    (tmp_path / "l.csv").write_text(
        "Longitude;Latitude;Class;when\n11,5;48,5;01;31.05.2021\n11,6;48,6;None;2021\n;;x;2021\n"
    )
    found = read_label_file(tmp_path / "l.csv", date_column="WHEN")
    assert found.values.tolist() == ["01", "None"]
    assert found.days is not None
    assert [to_date(d) for d in found.days] == [date(2021, 5, 31), date(2021, 12, 31)]
    assert found.left_out == ("1 without a geometry",)
    assert found.summary.remarks == ("Labels left out: 1 without a geometry.",)
    assert found.summary.layout == "labels in table of points"


def test_one_date_that_cannot_be_read_leaves_out_its_label_alone(tmp_path: Path) -> None:
    when = ["2021-06-01", None, "soon", "2022-12-31"]
    found = read_label_file(write_labels(tmp_path / "l.gpkg", side=2, when=when), date_column="when")
    assert len(found) == 2
    assert found.left_out == ("2 without a date in 'when', such as 'soon'",)


def test_labels_that_all_lie_elsewhere_are_refused_with_both_places(tmp_path: Path) -> None:
    path = write_labels(tmp_path / "l.gpkg", side=2)
    west, south, east, north = geopandas.read_file(path).to_crs(WGS84).total_bounds
    with pytest.raises(
        InvalidOption, match=r"none of its 4 labels lies within the source, which covers 0\.0000 to .*; they lie at 1"
    ):
        read_label_file(path, footprint=box(0, 0, 1, 1))
    with pytest.raises(InvalidOption, match="longitude and latitude seem to be swapped"):
        read_label_file(path, footprint=box(south, west, north, east))


def test_a_missing_crs_may_be_stated(tmp_path: Path) -> None:
    path = write_labels(tmp_path / "bare.shp", side=2)
    (tmp_path / "bare.prj").unlink()
    assert "--crs EPSG:" in refusal(path)
    assert len(read_label_file(path, read_as=ReadAs(crs=f"EPSG:{EPSG}"))) == 4
