"""The bootstrap over places, and the area under a weighted ROC curve."""

import numpy as np
import pytest

from models.metrics.bootstrap import bootstrap, roc_auc


def test_the_area_is_the_share_of_pairs_in_order_with_ties_counted_half() -> None:
    truth = np.array([True, True, True, False, False])
    score = np.array([0.9, 0.6, 0.4, 0.6, 0.1], np.float32)
    pairs = [(1.0 if p > n else 0.5 if p == n else 0.0) for p in score[truth] for n in score[~truth]]
    assert roc_auc(truth, score, np.ones(5)) == pytest.approx(np.mean(pairs))


def test_a_weight_of_two_is_the_same_as_a_row_twice_and_a_weight_of_zero_as_none() -> None:
    rng = np.random.default_rng(0)
    truth, score = rng.random(30) < 0.4, rng.random(30).round(1).astype(np.float32)
    weight = rng.integers(0, 3, 30).astype(float)
    rows = np.repeat(np.arange(30), weight.astype(int))
    assert roc_auc(truth, score, weight) == pytest.approx(roc_auc(truth[rows], score[rows], np.ones(len(rows))))


def test_the_area_of_one_class_alone_is_unknown() -> None:
    assert np.isnan(roc_auc(np.ones(3, bool), np.arange(3, dtype=np.float32), np.ones(3)))


def test_places_are_drawn_as_a_whole_and_the_same_each_time() -> None:
    values = np.array([0.0, 0.0, 1.0, 1.0])
    mean = lambda weight: float((values * weight).sum() / weight.sum())  # noqa: E731
    apart = bootstrap(mean, np.array(["a", "b", "c", "d"]))
    together = bootstrap(mean, np.array(["a", "a", "b", "b"]))
    assert apart.value == together.value == 0.5
    assert (together.low, together.high) == (0, 1), "of two places, one alone is often drawn twice"
    assert together == bootstrap(mean, np.array(["a", "a", "b", "b"]))
    constant = bootstrap(mean, np.full(4, "a"))
    assert constant.low == constant.high == 0.5
