"""Observations written as a cube file and read again."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from core.cube import Cube
from core.errors import InvalidOption, NoClearObservation
from ingest.build.cube import build_cube
from ingest.cubes.read import read_cube
from outputs.observation_cube import write_observations
from outputs.plots.cube import choose_dates, spread_pixels, write_cube_picture
from tests.ingest.fake_archive import APRIL, EXTENT, FakeArchive

BANDS = ("B04", "B08", "VV", "temperature_2m")


def cube(failing: frozenset[str] = frozenset()) -> Cube:
    return build_cube(FakeArchive(failing=failing), EXTENT, APRIL, BANDS)


def written(folder: Path, ending: str, given: Cube | None = None) -> Path:
    path = folder / f"cube{ending}"
    write_observations(given or cube(), path, APRIL, "No licence needed", lambda _: None)
    return path


@pytest.mark.parametrize("ending", [".nc", ".zarr"])
def test_a_cube_comes_back_as_it_was_written(tmp_path: Path, ending: str) -> None:
    given, found = cube(), read_cube(written(tmp_path, ending))
    assert found.window == given.window
    assert found.is_simulated
    for band in BANDS:
        np.testing.assert_allclose(found.data[band], given.data[band], atol=6e-5, equal_nan=True)
    np.testing.assert_array_equal(found.axis_days("time"), given.axis_days("time"))


@pytest.mark.parametrize("ending", [".nc", ".zarr"])
def test_it_counts_clear_observations_and_dates_the_last_one(tmp_path: Path, ending: str) -> None:
    given = cube()
    path = written(tmp_path, ending)
    data = xr.open_dataset(path, decode_cf=False) if ending == ".nc" else xr.open_zarr(path, decode_cf=False)
    with data:
        count, last = given.clear_and_last()
        np.testing.assert_array_equal(data["clear_count"], count)
        np.testing.assert_array_equal(data["last_clear"], last)
        assert last.max() == given.axis_days("time")[-1]


def test_what_could_not_be_read_is_in_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, ".nc", cube(frozenset({"a"})))
    with xr.open_dataset(path) as data:
        scenes = json.loads(data.attrs["landcast_scenes"])
        assert [s["scene_id"] for s in scenes if s["failure"]] == ["a"]
        assert data.attrs["landcast_completeness"] == "1 of 7 scenes could not be read"
        assert "dilation_m" in data.attrs["landcast_preparation"]


def test_another_ending_and_an_empty_cube_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidOption, match=r"\.nc"):
        written(tmp_path, ".tif")
    with pytest.raises(NoClearObservation):
        written(tmp_path, ".nc", replace(cube(), data=xr.Dataset()))
    assert not list(tmp_path.iterdir())


def test_a_cube_is_drawn_with_its_mask_and_series(tmp_path: Path) -> None:
    given = cube()
    drawn = replace(given, data=given.data.assign(B02=given.data["B04"], B03=given.data["B04"]))
    assert choose_dates(drawn) == [0, 1, 2]
    pixels = spread_pixels(drawn)
    assert set(pixels) == {"lowest mean NDVI", "median mean NDVI", "highest mean NDVI"}
    write_cube_picture(drawn, {}, pixels, "A simulated cube", tmp_path / "cube.png")
    assert (tmp_path / "cube.png").stat().st_size > 10_000
