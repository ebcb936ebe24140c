"""Spatial folds: whole places, by hash or with the classes spread evenly."""

import numpy as np
import pytest

from training.folds import FOLDS, folds_by_class, folds_by_hash


def test_places_fall_into_five_folds_by_name_alone() -> None:
    places = np.array([f"place{i}" for i in range(300)])
    fold = folds_by_hash(places)
    assert np.bincount(fold, minlength=FOLDS).min() > 30
    np.testing.assert_array_equal(folds_by_hash(places[::-1])[::-1], fold)
    np.testing.assert_array_equal(folds_by_hash(np.repeat(places, 2)), np.repeat(fold, 2))


def test_the_folds_of_the_shipped_cards_stay_as_they_are() -> None:
    places = np.array(["DE-Tha", "0_0", "12_3", "50_8", "sinop1", "place7"])
    assert folds_by_hash(places).tolist() == [3, 0, 3, 1, 1, 4]


def test_blocks_stay_whole_and_classes_are_spread_over_the_folds() -> None:
    rng = np.random.default_rng(4)
    block = rng.integers(0, 40, 900)
    codes = (block % 4 == 0).astype(np.int64)
    blocks = np.array([f"b{b}" for b in block])
    fold = folds_by_class(blocks, codes)
    assert sorted(set(fold)) == [0, 1, 2, 3, 4]
    assert all(len(set(fold[blocks == b])) == 1 for b in set(blocks))
    for code in (0, 1):
        shares = np.bincount(fold[codes == code], minlength=5) / (codes == code).sum()
        assert shares.min() > 0.12
    np.testing.assert_array_equal(fold, folds_by_class(blocks, codes))


@pytest.mark.parametrize("count", [2, 3, 4])
def test_of_fewer_than_five_places_each_is_a_fold(count: int) -> None:
    places = np.array([f"b{i % count}" for i in range(40)])
    fold = folds_by_class(places, np.arange(40) // 20)
    assert sorted(set(fold)) == list(range(count))
    assert len({(p, f) for p, f in zip(places, fold, strict=True)}) == count
