"""Mutual neighbours of seeded embeddings whose agreement is known."""

import numpy as np
import pytest

from evaluation.probes.neighbours import align, align_places, nearest

RNG = np.random.default_rng(0)
COUNT, WIDTH = 240, 12
VECTORS = RNG.normal(size=(COUNT, WIDTH)) * np.linspace(0.1, 30, WIDTH) + 5


def test_identical_embeddings_share_all_neighbours() -> None:
    turned = VECTORS @ np.linalg.qr(RNG.normal(size=(WIDTH, WIDTH)))[0]
    for other in (VECTORS, 3 * VECTORS, turned):
        found = align(VECTORS, other)
        assert found.score == 1
        assert found.p_value == pytest.approx(1 / 1001)
        assert (found.count, found.neighbours) == (COUNT, 10)


def test_independent_embeddings_share_as_many_as_chance_gives() -> None:
    found = align(RNG.normal(size=(300, 8)), RNG.normal(size=(300, 20)))
    assert found.floor == pytest.approx(10 / 299, abs=0.002)
    assert found.score == pytest.approx(10 / 299, abs=0.012)
    assert found.p_value > 0.01


def test_a_noisy_copy_lies_between() -> None:
    vectors = RNG.normal(size=(300, 8))
    found = align(vectors, vectors + 0.7 * RNG.normal(size=vectors.shape))
    assert found.floor * 2 < found.score < 1
    assert found.p_value < 0.01


def test_the_nearest_by_cosine_point_the_same_way_and_leave_the_object_out() -> None:
    vectors = np.array([[1.0, 0.1], [5.0, 0.4], [0.1, 1.0], [0.3, 5.0], [-1.0, 0.0]])
    assert nearest(vectors, 1)[:4, 0].tolist() == [1, 0, 3, 2]


def test_one_object_of_each_place_is_compared() -> None:
    places = np.repeat(np.arange(20), 12).astype(str)
    found = align_places([VECTORS, 2 * VECTORS], places)
    assert found is not None
    assert (found.count, found.score) == (20, 1)


def test_too_few_places_are_not_compared() -> None:
    places = (np.arange(COUNT) % 11).astype(str)
    assert align_places([VECTORS, VECTORS], places) is None
