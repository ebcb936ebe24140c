"""The picture of a cube: which dates and pixels it shows, and its colours."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.cube import Cube
from core.errors import MissingBand
from outputs.plots.cube import FRAMES, choose_dates, spread_pixels, true_colour, write_cube_picture
from tests.outputs.test_observation_cube import cube


def coloured() -> Cube:
    given = cube()
    return replace(given, data=given.data.assign(B02=given.data["B04"] * 0.5, B03=given.data["B04"]))


def test_a_cube_is_drawn_with_its_mask_and_series(tmp_path: Path) -> None:
    drawn = coloured()
    assert choose_dates(drawn) == [0, 1, 2]
    pixels = spread_pixels(drawn)
    assert set(pixels) == {"lowest mean NDVI", "median mean NDVI", "highest mean NDVI"}
    write_cube_picture(drawn, {}, pixels, "A simulated cube", tmp_path / "cube.png")
    assert (tmp_path / "cube.png").stat().st_size > 10_000


def test_a_long_cube_shows_as_many_dates_as_there_are_frames() -> None:
    given = coloured()
    many = replace(given, data=given.data.isel(time=np.arange(40) % given.data.sizes["time"]))
    chosen = choose_dates(many)
    assert len(chosen) == FRAMES
    assert chosen == sorted(chosen)


def test_true_colour_is_red_green_blue_and_grey_where_unseen() -> None:
    given = coloured()
    given.data["B04"][0, 0, 0] = 0.3
    given.data["B02"][0, 0, 0] = 0.0
    given.data["B03"][0, 0, 1] = np.nan
    found = true_colour(given, 0)
    assert found[0, 0, 0] == 1.0
    assert found[0, 0, 2] == 0.0
    assert found[0, 1, 1] == pytest.approx(0.8)


def test_the_pixels_chosen_rise_in_mean_ndvi() -> None:
    given = coloured()
    ndvi = np.nanmean(given.ndvi(), axis=0)
    low, middle, high = (ndvi[at] for at in spread_pixels(given).values())
    assert low < middle < high


def test_a_cube_without_blue_cannot_be_drawn(tmp_path: Path) -> None:
    with pytest.raises(MissingBand, match="B02"):
        write_cube_picture(cube(), {}, {}, "x", tmp_path / "cube.png")
