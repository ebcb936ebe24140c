"""The linear probe on seeded vectors whose answer is known."""

import numpy as np
import pytest

from evaluation.probes.linear_probe import is_classes, probe, split_places

RNG = np.random.default_rng(0)
COUNT, WIDTH = 240, 12
PLACES = np.repeat(np.arange(40), 6).astype(str)
VECTORS = RNG.normal(size=(COUNT, WIDTH)) * np.linspace(0.1, 30, WIDTH) + 5
DIRECTION = RNG.normal(size=WIDTH) / np.linspace(0.1, 30, WIDTH)
PLANTED = (VECTORS - 5) @ DIRECTION
CLASSES = np.array(["barley", "maize", "wheat"])[np.digitize(PLANTED, np.quantile(PLANTED, [0.35, 0.6]))]


def test_a_planted_number_is_found() -> None:
    found = probe([VECTORS], PLANTED + 1e6, PLACES)
    assert not found.is_class
    assert found.scores[0].value > 0.99
    assert found.scores[0].low <= found.scores[0].value <= found.scores[0].high
    assert found.baseline.value <= 0
    assert found.gains[0].low > 0.9
    assert (found.count, found.places, found.folds, found.classes) == (COUNT, 40, 5, 0)


def test_planted_classes_are_found_and_shuffled_ones_are_not() -> None:
    found = probe([VECTORS], CLASSES, PLACES)
    assert found.is_class
    assert found.classes == 3
    assert found.scores[0].value > 0.9
    assert found.gains[0].low > 0.3
    shuffled = probe([VECTORS], np.random.default_rng(3).permutation(CLASSES), PLACES)
    assert shuffled.gains[0].low <= 0
    assert abs(shuffled.scores[0].value - 0.4) < 0.1


def test_a_shuffled_number_is_not_found() -> None:
    found = probe([VECTORS], np.random.default_rng(3).permutation(PLANTED), PLACES)
    assert found.scores[0].value < 0.1
    assert found.gains[0].low <= 0


def test_what_neighbours_share_is_not_memorised() -> None:
    place = PLACES.astype(int)
    vectors = np.eye(40)[place] + 0.01 * RNG.normal(size=(COUNT, 40))
    label = np.random.default_rng(5).normal(size=40)[place]
    assert probe([vectors], label, PLACES).scores[0].value < 0.1
    assert probe([vectors], label, np.arange(COUNT).astype(str)).scores[0].value > 0.9


def test_of_two_embeddings_the_better_one_has_a_margin() -> None:
    noise = VECTORS + RNG.normal(size=VECTORS.shape) * 10 * VECTORS.std(axis=0)
    found = probe([VECTORS, noise], PLANTED, PLACES)
    assert found.margins[0].low > 0
    assert found.margins[0].value == pytest.approx(found.scores[0].value - found.scores[1].value)


def test_folds_hold_whole_places_and_are_of_like_size() -> None:
    places = np.repeat(np.arange(23), np.random.default_rng(1).integers(1, 9, 23))
    fold = split_places(places, 5)
    assert all(len(set(fold[places == p])) == 1 for p in range(23))
    assert np.ptp(np.bincount(fold)) <= 8
    assert set(split_places(np.array([0, 0, 1]), 5)) == {0, 1}


def test_texts_truth_values_and_few_whole_numbers_are_classes() -> None:
    assert is_classes(np.array(["a", "b"], object))
    assert is_classes(np.array([1.0, 3.0, 3.0]))
    assert is_classes(np.array([True, False]))
    assert not is_classes(np.array([0.5, 1.0]))
    assert not is_classes(np.arange(30))
