"""Figures of class probabilities: small cases worked by hand, known answers, and what holds of any."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InvalidOption
from models.metrics.class_scores import (
    Array,
    Blocks,
    Codes,
    average_precision,
    bin_starts,
    calibration_error,
    mean_interval,
    predict_class,
    score_classes,
)
from tests.models.outcomes import simulated_outcome

ONES = np.ones(6)


def two_class(second: list[float]) -> Array:
    p = np.array(second)
    return np.stack([1 - p, p], axis=1)


HAND_TRUTH = np.array([0, 0, 1, 1, 1, 0])

HAND = two_class([0.1, 0.6, 0.35, 0.8, 0.5, 0.2])

HAND_PLACES = np.array(["a", "a", "b", "b", "c", "c"])
"""Of the second class: scores .8 (is), .6 (not), .5 (is), .35 (is), .2 (not), .1 (not)."""


def test_two_classes_worked_by_hand() -> None:
    scores = score_classes(HAND_TRUTH, HAND, HAND_PLACES)
    second = scores.classes[1]
    assert second.roc_auc.value == pytest.approx(7 / 9)  # of nine pairs .6 lies above .5 and .35
    assert second.pr_auc.value == pytest.approx((1 / 1 + 2 / 3 + 3 / 4) / 3)
    assert scores.confusion.tolist() == [[2, 1], [1, 2]]  # 0.5 is called the second class
    assert second.precision.value == second.recall.value == second.f1.value == pytest.approx(2 / 3)
    assert scores.accuracy.value == scores.balanced_accuracy.value == scores.macro_f1.value == pytest.approx(4 / 6)
    assert scores.brier.value == pytest.approx((0.01 + 0.36 + 0.4225 + 0.04 + 0.25 + 0.04) / 6)
    assert scores.log_loss.value == pytest.approx(-np.log([0.9, 0.4, 0.35, 0.8, 0.5, 0.8]).mean())
    assert scores.ece.value == pytest.approx((0.1 + 0.6 + 0.65 + 0.2 + 0.5 + 0.2) / 6)  # six bins of one row
    assert second.prevalence.value == pytest.approx(0.5)
    assert (scores.count, scores.places) == (6, 3)


def test_three_classes_worked_by_hand() -> None:
    truth = np.array([0, 1, 2, 2])
    p = np.array([[0.6, 0.3, 0.1], [0.5, 0.4, 0.1], [0.2, 0.2, 0.6], [0.1, 0.7, 0.2]])
    scores = score_classes(truth, p, np.arange(4))
    assert scores.confusion.tolist() == [[1, 0, 0], [1, 0, 0], [0, 1, 1]]
    assert scores.accuracy.value == pytest.approx(0.5)
    assert scores.balanced_accuracy.value == pytest.approx((1 + 0 + 0.5) / 3)
    assert scores.macro_f1.value == pytest.approx((2 / 3 + 0 + 2 / 3) / 3)
    squares = [0.16 + 0.09 + 0.01, 0.25 + 0.36 + 0.01, 0.04 + 0.04 + 0.16, 0.01 + 0.49 + 0.64]
    assert scores.brier.value == pytest.approx(np.mean(squares))
    assert scores.classes[2].recall.value == pytest.approx(0.5)
    assert scores.classes[1].precision.value == 0
    assert scores.shares[2][1].value == pytest.approx(0.5)


def test_figures_are_those_that_scikit_learn_gives() -> None:
    truth, p, places = simulated_outcome(classes=3, rows=300, places=20, seed=5)
    p = np.round(p, 2)  # with ties
    p[:, 0] = 1 - p[:, 1] - p[:, 2]
    scores = score_classes(truth, p, places)
    found = [
        scores.macro_f1.value,
        scores.balanced_accuracy.value,
        scores.log_loss.value,
        *(c.roc_auc.value for c in scores.classes),
        *(c.pr_auc.value for c in scores.classes),
    ]
    np.testing.assert_allclose(found, SCIKIT_LEARN, atol=1e-8)


def test_bins_have_the_same_mass_and_their_gaps_are_added_by_mass() -> None:
    assert np.diff(np.append(bin_starts(32), 32)).tolist() == [3, 3] + [2] * 13
    score = np.repeat([0.2, 0.7], [30, 15])
    truth = np.concatenate([np.tile([True, False, False], 10), np.tile([True, True, False], 5)])
    gaps = calibration_error(truth, score, np.ones(45))
    in_bins = [abs(truth[i : i + 3].mean() - score[i]) for i in range(0, 45, 3)]
    assert gaps == pytest.approx(np.mean(in_bins))


def test_a_weight_is_how_often_a_row_counts() -> None:
    truth, p, _ = simulated_outcome(classes=2, rows=60, places=6, seed=3)
    weight = np.random.default_rng(0).integers(0, 3, 60)
    rows, is_class = np.repeat(np.arange(60), weight), truth == 1
    for figure in (average_precision, calibration_error):
        weighted = figure(is_class, p[:, 1], weight.astype(float))
        assert weighted == pytest.approx(figure(is_class[rows], p[rows, 1], np.ones(len(rows))))


def test_intervals_hold_their_figure_and_are_wider_with_fewer_places() -> None:
    truth, p, places = simulated_outcome(classes=3, rows=900, places=60, seed=1)
    many, few = score_classes(truth, p, places), score_classes(truth, p, places % 6)
    for figure in ("accuracy", "balanced_accuracy", "macro_f1", "brier", "log_loss"):
        own = getattr(many, figure)
        assert own.low < own.value < own.high, figure
        assert own.high - own.low < 0.2 * max(1, own.value), figure
    alike = np.repeat(np.arange(30), 30)  # rows of a place say the same: thirty witnesses, not nine hundred
    same_truth, same_p = truth[::30][alike], p[::30][alike]
    blocks, apart = score_classes(same_truth, same_p, alike), score_classes(same_truth, same_p, np.arange(900))
    width = [s.accuracy.high - s.accuracy.low for s in (blocks, apart)]
    assert width[0] > 4 * width[1]
    assert few.accuracy.value == many.accuracy.value


def test_one_place_gives_no_interval() -> None:
    truth, p, places = simulated_outcome(classes=2, rows=50, places=1, seed=2)
    scores = score_classes(truth, p, places)
    assert np.isfinite(scores.accuracy.value)
    assert np.isnan([scores.accuracy.low, scores.accuracy.high, scores.ece.low]).all()


def test_a_class_that_does_not_occur_has_no_figures_and_spoils_no_others() -> None:
    truth, p, places = simulated_outcome(classes=3, rows=200, places=10, seed=4)
    truth = np.minimum(truth, 1)
    scores = score_classes(truth, p, places)
    absent = scores.classes[2]
    assert np.isnan([absent.roc_auc.value, absent.pr_auc.value, absent.recall.value, absent.f1.value]).all()
    assert absent.prevalence.value == 0
    assert np.isfinite([scores.macro_f1.value, scores.balanced_accuracy.value, scores.classes[0].roc_auc.low]).all()
    alone = score_classes(np.zeros(200, int), p, places)
    assert np.isnan([alone.balanced_accuracy.value, alone.classes[0].roc_auc.value]).all()


@settings(max_examples=5)
@given(st.integers(0, 10_000), st.integers(2, 3))
def test_order_of_rows_and_names_of_places_change_nothing(seed: int, classes: int) -> None:
    truth, p, places = simulated_outcome(classes=classes, rows=40, places=4, seed=seed)
    order = np.random.default_rng(seed).permutation(40)
    first, second = score_classes(truth, p, places), score_classes(truth[order], p[order], places[order])
    for figure in ("accuracy", "brier", "log_loss", "macro_f1", "ece"):
        np.testing.assert_allclose(
            list(vars(getattr(first, figure)).values()), list(vars(getattr(second, figure)).values()), atol=1e-9
        )


def test_the_mean_of_chosen_rows_is_theirs_alone() -> None:
    blocks = Blocks.of(np.array(["x", "y", "y"]))
    chosen = mean_interval(np.array([1.0, 0.0, 4.0]), blocks, np.array([True, False, True]))
    assert (chosen.value, chosen.low, chosen.high) == (2.5, 1.0, 4.0)
    assert np.isnan(mean_interval(np.ones(3), blocks, np.zeros(3, bool)).value)


def test_the_prediction_is_the_most_probable_class_and_of_two_the_second_from_a_half_on() -> None:
    assert predict_class(np.array([[0.5, 0.5], [0.51, 0.49]])).tolist() == [1, 0]
    assert predict_class(np.array([[0.3, 0.4, 0.3], [0.4, 0.4, 0.2]])).tolist() == [1, 0]


WRONG: list[tuple[Codes | Array, Array, Array, str]] = [
    (HAND_TRUTH, HAND[:, 1], HAND_PLACES, "a column for each class"),
    (HAND_TRUTH[:3], HAND, HAND_PLACES, "one entry for each of the 6 rows"),
    (HAND_TRUTH, HAND, HAND_PLACES[:2], "one entry for each of the 6 rows"),
    (HAND_TRUTH, np.where(HAND > 0.7, np.nan, HAND), HAND_PLACES, "leave unseen rows out"),
    (HAND_TRUTH, HAND * 100, HAND_PLACES, "values are 0..1"),
    (HAND_TRUTH + 1, HAND, HAND_PLACES, "from 0 to 1"),
    (HAND_TRUTH - 1, HAND, HAND_PLACES, "from 0 to 1"),
    (HAND_TRUTH * 0.5, HAND, HAND_PLACES, "whole numbers"),
]


@pytest.mark.parametrize(("truth", "probability", "places", "sentence"), WRONG)
def test_arrays_that_do_not_fit_are_refused(truth: Codes, probability: Array, places: Array, sentence: str) -> None:
    with pytest.raises(InvalidOption, match=sentence):
        score_classes(truth, probability, places)


SCIKIT_LEARN = [
    0.686240256,
    0.690712271,
    0.723287883,
    0.854172015,
    0.856987847,
    0.866004774,
    0.774844904,
    0.754810264,
    0.749490218,
]
"""Of 1.9.1: f1_score (macro), balanced_accuracy_score, log_loss, roc_auc_score and average_precision_score."""
