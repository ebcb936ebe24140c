"""Cubes as other tools write them are read as the same pixels in our own layout."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from core.cube import Cube
from core.errors import InvalidCube
from core.source import ReadAs
from ingest.cubes.read import open_cube, read_cube
from tests.ingest.cubes import foreign

SAME_BANDS = [
    foreign.odc_stac,
    foreign.digital_earth_australia,
    foreign.stackstac,
    foreign.cubo,
    foreign.sentle,
    foreign.openeo,
    foreign.worldcereal,
    foreign.earth_engine_xee,
    foreign.hls_s30,
]


def write(path: Path, data: xr.Dataset) -> Path:
    if path.suffix == ".zarr":
        data.to_zarr(path, zarr_format=2, consolidated=True)
    else:
        data.to_netcdf(path, engine="netcdf4")
    return path


@pytest.fixture
def own(tmp_path: Path) -> Cube:
    return read_cube(write(tmp_path / "own.nc", foreign.ours()))


@pytest.mark.parametrize("ending", [".nc", ".zarr"])
@pytest.mark.parametrize("made", SAME_BANDS, ids=lambda made: made.__name__)
def test_a_layout_gives_the_pixels_of_our_own(
    made: Callable[[], xr.Dataset], ending: str, own: Cube, tmp_path: Path
) -> None:
    path = write(tmp_path / f"cube{ending}", made())
    cube = read_cube(path)
    assert cube.window == own.window
    assert list(cube.data.data_vars) == list(own.data.data_vars)
    for band in foreign.BANDS:
        np.testing.assert_allclose(cube.data[band].values, own.data[band].values, atol=1e-6, err_msg=band)
    assert open_cube(path).summary.remarks == ()


def test_hls_of_landsat_gives_the_bands_that_it_has(own: Cube, tmp_path: Path) -> None:
    cube = read_cube(write(tmp_path / "cube.nc", foreign.hls_l30()))
    assert list(cube.data.data_vars) == ["B02", "B03", "B04", "B8A", "B11", "B12"]
    for band in cube.data.data_vars:
        np.testing.assert_allclose(cube.data[band].values, own.data[band].values, atol=1e-6)


def test_bands_that_are_numbered_are_named_by_an_attribute(own: Cube, tmp_path: Path) -> None:
    file = open_cube(write(tmp_path / "cube.zarr", foreign.qgis_stack()))
    assert file.bands == own.optical
    assert file.summary.remarks == ("No cloud mask was found: every observation is taken as clear.",)


def test_bands_that_are_only_numbered_are_named_by_the_user(tmp_path: Path) -> None:
    data = foreign.qgis_stack()
    data["band_data"].attrs.clear()
    path = write(tmp_path / "cube.zarr", data)
    with pytest.raises(InvalidCube, match="has only 1, 2, 3"):
        read_cube(path)
    file = open_cube(path, read_as=ReadAs(bands={"B04": "3", "B08": "7"}))
    assert dict(file.layout.variables) == {"B04": "3", "B08": "7"}
    assert file.summary.remarks[0].startswith("Not used, as their meaning is not known: 1, 2, 4")


@pytest.mark.parametrize("made", [foreign.xcube, foreign.green_earth_net])
def test_a_cube_in_degrees_is_resampled_to_utm_and_says_so(made: Callable[[], xr.Dataset], tmp_path: Path) -> None:
    path = write(tmp_path / "cube.nc", made())
    cube, summary = read_cube(path), open_cube(path).summary
    assert cube.window.crs == "EPSG:32633"
    assert cube.window.resolution_m == 10
    assert summary.remarks == ("Its pixels are in degrees; they were resampled to 10 m in EPSG:32633.",)
    stored = foreign.dn()["B08"] / 1e4
    seen = cube.data["B08"].values
    assert np.nanmin(seen) >= stored.min() - 1e-6
    assert np.nanmax(seen) <= stored.max() + 1e-6
    np.testing.assert_allclose(np.nanmedian(seen[1]), np.median(stored[1]), atol=0.002)
    assert np.isnan(seen[0]).sum() > np.isnan(seen[1]).sum()


def test_an_eopf_product_is_one_date_with_coarse_bands_resampled(tmp_path: Path) -> None:
    path = tmp_path / "S2A_MSIL2A_20210406T100031.zarr"
    foreign.write_eopf(path)
    file = open_cube(path)
    cube = read_cube(path)
    assert str(cube.data["time"].values[0])[:10] == "2021-04-06"
    np.testing.assert_allclose(cube.data["B04"].values[0], foreign.dn()["B04"][1] / 1e4, atol=1e-6)
    np.testing.assert_allclose(
        cube.data["B8A"].values[0, 4:8, 4:8].mean(), foreign.dn()["B8A"][1, 4:8, 4:8].mean() / 1e4, atol=2e-3
    )
    assert any(line.startswith("resampled from coarser pixels") for line in file.summary.taken)


def test_a_composite_without_dates_takes_the_date_that_is_given(tmp_path: Path) -> None:
    path = write(tmp_path / "composite.nc", foreign.ours().isel(time=1, drop=True))
    with pytest.raises(InvalidCube, match="--date-from 2021-06-30"):
        read_cube(path)
    assert str(read_cube(path, read_as=ReadAs(date_from="2021-05-04")).data["time"].values[0])[:10] == "2021-05-04"


def test_a_date_that_stands_beside_the_pixels_is_used(tmp_path: Path) -> None:
    cube = read_cube(write(tmp_path / "one.nc", foreign.ours().isel(time=1)))
    assert str(cube.data["time"].values[0])[:10] == "2021-04-06"


def test_columns_stored_from_the_east_are_turned_round(own: Cube, tmp_path: Path) -> None:
    cube = read_cube(write(tmp_path / "turned.nc", foreign.ours().isel(x=slice(None, None, -1))))
    assert cube.window == own.window
    xr.testing.assert_equal(cube.data, own.data)


def test_rotated_pixels_are_refused(tmp_path: Path) -> None:
    data = foreign.ours().drop_vars(["y", "x"])
    data["spatial_ref"].attrs["GeoTransform"] = "430000 8.66 5.0 5300000 5.0 -8.66"
    with pytest.raises(InvalidCube, match="rotated"):
        read_cube(write(tmp_path / "rotated.nc", data))


@pytest.mark.parametrize("is_counted", [True, False])
def test_pixels_that_are_only_counted_are_placed_by_the_geotransform(
    is_counted: bool, own: Cube, tmp_path: Path
) -> None:
    data = foreign.ours().drop_vars(["y", "x"])
    if is_counted:
        data = data.assign_coords(y=np.arange(foreign.ROWS), x=np.arange(foreign.COLUMNS))
    assert read_cube(write(tmp_path / "counted.nc", data)).window == own.window


def test_a_part_of_a_cube_is_placed_by_its_coordinates_not_by_the_old_geotransform(own: Cube, tmp_path: Path) -> None:
    part = read_cube(write(tmp_path / "part.nc", foreign.ours().isel(y=slice(3, 9), x=slice(2, 7))))
    assert part.window.offset_in(own.window) == (3, 2)
    np.testing.assert_array_equal(part.data["B04"].values[1], own.data["B04"].values[1, 3:9, 2:7])


@pytest.mark.parametrize("axes", [("y20", "x20"), ("y_20m", "x_20m")])
@pytest.mark.parametrize("has_coordinates", [True, False])
def test_a_mask_of_coarser_pixels_is_used_with_its_coordinates_or_without(
    axes: tuple[str, str], has_coordinates: bool, tmp_path: Path
) -> None:
    every = slice(None, None, 2)
    mask = xr.DataArray(foreign.coded(4, 9)[:, every, every], dims=("time", *axes))
    if has_coordinates:
        edges = foreign.coordinates()
        mask = mask.assign_coords({axes[0]: edges["y"][every] - 5, axes[1]: edges["x"][every] + 5})
    data = foreign.ours().drop_vars("SCL").assign(SCL=mask)
    path = write(tmp_path / "cube.nc", data)
    hidden = np.isnan(read_cube(path).data["B04"].values)
    assert hidden[0, :8, :6].all()
    assert not hidden[:, 13:, 13:].any()
    assert open_cube(path).summary.remarks == ()


def test_a_mask_without_dates_is_mentioned(tmp_path: Path) -> None:
    flat = (("y", "x"), foreign.coded(0, 1)[0])
    file = open_cube(write(tmp_path / "cube.nc", foreign.ours().drop_vars("SCL").assign(cloud_mask=flat)))
    assert file.summary.remarks[0] == "'cloud_mask' was not used as a cloud mask, as it has no dates."


def test_dates_without_a_mask_are_counted(tmp_path: Path) -> None:
    scenes = foreign.ours()["SCL"].isel(time=slice(None, None, 2)).rename(time="time_scl")
    file = open_cube(write(tmp_path / "cube.nc", foreign.ours().drop_vars("SCL").assign(SCL=scenes)))
    assert file.summary.remarks == ("7 of 14 dates have no mask ('SCL') and are read as not clear.",)


@pytest.mark.parametrize("has_transform", [True, False])
def test_corners_of_stackstac_are_placed_as_corners(has_transform: bool, own: Cube, tmp_path: Path) -> None:
    data = foreign.stackstac()
    data = data.assign_coords(x=data["x"].values - 5, y=data["y"].values + 5)
    if has_transform:
        text = f"| 10.00, 0.00, {foreign.WEST}|\n| 0.00,-10.00, {foreign.NORTH}|\n| 0.00, 0.00, 1.00|"
        data["stackstac-0123"].attrs["transform"] = text
    assert read_cube(write(tmp_path / "cube.zarr", data)).window == own.window


def test_coordinates_in_kilometres_are_metres_times_a_thousand(own: Cube, tmp_path: Path) -> None:
    data = foreign.ours()
    for axis in ("x", "y"):
        data = data.assign_coords({axis: (axis, data[axis].values / 1000, {"units": "km"})})
    found = read_cube(write(tmp_path / "cube.nc", data)).window
    np.testing.assert_allclose(found.transform[:6], own.window.transform[:6], atol=1e-6)
