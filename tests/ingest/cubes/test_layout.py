"""Layout of cube files: bands, dates, pixels, reference system."""

from pathlib import Path

import numpy as np
import pytest

from core.errors import InvalidCube, MissingBand
from ingest.cubes.layout import find_layout
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
        (lambda d: d.assign(crs=((), 0, {"epsg": 4326})), "degrees"),
        (lambda d: d.rename(y="northing"), "no dimensions y and x"),
        (lambda d: d.isel(time=[]), "no date"),
        (lambda d: d.isel(x=[]), "no pixels"),
        (lambda d: d.drop_vars("x"), "no coordinates"),
        (lambda d: d.drop_vars("time"), "no dated time axis"),
        (lambda d: d.assign_coords(time=[1.0, 2.0, 3.0]), "dates"),
        (lambda d: d.isel(x=[0, 1, 2, 5]), "not evenly spaced"),
        (lambda d: d.isel(x=slice(None, None, -1)), "east to west"),
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


def test_a_layout_names_bands_dates_and_pixels_of_a_file() -> None:
    data = cube_dataset(SCL=np.full((3, ROWS, COLUMNS), 4, np.uint8))
    layout = find_layout("a.nc", data)
    assert dict(layout.variables) == {"B04": "B04", "B08": "B08"}
    assert (layout.nir, layout.clear_variable, layout.has_index_only) == ("B08", "SCL", False)
    assert layout.time_dims["B04"] == layout.time_dims["SCL"] == "time"
    assert len(layout.days["time"]) == 3
    assert layout.window.shape_yx == (ROWS, COLUMNS)
    assert not layout.is_south_up


def test_other_names_of_bands_are_known_and_our_own_goes_first() -> None:
    renamed = cube_dataset().rename(B04="B4", B08="B8")
    assert dict(find_layout("a.nc", renamed).variables) == {"B04": "B4", "B08": "B8"}
    both = cube_dataset(B4=stack(0.2))
    assert find_layout("a.nc", both).variables["B04"] == "B04"
