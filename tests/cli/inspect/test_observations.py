"""What was seen of an input: shares, months, bands, and the sample where it is large."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st

from cli.inspect import observations
from cli.inspect.observations import (
    SAMPLE_DATES,
    Seen,
    band_groups,
    look_at_archive,
    look_at_cube,
    look_at_series,
    sample_window,
    spread,
    whole_window,
)
from core.bands import CHANNELS, channel
from core.cube import Series
from core.grid import Window
from core.timeline import Period, to_day
from ingest.build.reader import Reader
from ingest.cubes.read import open_cube
from tests.cli.cubes import write_cube
from tests.ingest.fake_archive import FakeArchive


def days(*texts: str) -> np.ndarray:
    return np.array([to_day(date.fromisoformat(t)) for t in texts], np.int32)


def seen(clear: tuple[float, ...], *texts: str) -> Seen:
    return Seen(days=days(*texts), looked_at=days(*texts), clear=np.array(clear), basis="all pixels")


def test_dates_and_clear_months_are_counted_by_year() -> None:
    found = seen((0.5, 0.0, 1.0, 0.2), "2020-03-01", "2020-04-01", "2020-12-31", "2021-01-01").by_year()
    assert {year: (y.dates, y.clear_months) for year, y in found.items()} == {"2020": (3, [3, 12]), "2021": (1, [1])}


def test_a_period_is_clear_if_one_of_its_dates_is() -> None:
    found = seen((0.5, 0.0), "2020-03-01", "2020-04-01")
    assert found.is_clear_in(Period(start=date(2020, 1, 1), end=date(2020, 12, 31)))
    assert not found.is_clear_in(Period(start=date(2020, 3, 2), end=date(2020, 12, 31)))
    assert found.has_looked_at(Period(start=date(2020, 1, 1), end=date(2020, 12, 31)))
    part = Seen(days=found.days, looked_at=found.days[:1], clear=found.clear[:1], basis="1 of 2")
    assert not part.has_looked_at(Period(start=date(2020, 1, 1), end=date(2020, 12, 31)))


def test_bands_fall_into_groups_and_ndvi_alone_is_one() -> None:
    assert band_groups(("B04", "B08", "VV", "NDVI")) == {"10 m bands": ["B04", "B08"], "radar": ["VV"]}
    assert band_groups(("NDVI", "VV")) == {"radar": ["VV"], "NDVI only": ["NDVI"]}
    assert band_groups(()) == {}


@given(count=st.integers(0, 400), most=st.integers(2, 50))
def test_a_spread_holds_the_first_and_the_last_and_no_more_than_wanted(count: int, most: int) -> None:
    found = spread(np.arange(count, dtype=np.int32), most)
    assert len(found) == min(count, most)
    assert (np.diff(found) > 0).all()
    if count:
        assert (found[0], found[-1]) == (0, count - 1)


def test_a_small_cube_is_read_whole(tmp_path: Path) -> None:
    path = write_cube(tmp_path / "cube.nc", clear=0.6)
    look = look_at_cube(open_cube(path))
    with xr.open_dataset(path) as cube:
        expected = cube["clear"].mean(("y", "x")).values
    np.testing.assert_allclose(look.seen.clear, expected)
    assert look.seen.basis == "all pixels"


def test_of_a_large_cube_a_part_with_clear_pixels_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_cube(tmp_path / "cube.nc", dates=4, shape_yx=(60, 80), clear=1.0)
    with xr.open_dataset(path) as cube:
        cube.load()
    cube["clear"][:, 20:, 20:] = 0
    cube["clear"][1] = 0
    cube.to_netcdf(tmp_path / "hole.nc")
    monkeypatch.setattr(observations, "SAMPLE_VALUES", 4 * 20 * 20)
    look = look_at_cube(open_cube(tmp_path / "hole.nc"))
    assert look.seen.basis == "20 x 20 of 60 x 80 pixels"
    assert look.sample.shape_yx == (20, 20)
    assert look.seen.clear_share > 0
    assert look.seen.clear[1] == 0
    west, _, _, north = look.sample.window.bounds
    assert ((west - 500_000) / 10, (5_300_000 - north) / 10) == (10, 5)


def test_a_cube_without_a_clear_pixel_is_looked_at_in_its_middle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(observations, "SAMPLE_VALUES", 4 * 4 * 4)
    look = look_at_cube(open_cube(write_cube(tmp_path / "cube.nc", dates=4, shape_yx=(12, 10), clear=0.0)))
    assert look.seen.clear_share == 0.0
    assert look.sample.window.bounds[0] == 500_000 + 10 * 3


def test_of_an_archive_some_dates_of_a_place_in_its_middle_are_read() -> None:
    archive = FakeArchive(failing=frozenset({"c"}))
    look = look_at_archive(archive, Reader())
    assert len(look.seen.days) == 3
    assert look.seen.basis.startswith("3 of 3 dates of 40 x 60 pixels at ")
    assert [round(float(c), 2) for c in look.seen.clear] == [1.0, 1.0, 0.0]
    (failure,) = look.failures
    assert "Scene 'c' could not be read" in failure


def test_a_sample_window_lies_on_the_lattice_inside_the_archive() -> None:
    archive = FakeArchive()
    whole, part = whole_window(archive), sample_window(archive)
    row, column = part.offset_in(whole)
    assert part.crs == whole.crs
    assert row >= 0
    assert column >= 0
    assert part.shape_yx == whole.shape_yx
    assert SAMPLE_DATES >= 12


def test_a_large_archive_is_sampled_in_a_window_of_fixed_size() -> None:
    wide = Window(crs="EPSG:32632", transform=Affine(10, 0, 600_000, 0, -10, 5_600_400), shape_yx=(900, 700))
    part = sample_window(FakeArchive(footprint=wide.footprint_wgs84))
    assert part.shape_yx == (observations.SAMPLE_EDGE, observations.SAMPLE_EDGE)
    row, column = part.offset_in(wide)
    assert 0 <= row <= 900 - part.shape_yx[0]
    assert 0 <= column <= 700 - part.shape_yx[1]


def test_of_a_table_the_share_of_series_with_an_ndvi_is_what_is_clear() -> None:
    values = np.full((2, 3, len(CHANNELS)), np.nan, np.float32)
    values[..., channel("VV")] = -10.0
    values[0, :2, channel("NDVI")] = 0.5
    values[1, 0, channel("NDVI")] = 0.4
    values[1, 2] = np.nan
    dates = np.array([days("2020-01-01", "2020-02-01", "2020-03-01")] * 2)
    found = look_at_series(Series(ids=np.array(["a", "b"]), days=dates, values=values))
    assert found.clear.tolist() == [1.0, 0.5, 0.0]
    assert len(found.days) == 3
