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


@pytest.mark.parametrize("ending", [".nc", ".zarr"])
def test_bands_are_packed_and_chunks_hold_all_dates(tmp_path: Path, ending: str) -> None:
    with xr.open_dataset(
        written(tmp_path, ending), engine="zarr" if ending == ".zarr" else "netcdf4", mask_and_scale=False
    ) as data:
        red, radar = data["B04"], data["VV"]
        assert (str(red.dtype), red.attrs["_FillValue"], red.attrs["scale_factor"]) == ("int16", -32768, 1e-4)
        assert (red.attrs["units"], radar.attrs["units"], data["temperature_2m"].attrs["units"]) == ("1", "dB", "K")
        assert tuple(red.encoding.get("chunksizes") or red.encoding["chunks"]) == (3, 40, 60)
        assert (str(radar.dtype), radar.dims) == ("float32", ("time_s1", "y", "x"))
        assert data["last_clear"].attrs["_FillValue"] == -1
        assert data["spatial_ref"].attrs["grid_mapping_name"] == "transverse_mercator"


def test_a_tall_cube_is_written_strip_by_strip_and_reports_how_far_it_is(tmp_path: Path) -> None:
    small, repeats = cube(), 4
    tall = replace(
        small,
        data=xr.concat([small.data.drop_vars("orbit_s1", errors="ignore")] * repeats, dim="y", data_vars="minimal"),
        window=replace(small.window, shape_yx=(repeats * small.shape_yx[0], small.shape_yx[1])),
    )
    tall.data["B04"][:, 150:, 7] = 4.0  # brighter than the integers reach
    shares: list[float] = []
    write_observations(tall, tmp_path / "cube.nc", APRIL, "No licence needed", shares.append)
    assert shares == sorted(shares)
    assert (len(shares), shares[-1]) == (3 * 4, 1.0)  # three strips of two bands, of the radar and of the counts
    with xr.open_dataset(tmp_path / "cube.nc", mask_and_scale=False) as data:
        np.testing.assert_array_equal(data["clear_count"], tall.clear_count())
        assert data["B04"].values[:, 150:, 7].max() == 32767
        np.testing.assert_array_equal(data["B08"].values[:, 40:80], data["B08"].values[:, :40])
