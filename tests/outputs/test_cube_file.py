"""The writer of cube files: encodings, blocks, whole files or none."""

from pathlib import Path

import dask
import netCDF4
import numpy as np
import pytest
import xarray as xr
import zarr
from numpy.typing import NDArray

from core.errors import InvalidOption
from outputs.cube_file import (
    LazyPixels,
    grid_mapping,
    issue_variable,
    place_variables,
    time_variable,
    variable,
    write_cube,
)
from tests.outputs.rasters import WINDOW

HEIGHT, WIDTH = WINDOW.shape_yx
PIXELS = np.arange(3 * HEIGHT * WIDTH, dtype=np.int16).reshape(3, HEIGHT, WIDTH)


def dataset(read: object = None) -> xr.Dataset:
    """Three dates of int16, of which -1 is unseen."""

    def rows(y: slice, x: slice) -> NDArray[np.int16]:
        return PIXELS[:, y, x]

    lazy = LazyPixels(read or rows, lead=(3,), window=WINDOW, dtype=np.int16)  # type: ignore[arg-type]
    found = {
        **place_variables(WINDOW),
        "time": time_variable("time", np.array([1, 5, 9], np.int32)),
        "a": variable(("time", "y", "x"), lazy.in_blocks(64, 64), {"scale_factor": 0.5}, fill=np.int16(-1), chunk=64),
        "b": variable(("y", "x"), PIXELS[1].astype(np.float32), {}, fill=np.float32(np.nan), chunk=200),
    }
    return xr.Dataset(found, attrs={"title": "x"})


@pytest.mark.parametrize(("ending", "engine"), [(".nc", "netcdf4"), (".zarr", "zarr")])
def test_numbers_are_stored_as_they_are_and_decoded_by_their_attributes(
    tmp_path: Path, ending: str, engine: str
) -> None:
    write_cube(dataset(), tmp_path / f"cube{ending}")
    with xr.open_dataset(tmp_path / f"cube{ending}", engine=engine) as data:
        np.testing.assert_array_equal(data["a"].values, PIXELS * 0.5)
        np.testing.assert_array_equal(data["b"].values, PIXELS[1])
        np.testing.assert_array_equal(data["x"].values, WINDOW.centres()[0])
        assert [str(day)[:10] for day in data["time"].values] == ["1970-01-02", "1970-01-06", "1970-01-10"]
        assert data.attrs == {"title": "x"}


def test_pixels_are_compressed_in_chunks_of_all_dates(tmp_path: Path) -> None:
    write_cube(dataset(), tmp_path / "cube.nc")
    with netCDF4.Dataset(tmp_path / "cube.nc") as file:
        assert file["a"].chunking() == [3, 64, 64]
        assert file["b"].chunking() == [70, 90]
        assert file["a"].filters()["complevel"] == 4
        assert file["x"].chunking() == "contiguous"
        assert "_FillValue" not in file["x"].ncattrs()
    write_cube(dataset(), tmp_path / "cube.zarr")
    group = zarr.open_group(tmp_path / "cube.zarr", mode="r")
    assert group["a"].chunks == (3, 64, 64)  # type: ignore[union-attr]
    assert group["a"].fill_value == -1  # type: ignore[union-attr]


@pytest.mark.parametrize("ending", [".nc", ".zarr"])
def test_each_block_is_read_once(tmp_path: Path, ending: str) -> None:
    read: list[tuple[int, int]] = []

    def watched(rows: slice, columns: slice) -> NDArray[np.int16]:
        read.append((rows.start, columns.start))
        return PIXELS[:, rows, columns]

    write_cube(dataset(watched), tmp_path / f"cube{ending}")
    assert sorted(read) == [(0, 0), (0, 64), (64, 0), (64, 64)]
    assert dask.config.get("scheduler", None) is None


@pytest.mark.parametrize("ending", [".nc", ".zarr"])
def test_an_error_while_reading_leaves_the_old_file(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"cube{ending}"
    write_cube(dataset(), path)

    def broken(rows: slice, columns: slice) -> NDArray[np.int16]:
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        write_cube(dataset(broken), path)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    with xr.open_dataset(path, engine="zarr" if ending == ".zarr" else "netcdf4") as data:
        assert data["a"].shape == PIXELS.shape


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidOption, match=r"a cube ends in \.nc or \.zarr"):
        write_cube(dataset(), tmp_path / "cube.h5")


def test_half_floats_become_floats_in_netcdf_alone(tmp_path: Path) -> None:
    values = variable(("y", "x"), np.ones((2, 3), np.float32), {}, chunk=64, dtype="float16")
    for ending in (".nc", ".zarr"):
        write_cube(xr.Dataset({"a": values}), tmp_path / f"cube{ending}")
    with netCDF4.Dataset(tmp_path / "cube.nc") as file:
        assert file["a"].dtype == np.float32
    assert zarr.open_group(tmp_path / "cube.zarr", mode="r")["a"].dtype == np.float16  # type: ignore[union-attr]


def test_the_grid_mapping_states_the_crs_for_cf_and_for_gdal() -> None:
    found = grid_mapping(WINDOW)
    assert found["grid_mapping_name"] == "transverse_mercator"
    assert found["GeoTransform"] == "600000.0 10.0 0 5300000.0 0 -10.0"
    assert found["crs_wkt"] == found["spatial_ref"]


def test_an_issue_date_is_a_day_since_1970() -> None:
    assert int(issue_variable("1970-02-01").values) == 31
