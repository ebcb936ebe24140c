"""Cube files: numbers, masks, places and refusals."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import InvalidCube
from ingest.cubes.pixels import cut_window, window_slices
from ingest.cubes.read import open_cube, read_cube
from ingest.preprocess.prepare import Preparation
from tests.ingest.cubes.cube_files import (
    COLUMNS,
    DATES,
    RADAR_DATES,
    ROWS,
    cube_dataset,
    stack,
    write_cube,
)

PACKED = {"dtype": "uint16", "scale_factor": 1e-4, "_FillValue": 65535}


def test_float_reflectance_comes_back_as_it_was(tmp_path: Path) -> None:
    cube = read_cube(write_cube(tmp_path / "a.nc"))
    np.testing.assert_array_equal(cube.data["B04"].values, stack(0.05))
    assert cube.data["B04"].dims == ("time", "y", "x")
    assert cube.data["B04"].dtype == np.float32


def test_packed_integers_are_unpacked_by_their_attributes(tmp_path: Path) -> None:
    red = stack(0.05)
    red[1, 2, 3] = np.nan
    data = cube_dataset(B04=red)
    cube = read_cube(write_cube(tmp_path / "a.nc", data, B04=PACKED, B08={**PACKED, "add_offset": -0.1}))
    np.testing.assert_allclose(cube.data["B04"].values, red, atol=1e-4)
    np.testing.assert_allclose(cube.data["B08"].values, stack(0.3), atol=1e-4)


def test_plain_integers_are_read_as_ten_thousandths_which_the_summary_says(tmp_path: Path) -> None:
    bands = {b: np.round(stack(v) * 1e4).astype(np.int16) for b, v in (("B04", 0.05), ("B08", 0.3))}
    path = write_cube(tmp_path / "a.nc", cube_dataset(**bands))
    np.testing.assert_allclose(read_cube(path).data["B08"].values, stack(0.3), atol=1e-4)
    assert "scale of B04, B08: 0.0001, by the size of their numbers" in open_cube(path).summary.taken


def test_floats_of_digital_numbers_are_read_as_ten_thousandths(tmp_path: Path) -> None:
    cube = read_cube(write_cube(tmp_path / "a.nc", cube_dataset(B04=stack(0.05) * 1e4, B08=stack(0.3) * 1e4)))
    np.testing.assert_allclose(cube.data["B04"].values, stack(0.05), rtol=1e-5)


def test_numbers_that_are_neither_reflectance_nor_digital_numbers_are_refused(tmp_path: Path) -> None:
    path = write_cube(tmp_path / "a.nc", cube_dataset(B04=None, B08=None, NDVI=stack(0.3) * 250))
    with pytest.raises(InvalidCube, match="numbers of 'NDVI'"):
        read_cube(path)


@pytest.mark.parametrize(
    ("name", "clear", "cloudy"), [("clear", 1, 0), ("SCL", 4, 9), ("SCL", 5, 3), ("SCL", 2, 11), ("CLM", 0, 2)]
)
def test_pixels_not_called_clear_are_unseen(tmp_path: Path, name: str, clear: int, cloudy: int) -> None:
    mask = np.full((3, ROWS, COLUMNS), clear, np.uint8)
    mask[2, 4, 7] = cloudy
    path = write_cube(tmp_path / "a.nc", cube_dataset(**{name: mask}))
    unseen = np.argwhere(np.isnan(read_cube(path, preparation=Preparation(dilation_m=0)).data["B08"].values))
    np.testing.assert_array_equal(unseen, [[2, 4, 7]])


@pytest.mark.parametrize(
    ("name", "clear", "cloudy", "hidden"), [("SCL", 4, 9, 11), ("CLM", 0, 2, 11), ("clear", 1, 0, 1)]
)
def test_masks_grow_by_twenty_metres_but_for_one_that_has_grown_already(
    tmp_path: Path, name: str, clear: int, cloudy: int, hidden: int
) -> None:
    mask = np.full((3, ROWS, COLUMNS), clear, np.uint8)
    mask[2, 4, 7] = cloudy
    cube = read_cube(write_cube(tmp_path / "a.nc", cube_dataset(**{name: mask})))
    assert np.isnan(cube.data["B08"].values).sum() == hidden


def test_unknown_cloud_information_is_not_clear(tmp_path: Path) -> None:
    mask = np.full((3, ROWS, COLUMNS), 4, np.float32)
    mask[0, 1, 2] = np.nan
    cube = read_cube(write_cube(tmp_path / "a.nc", cube_dataset(SCL=mask)))
    np.testing.assert_array_equal(np.argwhere(np.isnan(cube.ndvi())), [[0, 1, 2]])


@pytest.mark.parametrize("number", [0, -10000, 65535])
def test_zero_and_fill_in_red_and_near_infrared_are_unseen_in_every_band(tmp_path: Path, number: int) -> None:
    bands = {b: np.round(stack(v) * 1e4).astype(np.int32) for b, v in (("B04", 0.05), ("B08", 0.3), ("B11", 0.2))}
    bands["B04"][1, 3, 5] = bands["B08"][1, 3, 5] = number
    cube = read_cube(write_cube(tmp_path / "a.nc", cube_dataset(**bands)))
    for band in bands:
        np.testing.assert_array_equal(np.argwhere(np.isnan(cube.data[band].values)), [[1, 3, 5]])


def test_radar_keeps_its_own_dates_and_decibels(tmp_path: Path) -> None:
    decibel = -stack(12.0, dates=2)
    data = cube_dataset(VV=(("time_s1", "y", "x"), decibel)).assign_coords(time_s1=RADAR_DATES)
    cube = read_cube(write_cube(tmp_path / "a.nc", data))
    np.testing.assert_array_equal(cube.data["VV"].values, decibel)
    assert cube.data["VV"].dims == ("time_s1", "y", "x")
    assert list(cube.data["time_s1"].values.astype("datetime64[D]").astype(str)) == ["2021-04-03", "2021-04-09"]


def test_linear_backscatter_becomes_decibels(tmp_path: Path) -> None:
    data = cube_dataset(VH=(("time_s1", "y", "x"), stack(0.02, dates=2))).assign_coords(time_s1=RADAR_DATES)
    cube = read_cube(write_cube(tmp_path / "a.nc", data))
    np.testing.assert_allclose(cube.data["VH"].values, 10 * np.log10(stack(0.02, dates=2)), rtol=1e-5)


def test_daily_precipitation_in_millimetres_becomes_metres(tmp_path: Path) -> None:
    data = cube_dataset(
        agera5_precipitation_flux=(("time_day",), np.array([2.0, 0.5], np.float32)),
        agera5_temperature_mean=(("time_day",), np.array([281.0, 284.0], np.float32)),
    ).assign_coords(time_day=RADAR_DATES)
    cube = read_cube(write_cube(tmp_path / "a.nc", data))
    np.testing.assert_allclose(cube.data["total_precipitation"].values, [0.002, 0.0005])
    np.testing.assert_allclose(cube.data["temperature_2m"].values, [281, 284])
    assert cube.data["temperature_2m"].dims == ("time_weather",)


def test_b8a_stands_in_for_b08(tmp_path: Path) -> None:
    cube = read_cube(write_cube(tmp_path / "a.nc", cube_dataset(B08=None, B8A=stack(0.31))))
    assert cube.optical == ("B04", "B8A")
    assert np.isfinite(cube.ndvi()).all()


def test_ndvi_alone_is_a_cube(tmp_path: Path) -> None:
    cube = read_cube(write_cube(tmp_path / "a.nc", cube_dataset(B04=None, B08=None, NDVI=stack(0.4))))
    np.testing.assert_array_equal(cube.ndvi(), stack(0.4))


def test_a_text_file_named_nc_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.nc"
    path.write_text("time,y,x\n1,2,3\n")
    with pytest.raises(InvalidCube, match="not a readable NetCDF file"):
        read_cube(path)


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    path = write_cube(tmp_path / "a.nc")
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(InvalidCube):
        read_cube(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidCube, match="no such file"):
        read_cube(tmp_path / "a.nc")


def test_a_folder_named_zarr_without_a_store_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.zarr").mkdir()
    with pytest.raises(InvalidCube, match="not a Zarr store"):
        read_cube(tmp_path / "a.zarr")


def test_every_refusal_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.nc").write_text("x")
    with pytest.raises(InvalidCube) as caught:
        read_cube(tmp_path / "a.nc")
    assert "\n" not in str(caught.value)


def test_rows_stored_from_the_south_are_turned_round(tmp_path: Path) -> None:
    upright = read_cube(write_cube(tmp_path / "a.nc"))
    turned = read_cube(write_cube(tmp_path / "b.nc", cube_dataset().isel(y=slice(None, None, -1))))
    assert turned.window == upright.window
    np.testing.assert_array_equal(turned.data["B04"].values, upright.data["B04"].values)


def test_dimensions_in_another_order_are_put_right(tmp_path: Path) -> None:
    cube = read_cube(write_cube(tmp_path / "a.nc", cube_dataset().transpose("x", "time", "y")))
    np.testing.assert_array_equal(cube.data["B04"].values, stack(0.05))


def test_the_time_axis_may_be_called_t(tmp_path: Path) -> None:
    cube = read_cube(write_cube(tmp_path / "a.nc", cube_dataset().rename(time="t")))
    assert cube.data["B04"].dims == ("time", "y", "x")


def test_dates_are_sorted_distinct_midnights_and_the_first_clear_value_counts(tmp_path: Path) -> None:
    red = stack(0.05)
    red[2, 0, 0] = np.nan
    times = [DATES[2], DATES[0], DATES[0] - np.timedelta64(20, "m")]
    cube = read_cube(write_cube(tmp_path / "a.nc", cube_dataset(B04=red).assign_coords(time=times)))
    assert list(cube.data["time"].values.astype(str)) == [
        "2021-04-01T00:00:00.000000000",
        "2021-04-11T00:00:00.000000000",
    ]
    np.testing.assert_array_equal(cube.data["B04"].values[0], red[1])


def test_a_zarr_store_reads_like_a_netcdf_file(tmp_path: Path) -> None:
    data = cube_dataset(B04=(stack(0.05) * 1e4).astype(np.int16), B08=(stack(0.3) * 1e4).astype(np.int16))
    one, other = (read_cube(write_cube(tmp_path / name, data)) for name in ("a.nc", "a.zarr"))
    xr.testing.assert_identical(one.data, other.data)


def test_bands_can_be_chosen_and_those_of_ndvi_stay(tmp_path: Path) -> None:
    path = write_cube(tmp_path / "a.nc", cube_dataset(B11=stack(0.2), B12=stack(0.1)))
    assert set(read_cube(path, bands=["B12"]).data.data_vars) == {"B04", "B08", "B12"}


def test_a_cube_is_simulated_if_the_file_states_it(tmp_path: Path) -> None:
    data = cube_dataset().assign_attrs(simulated="true")
    assert read_cube(write_cube(tmp_path / "a.nc", data)).is_simulated
    assert not read_cube(write_cube(tmp_path / "b.nc")).is_simulated


@pytest.fixture(scope="module")
def cloudy_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    mask = np.random.default_rng(3).integers(0, 2, (3, ROWS, COLUMNS)).astype(np.uint8)
    data = cube_dataset(clear=mask).isel(y=slice(None, None, -1))
    return write_cube(tmp_path_factory.mktemp("cube") / "a.nc", data)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    top=st.integers(0, ROWS - 1),
    left=st.integers(0, COLUMNS - 1),
    height=st.integers(1, ROWS),
    width=st.integers(1, COLUMNS),
)
def test_a_window_read_equals_the_crop_of_a_whole_read(
    cloudy_file: Path, top: int, left: int, height: int, width: int
) -> None:
    file = open_cube(cloudy_file)
    whole = file.read(file.bands)
    rows, columns = slice(top, min(top + height, ROWS)), slice(left, min(left + width, COLUMNS))
    part = file.read(file.bands, (rows, columns))
    xr.testing.assert_identical(part, whole.isel(y=rows, x=columns))
    window = cut_window(file.layout.window, (rows, columns))
    assert window_slices(file.layout.window, window) == (rows, columns)


@pytest.mark.real_data
def test_real_patches_and_stands_are_read_in_physical_units(real_data: Path) -> None:
    patch = read_cube(real_data / "worldcereal_patches" / "00002806639B424A.nc")
    stand = read_cube(next((real_data / "fordead_conifer_cube").glob("*.nc")))
    assert patch.shape_yx == (64, 64)
    assert stand.shape_yx == (80, 80)
    assert -12 < float(np.nanmedian(patch.data["VV"])) < -6
    assert 270 < float(np.nanmedian(patch.data["temperature_2m"])) < 300
    assert float(patch.data["total_precipitation"].max()) < 0.1
    assert np.isfinite(stand.ndvi()).mean() == pytest.approx(
        0.332, abs=0.01
    )  # clear, and neither red nor near infrared 0
    for cube in (patch, stand):
        assert 0.005 < float(np.nanmedian(cube.data["B04"])) < 0.2
        assert np.nanmedian(cube.ndvi()) > 0.4
