"""Layout of cube files: bands, dates, pixels, reference system."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from core.errors import InvalidCube, MissingBand
from core.source import ReadAs
from ingest.cubes.layout import Layout, read_layout
from ingest.cubes.read import read_cube
from tests.ingest.cubes.cube_files import (
    COLUMNS,
    NORTH,
    ROWS,
    WEST,
    cube_dataset,
    stack,
    write_cube,
)


@pytest.mark.parametrize(
    ("left_out", "named"), [("B04", r"B04 \(red\)"), ("B08", "B08 or B8A"), ("both", r"B04 \(red\) and B08 or B8A")]
)
def test_a_cube_without_red_or_near_infrared_is_refused_by_name(tmp_path: Path, left_out: str, named: str) -> None:
    gone = {b: None for b in ("B04", "B08") if left_out in (b, "both")}
    with pytest.raises(MissingBand, match=named):
        read_cube(write_cube(tmp_path / "a.nc", cube_dataset(B11=stack(0.2), **gone)))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda d: d.drop_vars("crs"), "no coordinate reference system"),
        (lambda d: d.assign(crs=((), 0, {"crs_wkt": "nonsense"})), "not understood"),
        (lambda d: d.assign(crs=((), 0, {"epsg": 4326})), "called degrees, and are none"),
        (lambda d: d.assign(crs=((), 0, {"epsg": 2236})), "US survey foot"),
        (lambda d: d.rename(y="up"), "no rows and columns .* only the dimensions"),
        (lambda d: d.isel(time=[]), "no date"),
        (lambda d: d.isel(x=[]), "no pixels"),
        (lambda d: d.drop_vars("x"), "no coordinates and no GeoTransform"),
        (lambda d: d.drop_vars("time"), "no dated time axis"),
        (lambda d: d.assign_coords(time=[1.0, 2.0, 3.0]), "dates"),
        (lambda d: d.isel(x=[0, 1, 2, 5]), "not evenly spaced"),
    ],
)
def test_a_cube_without_place_or_dates_is_refused(tmp_path: Path, change: object, reason: str) -> None:
    assert callable(change)
    with pytest.raises(InvalidCube, match=reason):
        read_cube(write_cube(tmp_path / "a.nc", change(cube_dataset())))


def test_the_window_has_the_files_corner_and_pixels(tmp_path: Path) -> None:
    window = read_cube(write_cube(tmp_path / "a.nc")).window
    assert window.crs == "EPSG:32632"
    assert window.bounds == (WEST, NORTH - 10 * ROWS, WEST + 10 * COLUMNS, NORTH)


def layout_of(data: xr.Dataset) -> Layout:
    return read_layout("a.nc", data)[0]


def test_a_layout_names_bands_dates_and_pixels_of_a_file() -> None:
    layout = layout_of(cube_dataset(SCL=np.full((3, ROWS, COLUMNS), 4, np.uint8)))
    assert dict(layout.variables) == {"B04": "B04", "B08": "B08"}
    assert layout.mask is not None
    assert (layout.nir, layout.mask.name, layout.has_index_only) == ("B08", "SCL", False)
    assert layout.time_dims["B04"] == layout.time_dims["SCL"] == "time"
    assert len(layout.days["time"]) == 3
    assert layout.window.shape_yx == (ROWS, COLUMNS)
    assert not layout.lattices["B04"].is_south_up
    assert layout.remarks == ()


def test_other_names_of_bands_are_known_and_our_own_goes_first() -> None:
    renamed = cube_dataset().rename(B04="B4", B08="B8")
    assert dict(layout_of(renamed).variables) == {"B04": "B4", "B08": "B8"}
    both = cube_dataset(B4=stack(0.2))
    assert layout_of(both).variables["B04"] == "B04"


def test_bands_of_landsat_are_refused_and_can_be_stated() -> None:
    data = cube_dataset().rename(B04="B4", B08="B8").assign_attrs(platform="landsat-8")
    with pytest.raises(InvalidCube, match="those of Landsat, and the models know Sentinel-2's"):
        layout_of(data)
    stated = read_layout("a.nc", data, ReadAs(bands={"B04": "B4", "B08": "B8"}))[0]
    assert dict(stated.variables) == {"B04": "B4", "B08": "B8"}


def test_level_1c_is_mentioned() -> None:
    assert "top of the atmosphere" in layout_of(cube_dataset().assign_attrs(title="S2 MSI Level-1C")).remarks[0]


def test_flags_of_a_mask_go_before_the_usual_meaning_of_its_name() -> None:
    flags = {"flag_values": np.array([0, 1], np.int8), "flag_meanings": "cloud clear"}
    data = cube_dataset(cloud_mask=(("time", "y", "x"), np.zeros((3, ROWS, COLUMNS), np.int8), flags))
    mask = layout_of(data).mask
    assert mask is not None
    assert mask.codes(np.array([0, 1])).tolist() == [1, 0]


def test_an_entry_without_a_date_is_left_out_and_mentioned() -> None:
    times = [np.datetime64("2021-04-01"), np.datetime64("NaT"), np.datetime64("2021-04-11")]
    layout = layout_of(cube_dataset().assign_coords(time=np.array(times, "datetime64[ns]")))
    assert len(layout.days["time"]) == 2
    assert layout.remarks == ("1 of 3 entries of 'time' have no date and were left out.",)


@pytest.mark.parametrize(
    "times",
    [
        ["2021-04-01", "2021-04-06", "2021-04-11"],
        [20210401, 20210406, 20210411],
        ["2021-04-01T10:31:00Z", "20210406T102900", "2021-04-11 10:31"],
    ],
    ids=["texts", "numbers", "times"],
)
def test_dates_are_read_however_they_are_written(times: list[object]) -> None:
    assert layout_of(cube_dataset().assign_coords(time=times)).days["time"].tolist() == [18718, 18723, 18728]
