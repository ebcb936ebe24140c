"""Pixels of labels, read from cubes and archives."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import geopandas
import numpy as np
import pytest
from shapely import Point, box

from core.bands import channel
from core.errors import InvalidOption
from core.region import WGS84
from core.settings import Settings
from core.timeline import to_day
from ingest.build.reader import Reader
from ingest.registry import open_archive
from ingest.simulate.archive import CORNER, CRS, write_archive
from ingest.source import open_cube
from products import crop
from products.catalogue import find_product
from tests.cli.cubes import EPSG, NORTH, WEST, write_cube
from tests.training.label_files import write_labels
from training.labels.class_mapping import parse_classes
from training.labels.read_file import read_label_file
from training.labels.read_pixels import ArchivePixels, CubePixels, LabelOptions, pack, read_labelled
from training.labels.sample_pixels import (
    LabelledSet,
)


def test_series_of_different_lengths_are_padded_with_unseen_repetitions_of_their_last_day() -> None:
    days = [np.array([5, 9], np.int32), np.array([7], np.int32)]
    values = [np.full((len(d), 15), i, np.float32) for i, d in enumerate(days)]
    found = pack(["a", "b"], days, values)
    assert found.days.tolist() == [[5, 9], [7, 7]]
    assert np.isnan(found.values[1, 1]).all()
    assert (found.values[1, 0] == 1).all()


@pytest.fixture
def cube(tmp_path: Path) -> Path:
    return write_cube(tmp_path / "cube.nc", shape_yx=(40, 40), dates=110)


def read_from(cube: Path, path: Path, **options: object) -> LabelledSet:
    source = CubePixels(open_cube(cube, find_product("crop").bands, Settings()), 16)
    asked = LabelOptions(task="crop", classes=parse_classes("Bare=non_crop,Green=crop", "crop"), block_km=0.1)
    names = {k: str(v) for k, v in options.items() if k in ("date_column", "column")}
    rest = {k: v for k, v in options.items() if k not in names}
    labels = read_label_file(path, footprint=source.footprint, **names)  # type: ignore[arg-type]
    return read_labelled(labels, source, replace(asked, **rest), lambda _share: None)  # type: ignore[arg-type]


def test_pixels_of_a_cube_are_those_under_the_label_up_to_the_end_of_its_year(cube: Path, tmp_path: Path) -> None:
    found = read_from(cube, write_labels(tmp_path / "l.gpkg", crs="EPSG:3035"), year=2021)
    assert found.counts()["crop"]["labels"] == found.counts()["non_crop"]["labels"] == 50
    assert len(found.owners) == 400, "of four by four pixels the inner two by two"
    assert set(found.reference_days) == {to_day(date(2021, 12, 31))}
    series = found.training.series
    assert series.days.max() <= to_day(date(2021, 12, 31))
    assert series.days.min() > to_day(date(2021, 12, 31)) - crop.DAYS
    greenness = np.nanmean(series.values[..., channel("NDVI")], axis=1)
    column = found.owners % 10
    means = [greenness[column == c].mean() for c in range(10)]
    assert means == sorted(means), "the cube is greener from column to column"


def test_one_pixel_has_the_very_numbers_of_the_cube(cube: Path, tmp_path: Path) -> None:
    point = geopandas.GeoDataFrame({"class": ["Green"]}, geometry=[Point(WEST + 373, NORTH - 28)], crs=EPSG)
    point.to_file(tmp_path / "p.gpkg")
    found = read_from(cube, tmp_path / "p.gpkg", year=2021)
    source = CubePixels(open_cube(cube, find_product("crop").bands, Settings()), 16)
    whole = source._cube.series()
    number = 2 * 40 + 37
    wanted = np.isin(whole.days[number], found.training.series.days[0])
    assert np.array_equal(whole.values[number, wanted], found.training.series.values[0], equal_nan=True)


def test_labels_outside_or_of_other_years_are_left_out_and_counted(cube: Path, tmp_path: Path) -> None:
    path = write_labels(tmp_path / "l.parquet", side=12, when=[2021] * 60 + [2050] * 84)
    found = read_from(cube, path, date_column="when")
    assert found.facts["left_out"] == [
        "23 outside the source",
        "66 dated outside the source's period",
        "5 too small or thin for a pixel, or never seen clearly",  # they touch its edge from outside
    ]
    assert set(found.reference_days) == {to_day(date(2021, 12, 31))}
    with pytest.raises(InvalidOption, match="no label has a clear pixel"):
        read_from(cube, path, year=1990)


def test_labels_far_from_the_source_are_refused_with_what_it_covers(cube: Path, tmp_path: Path) -> None:
    far = geopandas.GeoDataFrame({"class": ["Green"]}, geometry=[Point(2, 48)], crs=WGS84)
    far.to_parquet(tmp_path / "far.parquet")
    with pytest.raises(InvalidOption, match=r"none of its 1 labels lies within 'cube.nc', which covers 15\.\d+ to"):
        read_from(cube, tmp_path / "far.parquet")
    source = open_cube(cube, find_product("crop").bands, Settings())
    south, west, north, east = CubePixels(source, 16).footprint.bounds
    swapped = geopandas.GeoDataFrame(
        {"class": ["Green"]}, geometry=[Point((west + east) / 2, (south + north) / 2)], crs=WGS84
    )
    swapped.to_parquet(tmp_path / "swapped.parquet")
    with pytest.raises(InvalidOption, match=r"they lie at .*; longitude and latitude seem to be swapped"):
        read_from(cube, tmp_path / "swapped.parquet")


def test_labels_in_the_national_grid_of_britain_are_found_in_an_archive_and_each_tile_is_read_once(
    tmp_path: Path,
) -> None:
    write_archive(tmp_path / "archive", size=64, first=date(2021, 6, 1), last=date(2021, 7, 15))
    settings = Settings(home=tmp_path / "home", tile_size=32)
    archive = open_archive(str(tmp_path / "archive"), settings)
    source = ArchivePixels(archive, find_product("canopy").bands, Reader())
    west, north = CORNER
    squares = [box(west + x, north - y - 50, west + x + 50, north - y) for x in (10, 310) for y in (20, 320, 500)]
    table = geopandas.GeoDataFrame({"IFT_IOA": ["Conifer", "Broadleaved"] * 3}, geometry=squares, crs=CRS)
    table.to_crs("EPSG:27700").to_file(tmp_path / "nfi.gpkg")
    windows = []
    read = source.read

    def counted(window, period, asked):  # type: ignore[no-untyped-def]
        windows.append(window)
        return read(window, period, asked)

    source.read = counted  # type: ignore[method-assign]
    labels = read_label_file(tmp_path / "nfi.gpkg", column="IFT_IOA", footprint=source.footprint)
    ask = LabelOptions(task="canopy", classes=parse_classes("Conifer=conifer,Broadleaved=broadleaf", "canopy"))
    found = read_labelled(labels, source, ask, lambda _share: None)
    assert len(windows) == len({w.bounds for w in windows}) == 4
    assert found.counts()["conifer"]["labels"] == found.counts()["broadleaf"]["labels"] == 3
    assert set(found.reference_days) == {to_day(archive.period.end)}
    assert found.training.is_simulated
    assert np.isfinite(found.training.series.values[..., channel("VH")]).any()
