import json
from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
import pytest

from outputs.fields.write import with_day_texts, write_lines
from tests.outputs.fields.lines import NASTY, answer


def test_a_csv_has_dates_as_days_and_empty_cells_for_what_is_missing(tmp_path: Path) -> None:
    write_lines(answer(), tmp_path / "a.csv")
    text = (tmp_path / "a.csv").read_text(encoding="utf-8")
    assert text.splitlines()[0].startswith(
        "parcel,date,ndvi_mean,ndvi_std,clear_share,q05,q25,q50,q75,q95,climatology,"
    )
    assert text.splitlines()[1].startswith("a,2021-06-01,0.4,,,,")
    found = pd.read_csv(tmp_path / "a.csv")
    assert found["parcel"].tolist() == answer().table["parcel"].tolist()
    assert found["date"].isna().tolist() == [False] * 5 + [True]


@pytest.mark.parametrize("ending", ["parquet", "geojson", "gpkg"])
def test_vector_files_hold_the_polygon_of_each_line_and_all_columns(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"new/a.{ending}"
    write_lines(answer(), path)
    found = geopandas.read_parquet(path) if ending == "parquet" else geopandas.read_file(path)
    assert found.columns.tolist() == [*answer().table.columns, "geometry"]
    assert found.crs.to_epsg() == 4326
    assert found.geometry.isna().tolist() == [False] * 5 + [True]
    assert found.geometry.iloc[4].bounds[3] == pytest.approx(48.02)
    assert np.allclose(found["q95"].astype(float), answer().table["q95"], equal_nan=True)
    assert pd.to_datetime(found["date"]).iloc[0] == pd.Timestamp("2021-06-01")
    assert found["parcel"].iloc[4] == NASTY
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_geojson_is_strict_json_with_a_name_that_is_no_temporary_one(tmp_path: Path) -> None:
    write_lines(answer(), tmp_path / "a.geojson")
    document = json.loads(
        (tmp_path / "a.geojson").read_text(encoding="utf-8"), parse_constant=lambda name: pytest.fail(name)
    )
    assert document["name"] == "fields"
    assert document["features"][0]["properties"]["q50"] is None
    assert document["features"][0]["properties"]["date"] == "2021-06-01"


def test_the_table_itself_keeps_its_dates() -> None:
    table = answer().table
    with_day_texts(table)
    assert table["date"].dtype.kind == "M"
