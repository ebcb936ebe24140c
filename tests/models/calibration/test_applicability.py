"""The area of applicability: clusters, the threshold, and that it is quick and small."""

import time
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from core.errors import InvalidCheckpoint, InvalidOption
from models.calibration.applicability import MOST_POINTS, Applicability, fit
from models.metrics.class_scores import Array, Codes


def clusters(rows: int, *, seed: int = 0, centres: tuple[float, ...] = (-5.0, 5.0), width: int = 6) -> Array:
    """Points around centres on the diagonal, in axes of unlike units."""
    rng = np.random.default_rng(seed)
    middle = np.asarray(centres)[rng.integers(0, len(centres), rows)]
    return (middle[:, None] + rng.normal(size=(rows, width))) * 10.0 ** np.arange(width) + 3


def folds(rows: int) -> Codes:
    return np.arange(rows) % 5


@pytest.mark.parametrize("rows", [400, 3000])
def test_points_of_the_clusters_are_inside_and_between_or_beyond_them_outside(rows: int) -> None:
    area = fit(clusters(rows), folds(rows))
    assert area.is_inside(clusters(500, seed=1)).mean() > 0.95
    for outside in (0.0, 15.0, -12.0):
        assert not area.is_inside(clusters(200, seed=2, centres=(outside,))).any()
    near, far = area.index(clusters(200, seed=1)), area.index(clusters(200, seed=1, centres=(40.0,)))
    assert near.max() < 1 < far.min()


def test_an_index_is_the_distance_to_the_nearest_point_over_the_mean_distance() -> None:
    points = np.array([[0.0], [1.0], [3.0], [6.0]])
    area = fit(points, np.array([0, 1, 0, 1]))
    mean = np.mean([1, 3, 6, 2, 5, 3])
    np.testing.assert_allclose(
        area.index(np.array([[0.0], [2.0], [4.0], [10.0]])), np.array([0, 1, 1, 4]) / mean, atol=1e-6
    )
    across = np.array([1, 1, 2, 3])  # of each to the nearest of the other fold
    assert area.threshold == pytest.approx(across.max() / mean)


def test_a_training_point_that_is_alone_does_not_widen_the_area() -> None:
    points = clusters(300)
    usual = fit(points, folds(300)).threshold
    points[0] += 40 * 10.0 ** np.arange(6)
    area = fit(points, folds(300))
    assert area.threshold < usual
    assert not area.is_inside(clusters(50, seed=3, centres=(25.0,))).any()


def test_whole_folds_apart_give_a_wider_area_than_neighbours_in_other_folds() -> None:
    points = clusters(600)
    apart = (points[:, 0] > 3).astype(int)
    assert fit(points, apart).threshold > 2 * fit(points, folds(600)).threshold


def test_units_of_the_dimensions_do_not_matter() -> None:
    points, asked = clusters(300), clusters(100, seed=4)
    scaled = fit(points * 7 - 2, folds(300)).index(asked * 7 - 2)
    np.testing.assert_allclose(scaled, fit(points, folds(300)).index(asked), rtol=1e-3, atol=1e-4)


def test_a_dimension_that_never_varied_counts_when_it_does() -> None:
    points = clusters(300)
    points[:, 2] = 1
    area = fit(points, folds(300))
    asked = points[:5].copy()
    assert area.is_inside(asked).all()
    asked[:, 2] = 100
    assert not area.is_inside(asked).any()


def test_unseen_embeddings_have_no_index_and_are_not_inside() -> None:
    area = fit(clusters(100), folds(100))
    asked = clusters(3)
    asked[1, 2] = np.nan
    assert np.isnan(area.index(asked)).tolist() == [False, True, False]
    assert not area.is_inside(asked)[1]
    assert area.index(np.zeros((0, 6))).shape == (0,)


def test_a_file_of_it_is_small_and_reads_back(tmp_path: Path) -> None:
    points = clusters(4000, width=64)[:, :64]
    points = np.nan_to_num(points / 10.0 ** np.arange(64))
    area = fit(points, folds(4000))
    area.save(tmp_path / "area.safetensors")
    assert (tmp_path / "area.safetensors").stat().st_size < 150_000
    assert len(area.points) <= MOST_POINTS
    read = Applicability.load(tmp_path / "area.safetensors")
    np.testing.assert_array_equal(read.index(points[:100]), area.index(points[:100]))
    assert read.threshold == area.threshold


def test_ten_thousand_pixels_take_well_under_a_second() -> None:
    points = np.random.default_rng(0).normal(size=(2000, 64))
    area, asked = fit(points, folds(2000)), np.random.default_rng(1).normal(size=(10_000, 64)).astype(np.float32)
    begin = time.process_time()
    assert area.index(asked).shape == (10_000,)
    assert time.process_time() - begin < 1


def test_the_same_points_give_the_same_area_equal_ones_too() -> None:
    points = np.repeat(clusters(20), 60, axis=0)
    first, second = fit(points, folds(1200)), fit(points, folds(1200))
    np.testing.assert_array_equal(first.points, second.points)
    assert first.index(points).max() < 0.3


@pytest.mark.parametrize(
    ("embeddings", "own", "sentence"),
    [
        (clusters(10), folds(9), "one row for each fold"),
        (np.where(np.arange(60).reshape(10, 6) == 7, np.nan, 1.0), folds(10), "finite"),
        (clusters(10), np.zeros(10, int), "at least two"),
        (np.ones((10, 6)), folds(10), "they differ"),
        (np.ones(10), folds(10), "finite, with one row"),
    ],
)
def test_embeddings_that_say_nothing_are_refused(embeddings: Array, own: Codes, sentence: str) -> None:
    with pytest.raises(InvalidOption, match=sentence):
        fit(embeddings, own)


def test_embeddings_of_another_model_are_refused() -> None:
    with pytest.raises(InvalidOption, match="6 dimensions"):
        fit(clusters(50), folds(50)).index(np.zeros((3, 5)))


def test_files_of_something_else_are_refused(tmp_path: Path) -> None:
    for content in (b"", b"no such thing at all, but longer than a header"):
        (tmp_path / "x").write_bytes(content)
        with pytest.raises(InvalidCheckpoint):
            Applicability.load(tmp_path / "x")
    save_file({"points": np.ones((2, 2), np.float32)}, tmp_path / "y")
    with pytest.raises(InvalidCheckpoint, match="it lacks distance, mean, scale, threshold"):
        Applicability.load(tmp_path / "y")
    with pytest.raises(InvalidCheckpoint):
        Applicability.load(tmp_path / "absent")
