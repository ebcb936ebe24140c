"""The picture of an input: which dates it shows, and its colours."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from core.bands import CHANNELS, channel
from core.cube import Series
from outputs.plots.input import (
    MOST_SERIES,
    Shot,
    choose_shots,
    has_light,
    often_seen,
    write_input_picture,
    write_table_picture,
)
from tests.outputs.plots.test_cube import coloured

DAYS = np.array([10, 20, 30, 40], np.int32)


def one_date() -> Shot:
    given = coloured()
    first = replace(given, data=given.data.isel(time=slice(0, 1)))
    masked = replace(first, data=first.data.copy(deep=True))
    masked.data["B04"][0, :5] = np.nan
    return Shot(masked=masked, bare=first)


@pytest.mark.parametrize(
    ("clear", "days"),
    [((0.1, 0.9, 0.5, 0.0), [20, 30]), ((0.6, 0.2, 0.1, 1.0), [10, 40]), ((0.0, 0.0, 0.0, 0.0), [10, 20])],
)
def test_the_clearest_date_and_one_that_is_partly_clear_are_shown(clear: tuple[float, ...], days: list[int]) -> None:
    assert choose_shots(DAYS, np.array(clear)) == days


def test_one_date_is_shown_once_and_none_not_at_all() -> None:
    assert choose_shots(DAYS[:1], np.array([0.3])) == [10]
    assert choose_shots(DAYS[:0], np.zeros(0)) == []


def test_a_cube_without_dates_or_bands_of_ndvi_has_no_light() -> None:
    given = one_date().bare
    assert has_light(given)
    assert not has_light(replace(given, data=given.data[["B04"]]))
    assert not has_light(replace(given, data=xr.Dataset()))


@pytest.mark.parametrize("is_index", [False, True])
def test_a_picture_is_drawn_of_bands_and_of_ndvi_alone(tmp_path: Path, is_index: bool) -> None:
    shot = one_date()
    if is_index:
        parts = [
            replace(c, data=xr.Dataset({"NDVI": (("time", "y", "x"), c.ndvi())}, {"time": c.data["time"]}))
            for c in (shot.masked, shot.bare)
        ]
        shot = Shot(masked=parts[0], bare=parts[1])
    write_input_picture([shot], DAYS, np.array([0.1, 0.9, 0.5, 0.0]), "A long title " * 20, tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size > 10_000


def test_an_input_of_which_nothing_could_be_read_has_a_picture_of_its_dates(tmp_path: Path) -> None:
    write_input_picture([], DAYS, np.zeros(4), "Nothing", tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size > 5_000


def table(counts: list[int]) -> Series:
    values = np.full((len(counts), 6, len(CHANNELS)), np.nan, np.float32)
    for row, count in enumerate(counts):
        values[row, :count, channel("NDVI")] = 0.5
    days = np.tile(np.arange(6, dtype=np.int32) * 10, (len(counts), 1))
    return Series(ids=np.arange(len(counts)).astype(str), days=days, values=values)


def test_series_that_are_often_seen_are_drawn() -> None:
    chosen = often_seen(table([1, 6, 5, 0, 6, 6, 6, 1, 1, 0]))
    assert chosen == sorted(chosen)
    assert len(chosen) == MOST_SERIES
    assert set(chosen) <= {1, 2, 4, 5, 6}
    assert often_seen(table([0, 3])) == [1]


def test_a_table_is_drawn(tmp_path: Path) -> None:
    write_table_picture(table([4, 6, 2]), "t.csv", tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size > 5_000
