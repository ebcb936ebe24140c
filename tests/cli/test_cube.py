"""`landcast cube` on a region of a small archive."""

import json
from collections.abc import Callable
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
import xarray as xr

from ingest.cubes.read import read_cube
from tests.cli.cubes import NORTH, WEST, square, write_cube


@pytest.fixture
def region(folder: Path) -> tuple[str, ...]:
    """Arguments of a region in a cube archive of a year."""
    write_cube(folder / "archive.nc", dates=40)
    (folder / "aoi.geojson").write_text(json.dumps(square(15.00033, 47.853, degrees=0.0003)))
    return ("--region", "aoi.geojson", "--archive", "archive.nc")


@pytest.mark.parametrize("ending", [".nc", ".zarr"])
def test_a_region_becomes_a_cube_on_the_pixels_of_its_archive(
    folder: Path, run: Callable[..., str], region: tuple[str, ...], ending: str
) -> None:
    out = f"out{ending}"
    printed = run("cube", *region, "-o", out, "--period", "2020-06-01/2020-09-30", "--bands", "B08,B04")
    cube, archive = read_cube(folder / out), read_cube(folder / "archive.nc")
    assert printed.splitlines() == [f"{len(cube.scenes)} of {len(cube.scenes)} scenes read", out]
    assert cube.optical == ("B04", "B08")
    assert str(cube.period.start) >= "2020-06-01"
    assert str(cube.period.end) <= "2020-09-30"
    row, column = cube.window.offset_in(archive.window)
    assert (row, column) == (round((NORTH - cube.window.bounds[3]) / 10), round((cube.window.bounds[0] - WEST) / 10))
    days = np.isin(archive.axis_days("time"), cube.axis_days("time"))
    height, width = cube.shape_yx
    same = archive.data.B08.values[days, row : row + height, column : column + width]
    seen = np.isfinite(cube.data.B08.values)
    assert seen.any()
    np.testing.assert_allclose(cube.data.B08.values[seen], same[seen], atol=1e-4)


def test_by_default_the_last_year_of_the_archive_is_read_with_all_bands_and_a_picture(
    folder: Path, run: Callable[..., str], region: tuple[str, ...]
) -> None:
    run("cube", *region, "-o", "out.nc", "--picture", "out.png")
    cube, archive = read_cube(folder / "out.nc"), read_cube(folder / "archive.nc")
    assert cube.optical == archive.optical
    assert cube.period.end == archive.period.end
    assert 300 < cube.period.days <= 366
    assert matplotlib.image.imread(folder / "out.png").ndim == 3
    with xr.open_dataset(folder / "out.nc") as file:
        assert file.sizes["time"] < archive.data.sizes["time"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("-o", "out.tif"), "it ends in .nc or .zarr"),
        (("-o", "out.nc", "--picture", "out.jpg"), "it ends in .png"),
        (("-o", "out.nc", "--bands", "B04,B99"), "'B99' is not a valid value of '--bands'"),
        (("-o", "out.nc", "--period", "2031-01-01/2031-02-01"), ""),
    ],
)
def test_wrong_options_are_refused_and_no_file_is_left(
    refused: Callable[..., str], region: tuple[str, ...], arguments: tuple[str, ...], sentence: str
) -> None:
    assert sentence in refused("cube", *region, *arguments)


def test_a_region_too_large_for_one_cube_is_refused_with_its_size(
    refused: Callable[..., str], region: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.source.MAX_PIXELS", 3)
    assert "pixels' is not a valid value of '--region': one cube has up to 3 pixels" in refused(
        "cube", *region, "-o", "out.nc"
    )
