"""Checks of the arguments that commands share, and the sources that they open."""

import json
from pathlib import Path

import pytest

from cli.arguments import RASTER_ENDINGS, check_out, check_source, is_table, source_of
from core.errors import InvalidOption, InvalidRegion
from core.settings import Settings
from tests.cli.cubes import square, write_cube, write_series


@pytest.mark.parametrize(
    ("name", "expected"), [("a.csv", True), ("a.PARQUET", True), ("a.nc", False), ("csv", False), (None, False)]
)
def test_a_table_is_known_by_its_ending(name: str | None, expected: bool) -> None:
    assert is_table(Path(name) if name else None) is expected


def test_one_existing_input_or_a_region_is_accepted(tmp_path: Path) -> None:
    for name in ("cube.nc", "cube.ZARR", "series.csv", "series.parquet"):
        (tmp_path / name).touch()
        check_source(tmp_path / name, None, None)
    check_source(None, tmp_path / "aoi.geojson", None)
    check_source(None, tmp_path / "aoi.geojson", "sample")


@pytest.mark.parametrize(
    ("source", "region", "archive", "sentence"),
    [
        (None, None, None, "'INPUT': give either a cube or table"),
        ("cube.nc", "aoi.geojson", None, "'INPUT': give either a cube or table"),
        ("cube.nc", None, "sample", "'sample' is not a valid value of '--archive'"),
        ("cube.tif", None, None, "it ends in .nc or .zarr"),
        ("missing.nc", None, None, "there is no such file"),
    ],
)
def test_other_combinations_are_refused_with_the_argument(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    source: str | None,
    region: str | None,
    archive: str | None,
    sentence: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cube.nc").touch()
    with pytest.raises(InvalidOption) as raised:
        check_source(Path(source) if source else None, Path(region) if region else None, archive)
    assert sentence in str(raised.value)


def test_an_output_in_a_folder_that_does_not_exist_yet_is_accepted(tmp_path: Path) -> None:
    check_out("--out", tmp_path / "new" / "deeper" / "out.tif", RASTER_ENDINGS, None)
    (tmp_path / "old.zarr").mkdir()
    check_out("--out", tmp_path / "old.zarr", RASTER_ENDINGS, tmp_path / "cube.nc")
    assert [p.name for p in tmp_path.iterdir()] == ["old.zarr"]


@pytest.mark.parametrize(
    ("out", "sentence"),
    [
        ("out.png", "it ends in .tif, .nc, .zarr"),
        ("./cube.nc", "it is the input itself"),
        ("folder.nc", "it is a folder"),
        ("cube.nc/out.tif", "cube.nc' cannot be written to"),
    ],
)
def test_an_output_that_cannot_be_written_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: str, sentence: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cube.nc").touch()
    (tmp_path / "folder.nc").mkdir()
    with pytest.raises(InvalidOption, match="value of '--out'") as raised:
        check_out("--out", Path(out), RASTER_ENDINGS, Path("cube.nc"))
    assert sentence in str(raised.value)


def test_arguments_open_a_table_a_cube_and_a_region(tmp_path: Path, settings: Settings) -> None:
    cube, table, aoi = write_cube(tmp_path / "cube.nc", dates=4), write_series(tmp_path / "s.csv"), tmp_path / "a.json"
    aoi.write_text(json.dumps(square(15.00033, 47.853, degrees=0.0003)))
    bands = ("B04", "B08")
    found = [
        source_of(table, region=None, archive=None, bands=bands, settings=settings),
        source_of(cube, region=None, archive=None, bands=bands, settings=settings),
        source_of(None, region=aoi, archive=str(cube), bands=bands, settings=settings),
    ]
    assert [source.kind for source in found] == ["table", "cube", "region"]
    assert found[2].bands == bands


def test_a_region_file_without_a_polygon_is_refused(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "a.json").write_text('{"type": "Point", "coordinates": [15, 48]}')
    with pytest.raises(InvalidRegion, match="'Point'"):
        source_of(None, region=tmp_path / "a.json", archive="sample", bands=("B04",), settings=settings)
