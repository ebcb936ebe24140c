"""Labels to pixels: drawing, blocks, conflicts and counts."""

import numpy as np
import pytest
from shapely import MultiPoint, Point, box

from core.errors import InvalidOption
from core.grid import Grid
from models.training_set import TrainingSet
from tests.models.builders import wavy_series
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
    found = check_counts(labelled([i // 12 for i in range(24)], [f"b{i % 4}" for i in range(24)]))
    assert found[0].startswith("There are 24 labels in all")
    assert [s.split()[1] for s in found[1:]] == ["non_crop", "crop"]
    assert check_counts(labelled([i % 2 for i in range(60)], [f"b{i // 2 % 6}" for i in range(60)])) == ()
