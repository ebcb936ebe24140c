"""Any input opened as what it is."""

import json
from pathlib import Path

import pytest
import xarray as xr

from cli.inspect.look import inspect_archive, inspect_cube, inspect_input, inspect_table, inspect_vectors
from core.errors import InvalidOption, InvalidTable, RequestError
from core.settings import Settings
from core.source import AS_STATED, ReadAs
from tests.cli.cubes import square, write_cube, write_series
from tests.ingest.stac.folders import earth_search_folder


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


def test_a_zarr_cube_is_told_from_a_folder_by_its_content(tmp_path: Path, settings: Settings) -> None:
    with xr.open_dataset(write_cube(tmp_path / "cube.nc")) as cube:
        cube.to_zarr(tmp_path / "cube", consolidated=False)
    assert inspect_input(str(tmp_path / "cube"), settings, AS_STATED).kind == "cube"


def test_a_folder_of_cubes_is_an_archive(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "cubes").mkdir()
    write_cube(tmp_path / "cubes" / "a.nc")
    found = inspect_input(str(tmp_path / "cubes"), settings, AS_STATED)
    alone = inspect_cube(tmp_path / "cubes" / "a.nc", settings, AS_STATED)
    assert (found.kind, found.place) == ("archive", alone.place)


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        (square(15.0, 47.85), "vectors"),
        ({"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": square(15.0, 47.85)}]}, "vectors"),
    ],
)
def test_geojson_is_no_catalogue(tmp_path: Path, settings: Settings, document: object, kind: str) -> None:
    (tmp_path / "a.json").write_text(json.dumps(document))
    assert inspect_input(str(tmp_path / "a.json"), settings, AS_STATED).kind == kind


def test_the_products_are_judged_by_what_an_archive_holds(tmp_path: Path, settings: Settings) -> None:
    found = inspect_archive(earth_search_folder(tmp_path / "archive"), settings, AS_STATED)
    assert found.products is not None
    assert found.products["ndvi-forecast"] == "ready"


def test_what_does_not_apply_is_not_in_the_json(tmp_path: Path, settings: Settings) -> None:
    table = inspect_table(write_series(tmp_path / "t.csv"), settings, AS_STATED).to_json()
    assert not {"place", "uses", "bounds_wgs84", "failures"} & set(table)
    (tmp_path / "a.geojson").write_text(json.dumps(square(15.0, 47.85)))
    assert not {"products", "observations", "bands"} & set(inspect_vectors(tmp_path / "a.geojson", "class").to_json())


def test_a_table_of_neither_series_nor_places_is_refused_as_a_table(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InvalidTable):
        inspect_input(str(tmp_path / "t.csv"), settings, AS_STATED)


def test_reference_points_in_a_csv_are_places(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "p.csv").write_text("lon,lat,class\n15,47.85,a\n15.1,47.86,b\n")
    found = inspect_input(str(tmp_path / "p.csv"), settings, AS_STATED)
    assert found.uses is not None
    assert found.uses["reference"].startswith("ready: 2 points")


@pytest.mark.parametrize(
    ("text", "reason"),
    [("lon,lat,class\n680020,5339980,a\n", "row 1 are not degrees"), ("x,y,class\n15,47.8,a\n", "for x and y")],
)
def test_points_that_state_no_crs_are_refused_as_points(
    text: str, reason: str, tmp_path: Path, settings: Settings
) -> None:
    (tmp_path / "p.csv").write_text(text)
    with pytest.raises(RequestError, match=rf"{reason}.*--crs EPSG:"):
        inspect_input(str(tmp_path / "p.csv"), settings, AS_STATED)


def test_a_path_that_is_none_is_refused(settings: Settings) -> None:
    with pytest.raises(InvalidOption, match="no such file or folder"):
        inspect_input("nowhere", settings, AS_STATED)


def test_a_crs_without_a_code_is_called_by_its_name(tmp_path: Path, settings: Settings) -> None:
    own = 'PROJCS["Own grid",GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563]],'
    own += 'PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]],PROJECTION["Sinusoidal"],'
    own += 'PARAMETER["longitude_of_center",10],UNIT["metre",1]]'
    place = inspect_input(str(write_cube(tmp_path / "cube.nc")), settings, ReadAs(crs=own)).place
    assert place is not None
    assert place.crs == "Own grid"
