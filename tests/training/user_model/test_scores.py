"""Classes, threshold and scores from out-of-fold predictions."""

from dataclasses import replace

import numpy as np
import pytest

from tests.training.out_of_fold_rows import binary_rows
from tests.training.user_model.labelled_sets import CLASSES
from training.user_model.scores import best_threshold, choose_threshold, evaluate, figures, predict_codes


def test_figures_are_of_calibrated_probabilities_with_intervals() -> None:
    scores = figures(evaluate(binary_rows(np.random.default_rng(1), sharpness=4.0), CLASSES))
    assert float(scores["ece"].split()[0]) < 0.04, "the logits alone are four times too sure"
    low, high = (float(v) for v in scores["roc_auc_crop"].split("[")[1].strip("]").split(","))
    assert 0.8 < low < float(scores["roc_auc_crop"].split()[0]) < high < 0.95
    assert {"pr_auc_crop", "f1_crop", "balanced_accuracy", "brier"} < set(scores)
    assert (scores["folds"], scores["blocks"]) == (5, 40)
    assert np.sum(scores["confusion"]) == scores["series"] == 3000


def test_the_labels_of_a_fold_move_neither_its_temperature_nor_its_threshold() -> None:
    found = binary_rows(np.random.default_rng(2), sharpness=1.0, count=500)
    is_here = found.fold == 3
    flipped = replace(found, labels=np.where(is_here, 1 - found.labels, found.labels))
    one, other = evaluate(found, CLASSES), evaluate(flipped, CLASSES)
    assert np.array_equal(one.probability[is_here], other.probability[is_here])
    assert np.array_equal(one.predicted[is_here], other.predicted[is_here])
    assert not np.array_equal(one.probability[~is_here], other.probability[~is_here])


def test_the_threshold_is_that_of_the_best_f1() -> None:
    positive = np.array([0.1, 0.2, 0.25, 0.3, 0.35, 0.4], np.float32)
    probability = np.stack([1 - positive, positive], axis=1)
    assert choose_threshold(probability, np.array([0, 0, 0, 1, 1, 1])) == pytest.approx(0.30)
    assert choose_threshold(probability, np.array([1, 1, 1, 1, 1, 1])) == pytest.approx(0.10)


def test_the_best_threshold_is_of_calibrated_probabilities() -> None:
    sure, right = (binary_rows(np.random.default_rng(3), sharpness=s) for s in (5.0, 1.0))
    assert best_threshold(sure) == pytest.approx(best_threshold(right), abs=0.02)


def test_two_classes_are_told_apart_by_the_threshold_and_more_by_the_highest_probability() -> None:
    two = np.array([[0.7, 0.3], [0.71, 0.29], [0.2, 0.8]], np.float32)
    assert predict_codes(two, 0.3).tolist() == [1, 0, 1]
    assert predict_codes(np.array([[0.2, 0.5, 0.3], [0.4, 0.3, 0.3]], np.float32), None).tolist() == [1, 0]


def test_more_classes_are_scored_each_against_the_rest_and_have_no_threshold() -> None:
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 3, 300)
    logits = (2 * np.eye(3)[truth] + rng.normal(0, 1, (300, 3))).astype(np.float32)
    rows = replace(binary_rows(rng, sharpness=1.0, count=300), logits=logits, labels=truth)
    three = evaluate(rows, ("wheat", "maize", "grass"))
    assert {"roc_auc_wheat", "pr_auc_maize", "f1_grass"} < set(figures(three))
    assert not three.is_binary
    assert np.array_equal(three.predicted, three.probability.argmax(axis=1))
