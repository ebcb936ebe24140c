"""Sources: a table, a cube file and a region of an archive with the same observations."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from core.bands import channel
from core.cube import Cube, Series
from core.errors import InvalidCube, InvalidOption, InvalidTable, RegionOutsideArchive, UnknownArchive
from core.settings import Settings
from core.timeline import Period
from ingest import source as source_module
from ingest.source import CubeSource, RegionSource, TableSource, cube_blocks, open_source
from tests.cli.cubes import SHAPE_YX, square, write_cube, write_series

BANDS = ("B04", "B08")
INSIDE = square(15.00033, 47.853, degrees=0.0003)
SUMMER = Period(start=date(2020, 6, 1), end=date(2020, 9, 30))


@pytest.fixture
def cube_file(tmp_path: Path) -> Path:
    return write_cube(tmp_path / "cube.nc", dates=40)


def region_of(cube_file: Path, settings: Settings, bands: tuple[str, ...] = BANDS) -> RegionSource:
    found = open_source(None, region=INSIDE, archive=str(cube_file), bands=bands, settings=settings)
    assert isinstance(found, RegionSource)
    return found


def joined(blocks: list[Series]) -> np.ndarray:
    return np.concatenate([block.values for block in blocks])


def test_an_input_is_opened_by_its_ending(cube_file: Path, tmp_path: Path, settings: Settings) -> None:
    table = open_source(write_series(tmp_path / "series.csv"), bands=BANDS, settings=settings)
    cube = open_source(cube_file, bands=BANDS, settings=settings)
    region = region_of(cube_file, settings)
    assert [(s.kind, s.name) for s in (table, cube, region)] == [
        ("table", "series.csv"),
        ("cube", "cube.nc"),
        ("region", "cube"),
    ]
    assert (table.shape_yx, cube.shape_yx) == (None, SHAPE_YX)
    assert region.shape_yx < SHAPE_YX


def test_a_table_has_the_period_of_all_its_series_and_ndvi_as_its_band(tmp_path: Path, settings: Settings) -> None:
    found = open_source(write_series(tmp_path / "series.csv", dates=30), bands=BANDS, settings=settings)
    times = pd.read_csv(tmp_path / "series.csv", parse_dates=["time"]).time
    assert (found.period.start, found.period.end) == (times.min().date(), times.max().date())
    assert found.bands == ("NDVI",)


def test_blocks_of_a_table_are_its_series_in_order_and_unseen_outside_the_period(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source_module, "BLOCK_SERIES", 2)
    found = open_source(write_series(tmp_path / "series.csv"), bands=BANDS, settings=settings)
    assert isinstance(found, TableSource)
    blocks = list(found.blocks(SUMMER))
    assert [block.ids.tolist() for block in blocks] == [["s0", "s1"], ["s2"]]
    seen = np.isfinite(joined(blocks)[..., channel("NDVI")])
    assert 0 < seen.sum() < np.isfinite(found.table.values[..., channel("NDVI")]).sum()
    assert seen.sum(axis=1).max() <= 13, "a date every ten days"


def test_blocks_of_a_cube_are_its_rows_from_north_to_south(cube_file: Path, settings: Settings) -> None:
    found = open_source(cube_file, bands=BANDS, settings=settings)
    assert isinstance(found, CubeSource)
    assert found.bands == BANDS
    cube = found.cube(SUMMER)
    assert cube.period.start >= SUMMER.start
    assert cube.period.end <= SUMMER.end
    whole = cube.series()
    np.testing.assert_array_equal(joined(list(found.blocks(SUMMER))), whole.values)


def test_blocks_have_whole_rows_however_wide_these_are(cube_file: Path, settings: Settings) -> None:
    pixels = np.arange(5 * 1500, dtype=np.float32).reshape(1, 5, 1500) / 7500
    data = xr.Dataset({"NDVI": (("time", "y", "x"), pixels)}, {"time": [np.datetime64("2021-05-04", "ns")]})
    window = replace(region_of(cube_file, settings).window, shape_yx=(5, 1500))
    blocks = list(cube_blocks(Cube(data=data, window=window, archive="wide")))
    assert [len(block) for block in blocks] == [1500] * 5
    np.testing.assert_array_equal(joined(blocks)[:, 0, channel("NDVI")], pixels.ravel())


def test_a_region_shows_the_pixels_of_the_polygon_as_the_file_has_them(cube_file: Path, settings: Settings) -> None:
    region, whole = region_of(cube_file, settings), open_source(cube_file, bands=BANDS, settings=settings)
    assert isinstance(whole, CubeSource)
    part, full = region.cube(SUMMER).data, whole.cube(SUMMER).data
    inside = region.window.mask(region.region)
    assert 0 < inside.sum()
    row, column = region.window.offset_in(whole.whole.window)
    same = full.B08.values[:, row : row + inside.shape[0], column : column + inside.shape[1]]
    clear = np.isfinite(full.B08.values).any(axis=(1, 2))
    np.testing.assert_allclose(part.B08.values[:, inside], same[clear][:, inside], atol=1e-6)
    assert region.cube(SUMMER) is region.cube(SUMMER), "the last cube is kept"


@pytest.mark.parametrize(
    ("region", "archive", "error"),
    [
        (INSIDE, "nowhere", UnknownArchive),
        (square(3.0, 50.0), None, RegionOutsideArchive),
    ],
)
def test_a_region_that_cannot_be_opened_is_refused(
    cube_file: Path, settings: Settings, region: dict[str, object], archive: str | None, error: type[Exception]
) -> None:
    with pytest.raises(error):
        open_source(None, region=region, archive=archive or str(cube_file), bands=BANDS, settings=settings)


@pytest.mark.parametrize(("name", "error"), [("text.nc", InvalidCube), ("text.csv", InvalidTable)])
def test_a_file_of_another_kind_is_refused(
    tmp_path: Path, settings: Settings, name: str, error: type[Exception]
) -> None:
    (tmp_path / name).write_text(json.dumps({"no": "pixels"}))
    with pytest.raises(error, match=name):
        open_source(tmp_path / name, bands=BANDS, settings=settings)


def test_a_region_too_large_for_one_cube_is_refused_with_its_size(
    cube_file: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source_module, "MAX_PIXELS", 3)
    source = region_of(cube_file, settings)
    height, width = source.shape_yx
    with pytest.raises(InvalidOption, match=f"{width} x {height} pixels.*up to 3 pixels"):
        source.cube(SUMMER)
