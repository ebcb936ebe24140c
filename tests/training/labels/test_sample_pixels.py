"""Labels of a user's own: files, classes, pixels, blocks and counts."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
import pytest
from shapely import LineString, MultiPoint, Point, box

from core.bands import channel
from core.errors import InvalidOption, InvalidPeriod
from core.grid import Grid
from core.region import WGS84
from core.settings import Settings
from core.timeline import to_date, to_day
from ingest.build.cube import Reader
from ingest.registry import open_archive
from ingest.simulate.archive import CORNER, CRS, write_archive
from models.training_set import TrainingSet
from products.catalogue import find_product
from tests.cli.cubes import EPSG, NORTH, WEST, write_cube
from tests.models.builders import wavy_series
from tests.training.own_label_files import write_labels
from training.labels.class_mapping import parse_classes
from training.labels.read_file import read_label_file
from training.labels.read_pixels import ArchivePixels, CubePixels, LabelAsk, pack, read_labelled
from training.labels.sample_pixels import (
    Drawn,
    LabelledSet,
    check_counts,
    draw_pixels,
    place_blocks,
    thin,
    without_conflicts,
)

GRID = Grid(crs="EPSG:32633", tile_size=16, origin_xy=(3.0, 7.0))
SEED = (0, 0)


def test_a_polygon_gives_only_pixels_a_pixel_away_from_its_edge() -> None:
    polygon = box(3 + 100, 7 + 200, 3 + 150, 7 + 240)  # five by four whole pixels
    assert draw_pixels(polygon, GRID, 50, SEED).tolist() == [[11, 21], [12, 21], [13, 21], [11, 22], [12, 22], [13, 22]]


def test_no_more_pixels_than_asked_are_drawn_the_same_ones_each_time_and_others_by_another_seed() -> None:
    polygon = box(0, 0, 1000, 1000)
    drawn = draw_pixels(polygon, GRID, 7, SEED)
    assert len(np.unique(drawn, axis=0)) == 7
    assert np.array_equal(drawn, draw_pixels(polygon, GRID, 7, SEED))
    assert not np.array_equal(drawn, draw_pixels(polygon, GRID, 7, (0, 1)))


def test_of_a_polygon_too_small_to_shrink_the_central_pixel_is_taken_if_its_centre_lies_inside() -> None:
    assert draw_pixels(box(3 + 101, 7 + 201, 3 + 109, 7 + 209), GRID, 50, SEED).tolist() == [[10, 20]]
    assert draw_pixels(box(3 + 101, 7 + 201, 3 + 104, 7 + 204), GRID, 50, SEED).tolist() == []
    ring = box(0, 0, 60, 60).difference(box(8, 8, 52, 52))
    assert draw_pixels(ring, GRID, 50, SEED).tolist() == [], "its centroid lies in the hole"


def test_a_point_stands_for_the_pixel_it_lies_in_and_many_points_for_each_once() -> None:
    assert draw_pixels(Point(3 + 109.9, 7 + 200.1), GRID, 50, SEED).tolist() == [[10, 20]]
    assert draw_pixels(MultiPoint([(3, 7), (4, 8), (-1, 7)]), GRID, 50, SEED).tolist() == [[-1, 0], [0, 0]]


def test_a_huge_polygon_is_looked_at_on_a_coarser_lattice() -> None:
    drawn = draw_pixels(box(0, 0, 50_000, 40_000), GRID, 1000, SEED)
    assert len(drawn) == 1000
    assert np.ptp(drawn, axis=0).min() > 3500, "they are spread over all of it"


def drawn_at(columns: list[int], rows: list[int], owners: list[int]) -> Drawn:
    return Drawn(grid=GRID, columns=np.array(columns), rows=np.array(rows), owners=np.array(owners))


def test_pixels_are_grouped_by_tile_and_stand_where_they_were_in_the_window_of_each() -> None:
    tiles = drawn_at([15, 16, 17, 0], [3, 3, 5, 15], [0, 0, 1, 1]).by_tile()
    assert [t.columns.tolist() for t in tiles] == [[15, 0], [16, 17]]
    window, rows, columns = tiles[1].window()
    assert (rows.tolist(), columns.tolist()) == ([2, 0], [0, 1])
    assert window.shape_yx == (3, 2)
    x, y = window.centres()
    assert (x[0], y[0]) == (3 + 165, 7 + 55)


def test_pixels_that_two_classes_claim_are_dropped_and_those_claimed_alike_kept_once() -> None:
    codes, days = np.array([0, 1, 0], np.int8), np.array([5, 5, 5], np.int32)
    kept, odd = without_conflicts(drawn_at([1, 1, 2, 2, 3], [1, 1, 2, 2, 3], [0, 1, 0, 2, 1]), codes, days)
    assert (kept.columns.tolist(), kept.owners.tolist(), odd) == ([2, 3], [0, 1], 1)
    kept, odd = without_conflicts(drawn_at([1, 1], [1, 1], [0, 1]), codes, np.array([5, 6, 5], np.int32))
    assert (len(kept), odd) == (2, 0), "two years are two seasons"


def test_too_many_pixels_are_thinned_evenly_and_each_label_keeps_one() -> None:
    drawn = [drawn_at(list(range(12)), [0] * 12, [0] * 10 + [1] * 2), drawn_at([0], [9], [2])]
    kept = thin(drawn, 6)
    assert [k.owners.tolist() for k in kept] == [[0, 0, 0, 1, 1], [2]]
    assert [k.owners.tolist() for k in thin(drawn, 1)] == [[0, 1], [2]]
    assert thin(drawn, 13) is drawn


def test_a_label_lies_in_the_one_block_of_its_centroid() -> None:
    near, far = box(10.0, 50.0, 10.001, 50.001), box(10.3, 50.0, 10.301, 50.001)
    blocks = place_blocks(np.array([near, near.buffer(0.0005), far], object), 10.0)
    assert blocks[0] == blocks[1] != blocks[2]
    assert len(set(place_blocks(np.array([near, far], object), 100.0))) <= 2


@pytest.mark.parametrize("name", ["labels.gpkg", "labels.geojson", "labels.parquet", "labels.shp"])
def test_every_format_and_crs_gives_the_same_labels(tmp_path: Path, name: str) -> None:
    crs = "EPSG:4326" if name.endswith("json") else "EPSG:3035"
    path = write_labels(tmp_path / name, side=2, crs=crs, when=["2021-06-01", "2021", "2022/03/04", "2022-12-31"])
    found = read_label_file(path, date_column="when")
    assert found.values.tolist() == ["Bare", "Green", "Bare", "Green"]
    assert found.name == name
    assert found.days is not None
    assert [to_date(d) for d in found.days] == [
        date(2021, 6, 1),
        date(2021, 12, 31),
        date(2022, 3, 4),
        date(2022, 12, 31),
    ]


def test_features_without_class_or_usable_geometry_are_left_out_and_counted(tmp_path: Path) -> None:
    shapes = [box(0, 0, 1, 1), None, LineString([(0, 0), (1, 1)]), box(1, 1, 2, 2), Point(1, 1)]
    table = geopandas.GeoDataFrame({"class": [1.0, 2.0, 1.0, np.nan, 2.0]}, geometry=shapes, crs=WGS84)
    table.to_parquet(tmp_path / "l.parquet")
    found = read_label_file(tmp_path / "l.parquet")
    assert found.values.tolist() == ["1", "2"]
    assert found.left_out == ("1 without a geometry", "1 neither polygon nor point", "1 without a value in 'class'")


def refusal(path: Path, **options: str) -> str:
    with pytest.raises((InvalidOption, InvalidPeriod)) as caught:
        read_label_file(path, **options)  # type: ignore[arg-type]
    return str(caught.value)


def test_files_that_hold_no_labels_are_refused_with_what_is_missing(tmp_path: Path) -> None:
    path = write_labels(tmp_path / "l.gpkg", side=2, when="soon")
    assert "no such file" in refusal(tmp_path / "none.gpkg")
    assert "'l.gpkg' has the columns class, when" in refusal(path, column="IFT_IOA")
    assert "'l.gpkg' has the columns class, when" in refusal(path, date_column="day")
    assert "'soon' is not a usable period or date: a label has it in its column 'when'" in refusal(
        path, date_column="when"
    )
    write_labels(tmp_path / "bare.shp", side=2)
    (tmp_path / "bare.prj").unlink()
    assert "does not state its CRS" in refusal(tmp_path / "bare.shp")
    pd.DataFrame({"class": ["a"]}).to_parquet(tmp_path / "table.parquet")
    assert "cannot be read as parquet" in refusal(tmp_path / "table.parquet")
    (tmp_path / "broken.geojson").write_text("{")
    assert "cannot be read as geojson" in refusal(tmp_path / "broken.geojson")
    (tmp_path / "l.csv").write_text("class\n1\n")
    assert "its ending is none of .gpkg" in refusal(tmp_path / "l.csv")


def test_of_several_layers_one_is_to_be_named(tmp_path: Path) -> None:
    path = write_labels(tmp_path / "l.gpkg", side=2)
    geopandas.read_file(path).iloc[:1].to_file(path, layer="other")
    assert "has the layers l, other" in refusal(path)
    assert len(read_label_file(path, layer="other")) == 1
    assert "has the layers l, other" in refusal(path, layer="third")


def test_classes_of_canopy_are_its_own_and_codes_stand_for_them_where_nothing_is_mapped() -> None:
    own = parse_classes("", "canopy")
    assert own.classes == ("none", "conifer", "broadleaf")
    assert own.apply(np.array(["Conifer", "0", "broadleaf"]), "f").tolist() == [1, 0, 2]
    mapped = parse_classes('Conifer=conifer,"Mixed, mainly conifer"=-,Felled=none', "canopy")
    values = np.array(["conifer", "Mixed, mainly conifer", "FELLED", "broadleaf"])
    assert mapped.apply(values, "f").tolist() == [1, -1, 0, 2]


def test_values_that_mean_no_class_are_listed_with_how_often_they_occur() -> None:
    mapped = parse_classes("Conifer=conifer", "canopy")
    with pytest.raises(InvalidOption, match=r"is meant by Urban \(2\), 1 \(1\); map each value by --classes \"Urban="):
        mapped.apply(np.array(["Urban", "Conifer", "Urban", "1"]), "nfi.gpkg")


def test_a_crop_model_may_have_other_classes_in_the_order_in_which_they_are_named() -> None:
    mapped = parse_classes("110=wheat,120=wheat,Silage maize,grass=grass,999=-", "crop")
    assert mapped.classes == ("wheat", "silage_maize", "grass")
    assert mapped.apply(np.array(["120", "silage Maize", "999", "grass"]), "f").tolist() == [0, 1, -1, 2]


@pytest.mark.parametrize(
    ("text", "task", "said"),
    [
        ("Oak=oak", "canopy", "the classes of canopy are none, conifer, broadleaf"),
        ("A=conifer,a=none", "canopy", "names the value 'a' twice"),
        ("A=", "canopy", "VALUE=CLASS"),
        ("A=wheat", "crop", "2 to 32 classes"),
        ("A=winter wheat,B=maize", "crop", "letters, digits and underscores"),
    ],
)
def test_a_mapping_that_cannot_be_is_refused(text: str, task: str, said: str) -> None:
    with pytest.raises(InvalidOption, match=said):
        parse_classes(text, task)


def labelled(codes: list[int], places: list[str], owners: list[int] | None = None) -> LabelledSet:
    series = wavy_series(len(codes), dates=60)
    return LabelledSet(
        training=TrainingSet(
            name="own",
            licence="made for a test",
            series=series,
            places=np.array(places),
            labels={"crop": np.array(codes, np.int8)},
        ),
        reference_days=series.days[:, -1],
        owners=np.arange(len(codes)) if owners is None else np.array(owners),
        classes=("non_crop", "crop"),
        task="crop",
        block_km=2.0,
        facts={"file": "f.gpkg"},
    )


def test_too_few_labels_or_blocks_are_refused_with_how_many_are_needed() -> None:
    blocks = [f"b{i % 4}" for i in range(24)]
    codes = [i // 12 for i in range(24)]
    with pytest.raises(InvalidOption, match="at least 10 labels with clear pixels, and crop has 2"):
        check_counts(labelled(codes, blocks, owners=[*range(12), *[12] * 6, *[13] * 6]))
    with pytest.raises(InvalidOption, match=r"lie in 2 of the blocks .* and 3 are needed; blocks have 2 km"):
        check_counts(labelled(codes, [f"b{i % 2}" for i in range(24)]))
    with pytest.raises(InvalidOption, match="all labels of crop lie in one block"):
        check_counts(labelled(codes, [*blocks[:12], *["b0"] * 12]))


def test_few_labels_and_few_blocks_are_warned_of() -> None:
    said = check_counts(labelled([i // 12 for i in range(24)], [f"b{i % 4}" for i in range(24)]))
    assert said[0].startswith("There are 24 labels in all")
    assert [s.split()[1] for s in said[1:]] == ["non_crop", "crop"]
    assert check_counts(labelled([i % 2 for i in range(60)], [f"b{i // 2 % 6}" for i in range(60)])) == ()


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
    source = CubePixels(cube, find_product("crop").bands, 16)
    asked = LabelAsk(task="crop", classes=parse_classes("Bare=non_crop,Green=crop", "crop"), block_km=0.1)
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
    assert series.days.min() > to_day(date(2020, 12, 31))
    greenness = np.nanmean(series.values[..., channel("NDVI")], axis=1)
    column = found.owners % 10
    means = [greenness[column == c].mean() for c in range(10)]
    assert means == sorted(means), "the cube is greener from column to column"


def test_one_pixel_has_the_very_numbers_of_the_cube(cube: Path, tmp_path: Path) -> None:
    point = geopandas.GeoDataFrame({"class": ["Green"]}, geometry=[Point(WEST + 373, NORTH - 28)], crs=EPSG)
    point.to_file(tmp_path / "p.gpkg")
    found = read_from(cube, tmp_path / "p.gpkg", year=2021)
    source = CubePixels(cube, find_product("crop").bands, 16)
    whole = source._cube.series()
    number = 2 * 40 + 37
    wanted = np.isin(whole.days[number], found.training.series.days[0])
    assert np.array_equal(whole.values[number, wanted], found.training.series.values[0], equal_nan=True)


def test_labels_outside_or_of_other_years_are_left_out_and_said(cube: Path, tmp_path: Path) -> None:
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
    ask = LabelAsk(task="canopy", classes=parse_classes("Conifer=conifer,Broadleaved=broadleaf", "canopy"))
    found = read_labelled(labels, source, ask, lambda _share: None)
    assert len(windows) == len({w.bounds for w in windows}) == 4
    assert found.counts()["conifer"]["labels"] == found.counts()["broadleaf"]["labels"] == 3
    assert set(found.reference_days) == {to_day(archive.period.end)}
    assert found.training.is_simulated
    assert np.isfinite(found.training.series.values[..., channel("VH")]).any()
