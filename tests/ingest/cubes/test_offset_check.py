"""Offsets of reflectance in cube files."""

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from core.errors import InvalidCube
from core.source import ReadAs
from ingest.cubes.offset_check import check_offset
from ingest.cubes.read import open_cube, read_cube
from tests.ingest.cubes import foreign
from tests.ingest.cubes.test_foreign import write

LATER = 7
"""First of the 14 dates with an offset, where only some have one."""


def with_offset(dates: slice = slice(None), **attrs: Any) -> xr.Dataset:
    """Return our cube with 1000 added to the numbers of some dates."""
    data = foreign.ours()
    for band in foreign.BANDS:
        values = data[band].values.copy()
        values[dates] += 1000
        data[band] = (data[band].dims, values, attrs)
    return data


def red(path: Path, **stated: Any) -> np.ndarray:
    return np.asarray(read_cube(path, read_as=ReadAs(**stated)).data["B04"].values)


@pytest.fixture
def truth(tmp_path: Path) -> np.ndarray:
    return red(write(tmp_path / "own.nc", foreign.ours()))


def test_an_offset_that_was_left_in_is_refused_and_can_be_settled(truth: np.ndarray, tmp_path: Path) -> None:
    path = write(tmp_path / "cube.nc", with_offset())
    with pytest.raises(
        InvalidCube, match=r"reflect 0\.1\d, so the offset of \+1000 .* give --offset -1000 to subtract"
    ):
        read_cube(path)
    np.testing.assert_allclose(red(path, offset=-1000), truth, atol=1e-6)
    np.testing.assert_allclose(red(path, offset=0), truth + 0.1, atol=1e-6)


def test_an_offset_of_reflectances_is_refused_like_one_of_numbers(truth: np.ndarray, tmp_path: Path) -> None:
    data = with_offset()
    path = write(tmp_path / "cube.nc", data.assign({b: data[b] / np.float32(1e4) for b in foreign.BANDS}))
    with pytest.raises(InvalidCube, match="--offset -1000"):
        read_cube(path)
    np.testing.assert_allclose(red(path, offset=-1000), truth, atol=1e-6)


def test_an_offset_of_the_later_dates_names_the_first_of_them(truth: np.ndarray, tmp_path: Path) -> None:
    path = write(tmp_path / "cube.nc", with_offset(slice(LATER, None)))
    first = foreign.DATES[LATER].date()
    with pytest.raises(InvalidCube, match=f"--offset -1000@{first} to subtract"):
        read_cube(path)
    np.testing.assert_allclose(red(path, offset=-1000, offset_from=first), truth, atol=1e-6)


@pytest.mark.parametrize(
    "attrs",
    [
        {"scale_factor": 1e-4, "add_offset": -0.1},
        {"scale": 1e-4, "offset": -0.1},
        {"raster:scale": 1e-4, "raster:offset": -0.1},
        {"scale_factor": 1e-4, "add_offset": -1000.0},
    ],
    ids=["CF", "STAC", "raster extension", "in numbers"],
)
def test_a_stated_offset_is_subtracted(attrs: dict[str, float], truth: np.ndarray, tmp_path: Path) -> None:
    np.testing.assert_allclose(red(write(tmp_path / "cube.nc", with_offset(**attrs))), truth, atol=1e-6)


@pytest.mark.parametrize("size", [None, 6])
def test_a_stated_offset_that_had_been_applied_is_refused_whatever_the_size(
    size: int | None, truth: np.ndarray, tmp_path: Path
) -> None:
    data = foreign.ours().isel(y=slice(0, size), x=slice(0, size))
    for band in foreign.BANDS:
        data[band].attrs |= {"scale_factor": 1e-4, "add_offset": -0.1}
    path = write(tmp_path / "cube.nc", data)
    with pytest.raises(InvalidCube, match=r"stated offset of -0\.1 .* applied before; give --offset 0"):
        read_cube(path)
    np.testing.assert_allclose(red(path, offset=0), truth[:, :size, :size], atol=1e-6)


def test_reflectances_far_below_zero_are_refused(truth: np.ndarray, tmp_path: Path) -> None:
    data = foreign.ours()
    path = write(tmp_path / "cube.nc", data.assign({b: data[b] / np.float32(1e4) - 0.1 for b in foreign.BANDS}))
    with pytest.raises(InvalidCube, match=r"subtracted twice .* give --offset 1000"):
        read_cube(path)
    np.testing.assert_allclose(red(path, offset=1000), truth, atol=1e-6)


def test_an_offset_on_few_dates_is_mentioned(tmp_path: Path) -> None:
    path = write(tmp_path / "cube.nc", with_offset().isel(time=slice(3)))
    assert "may be left in (--offset -1000)" in open_cube(path).summary.remarks[0]


def test_a_small_window_is_judged_by_what_is_around_it(tmp_path: Path) -> None:
    path = write(tmp_path / "cube.nc", with_offset())
    with pytest.raises(InvalidCube, match="--offset -1000"):
        open_cube(path).read(("B04", "B08"), (slice(4, 6), slice(4, 6)))


def test_one_bright_roof_is_no_offset_where_the_land_around_it_is_dark(tmp_path: Path) -> None:
    data = foreign.ours()
    for band in ("B02", "B03", "B04"):
        data[band].values[:, 4:6, 4:6] += 1000
    found = open_cube(write(tmp_path / "cube.nc", data)).read(("B02", "B04", "B08"), (slice(4, 6), slice(4, 6)))
    assert np.isfinite(found["B04"].values[1]).all()


def test_what_the_user_states_is_not_checked() -> None:
    bright = {"B02": np.full((9, 4, 4), 0.12, np.float32)}
    days = np.arange(9, dtype=np.int32)
    assert check_offset("a.nc", days, bright, stated=0.0, read_as=ReadAs(offset=0)) == ""
    with pytest.raises(InvalidCube, match="--offset -1000 "):
        check_offset("a.nc", days, bright, stated=0.0, read_as=ReadAs())
    assert ReadAs(offset=-1000, offset_from=date(2022, 1, 25)).key() != ReadAs(offset=-1000).key() != ReadAs().key()
