"""Rows and columns of a cube file."""

import numpy as np
import pytest
import xarray as xr
from affine import Affine

from core.grid import Window
from ingest.cubes.pixels import WHOLE, cut_window, middle, stored_pixels, whole, widened, window_slices
from ingest.cubes.place import Lattice

WINDOW = Window(crs="EPSG:32633", transform=Affine(10, 0, 500_000, 0, -10, 5_300_000), shape_yx=(6, 9))


def test_a_part_is_found_again_in_its_window_and_cut_to_it() -> None:
    part = cut_window(WINDOW, (slice(1, 4), slice(2, 9)))
    assert window_slices(WINDOW, part) == (slice(1, 4), slice(2, 9))
    beyond = Window(crs=WINDOW.crs, transform=Affine(10, 0, 499_980, 0, -10, 5_300_010), shape_yx=(20, 20))
    assert window_slices(WINDOW, beyond) == (slice(0, 6), slice(0, 9))


def test_a_margin_ends_at_the_border() -> None:
    wide, inner = widened((slice(1, 3), slice(5, 9)), 2, (6, 9))
    assert wide == (slice(0, 5), slice(3, 9))
    assert inner == (slice(1, 3), slice(2, 6))
    assert whole(WHOLE, WINDOW) == (slice(0, 6), slice(0, 9))


@pytest.mark.parametrize("is_south_up", [False, True])
@pytest.mark.parametrize("is_east_first", [False, True])
def test_pixels_come_from_the_north_west_however_they_are_stored(is_south_up: bool, is_east_first: bool) -> None:
    upright = np.arange(2 * 6 * 9).reshape(2, 6, 9)
    stored = upright[:, :: -1 if is_south_up else 1, :: -1 if is_east_first else 1]
    lattice = Lattice(
        crs=WINDOW.crs,
        transform=WINDOW.transform,
        shape_yx=(6, 9),
        is_south_up=is_south_up,
        is_east_first=is_east_first,
    )
    variable = xr.DataArray(stored, dims=("time", "y", "x")).transpose("x", "time", "y")
    found = stored_pixels(variable, lattice, slice(1, 4), slice(2, 5))
    np.testing.assert_array_equal(found, upright[:, 1:4, 2:5])


def test_weather_is_taken_from_the_middle() -> None:
    variable = xr.DataArray(np.arange(2 * 3 * 3).reshape(2, 3, 3), dims=("t", "y", "x"))
    assert middle(variable).tolist() == [4, 13]
    assert middle(variable[:, 0, 0]).tolist() == [0, 9]
