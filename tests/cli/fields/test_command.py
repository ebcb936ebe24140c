from collections.abc import Callable
from pathlib import Path

import geopandas
import pandas as pd
import pytest
from shapely import box

from products.fields.columns import COLUMNS
from tests.cli.conftest import folder, refused, run
from tests.cli.cubes import write_cube
from tests.products.fields.squares import square

__all__ = ["folder", "refused", "run"]


@pytest.fixture
def fields(folder: Path) -> Path:
    write_cube(folder / "cube.nc", shape_yx=(30, 40))
    shapes = [square(3, 4, 5), square(20, 10, 6), square(90, 90, 3)]
    table = geopandas.GeoDataFrame({"parcel": ["p1", "p2", "p3"], "id": [1, 2, 3]}, geometry=shapes, crs="EPSG:32633")
    table.to_file(folder / "fields.gpkg")
    return folder / "fields.gpkg"


def test_a_csv_has_the_columns_that_are_promised(fields: Path, run: Callable[..., str], folder: Path) -> None:
    printed = run(
        "fields", fields, "-o", "a.csv", "--cube", "cube.nc", "--products", "ndvi-forecast", "--dates", "2021-09-10"
    )
    assert printed == "a.csv\n"
    found = pd.read_csv(folder / "a.csv")
    assert found.columns.tolist() == ["id", *COLUMNS]
    promised = "date ndvi_mean ndvi_std clear_share q05 q25 q50 q75 q95 climatology p_crop p_conifer p_broadleaf"
    assert set(promised.split()) | {"clear_count", "last_clear", "dissimilarity", "flags"} <= set(found.columns)
    assert found["id"].drop_duplicates().tolist() == [1, 2, 3]
    assert found["q50"].notna().sum() == 2


@pytest.mark.parametrize("ending", ["parquet", "geojson", "gpkg", "html"])
def test_every_ending_is_written(fields: Path, run: Callable[..., str], folder: Path, ending: str) -> None:
    out = folder / f"a.{ending}"
    run("fields", fields, "-o", out, "--cube", "cube.nc", "--products", "ndvi-forecast", "--id", "parcel")
    assert out.stat().st_size > 1000
    if ending == "html":
        assert "p2" in out.read_text()


def test_a_field_outside_the_cube_is_in_the_file_and_says_so(
    fields: Path, run: Callable[..., str], folder: Path
) -> None:
    run("fields", fields, "-o", "a.csv", "--cube", "cube.nc", "--products", "crop", "--id", "parcel")
    table = pd.read_csv(folder / "a.csv").drop_duplicates("parcel").set_index("parcel")
    assert table.loc["p3", "flags"] == "outside 'cube.nc'"
    assert table["p_crop"].notna().tolist() == [True, True, False]


def test_an_archive_is_read_in_its_own_grid(
    sample_home: Path, run: Callable[..., str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANDCAST_HOME", str(sample_home))
    shapes = [box(10.435, 50.565, 10.4375, 50.5665)]
    geopandas.GeoDataFrame(geometry=shapes, crs="EPSG:4326").to_file(folder / "f.geojson")
    run(
        "fields",
        "f.geojson",
        "-o",
        "a.csv",
        "--archive",
        "sample",
        "--dates",
        "2022-11-15",
        "--products",
        "ndvi-forecast",
    )
    found = pd.read_csv(folder / "a.csv")
    assert found["clear_count"].iloc[0] > 20
    assert found["q50"].notna().sum() == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("-o", "a.tif"), "it ends in .csv, .parquet, .geojson, .gpkg, .html"),
        (("-o", "a.csv", "--cube", "cube.nc", "--archive", "sample"), "give either a cube or --archive"),
        (("-o", "a.csv", "--cube", "none.nc"), "there is no such file"),
        (("-o", "a.csv", "--cube", "cube.tif"), "it ends in .nc or .zarr"),
        (("-o", "a.csv", "--cube", "cube.nc", "--products", "ndvi"), "the products of fields are"),
        (("-o", "fields.gpkg", "--cube", "cube.nc"), "it is the input itself"),
    ],
)
def test_wrong_arguments_end_with_one_sentence(
    fields: Path, refused: Callable[..., str], arguments: tuple[str, ...], words: str
) -> None:
    assert words in refused("fields", "fields.gpkg", *arguments)
