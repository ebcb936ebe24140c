"""Cubes built from an archive."""

import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st

from core.grid import Window
from core.timeline import Period
from ingest.build.cube import build_cube
from tests.conftest import ROOT
from tests.ingest.fake_archive import APRIL, EXTENT, FakeArchive

ALL = ("B04", "B08", "VV", "temperature_2m")
PERIOD = APRIL
LIMIT_GIB = 1.5


def test_each_sensor_has_its_own_dates() -> None:
    cube = build_cube(FakeArchive(), EXTENT, PERIOD, ALL)
    assert {k: v for k, v in cube.data.sizes.items() if k.startswith("time")} == {
        "time": 3,
        "time_s1": 2,
        "time_weather": 1,
    }
    assert float(cube.data["temperature_2m"][0]) == 281.5
    assert cube.is_simulated
    assert cube.archive == "fake"


def test_scenes_of_one_day_are_merged_and_the_first_clear_value_counts() -> None:
    red = build_cube(FakeArchive(), EXTENT, PERIOD, ALL).data["B04"].values
    first, again = (float(v) for v in (red[1, 0, 1], red[1, 0, 0]))
    assert again - first == pytest.approx(0.6 - 1e-4, abs=1e-5)


def test_a_failed_read_is_recorded_and_the_others_are_kept() -> None:
    archive = FakeArchive(failing=frozenset({"a"}))
    cube = build_cube(archive, EXTENT, PERIOD, ALL)
    assert [(s.scene_id, "the disk is gone" in s.failure) for s in cube.failures] == [("a", True)]
    assert len(cube.scenes) == 7
    assert cube.data.sizes["time"] == 2


def test_bands_the_archive_lacks_are_left_out() -> None:
    cube = build_cube(FakeArchive(), EXTENT, PERIOD, ("B04", "B08", "B11", "VH"))
    assert set(cube.data.data_vars) == {"B04", "B08"}
    assert {s.scene_id for s in cube.scenes} == {"a", "b", "b-again", "c"}


def test_b8a_is_read_where_b08_does_not_exist() -> None:
    archive = FakeArchive(bands=("B04", "B8A"))
    assert set(build_cube(archive, EXTENT, PERIOD, ("B04", "B08")).data.data_vars) == {"B04", "B8A"}


def test_ndvi_is_read_where_it_is_all_there_is() -> None:
    assert set(build_cube(FakeArchive(bands=("NDVI",)), EXTENT, PERIOD, ("B04", "B08")).data.data_vars) == {"NDVI"}


def test_only_scenes_of_the_period_are_read() -> None:
    archive = FakeArchive()
    build_cube(archive, EXTENT, Period(start=date(2021, 4, 2), end=date(2021, 4, 11)), ALL)
    assert sorted(archive.reads) == ["b", "b-again", "r1"]


def test_a_period_without_scenes_gives_an_empty_cube() -> None:
    cube = build_cube(FakeArchive(), EXTENT, Period(start=date(2019, 1, 1), end=date(2019, 2, 1)), ALL)
    assert not cube.data.data_vars
    assert cube.scenes == ()


def test_pixels_outside_the_archive_are_unseen() -> None:
    east = replace(EXTENT, transform=Affine(10, 0, 600_500, 0, -10, 5_600_400))
    red = build_cube(FakeArchive(), east, PERIOD, ALL).data["B04"].values
    assert np.isfinite(red[0, :, :10]).all()
    assert np.isnan(red[0, :, 10:]).all()


@settings(max_examples=20)
@given(row=st.integers(-5, 35), column=st.integers(-5, 55), rows=st.integers(1, 20), columns=st.integers(1, 20))
def test_neighbouring_windows_agree_on_common_pixels(row: int, column: int, rows: int, columns: int) -> None:
    whole = build_cube(FakeArchive(), EXTENT, PERIOD, ("B04",)).data["B04"].values
    moved = Affine(10, 0, 600_000 + 10 * column, 0, -10, 5_600_400 - 10 * row)
    window = Window(crs=EXTENT.crs, transform=moved, shape_yx=(rows, columns))
    part = build_cube(FakeArchive(), window, PERIOD, ("B04",)).data["B04"].values
    padded = np.pad(whole, ((0, 0), (30, 30), (30, 30)), constant_values=np.nan)
    expected = padded[:, 30 + row : 30 + row + rows, 30 + column : 30 + column + columns]
    np.testing.assert_allclose(part, expected, atol=1e-6)


@pytest.mark.slow
def test_a_tile_year_of_150_dates_takes_less_than_one_and_a_half_gib(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.ingest.large_archive", str(tmp_path), "150"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < LIMIT_GIB
