"""Curves of one class against all others: worked by hand, and against the figures."""

import numpy as np
import pytest

from models.metrics.class_curves import (
    FALSE_POSITIVE_RATES,
    RECALLS,
    Curve,
    precision_recall_curve,
    reliability_curve,
    roc_curve,
)
from models.metrics.class_scores import (
    Array,
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


def area(curve: Curve) -> float:
    return float(np.trapezoid(curve.value, curve.x))


def test_curves_have_the_areas_of_the_figures() -> None:
    truth, p, places = simulated_outcome(classes=2, rows=800, places=40, seed=6)
    second = score_classes(truth, p, places).classes[1]
    is_class, score = truth == 1, p[:, 1]
    roc, precision = roc_curve(is_class, score, places), precision_recall_curve(is_class, score, places)
    assert area(roc) == pytest.approx(second.roc_auc.value, abs=3e-3)
    assert precision.value.mean() == pytest.approx(second.pr_auc.value, abs=5e-3)
    assert (np.diff(roc.value) >= 0).all()
    assert precision.value[-1] >= second.prevalence.value
    for curve in (roc, precision, reliability_curve(is_class, score, places)):
        inner = slice(2, -2)
        assert (curve.low[inner] <= curve.value[inner]).all()
        assert (curve.value[inner] <= curve.high[inner]).all()
        assert (curve.high - curve.low).max() > 0.01


def test_curves_worked_by_hand() -> None:
    is_class, score = HAND_TRUTH == 1, HAND[:, 1]
    roc = roc_curve(is_class, score, HAND_PLACES)
    steps = dict(zip(np.round(FALSE_POSITIVE_RATES, 2).tolist(), roc.value, strict=True))
    assert steps[0.0] == pytest.approx(1 / 3)
    assert steps[0.34] == pytest.approx(1)
    precision = precision_recall_curve(is_class, score, HAND_PLACES)
    np.testing.assert_allclose(precision.value[RECALLS < 1 / 3], 1)
    np.testing.assert_allclose(precision.value[(RECALLS > 1 / 3) & (RECALLS < 2 / 3)], 2 / 3)
    assert precision.value[-1] == pytest.approx(3 / 4)
    reliability = reliability_curve(is_class, score, HAND_PLACES)
    np.testing.assert_allclose(reliability.x, np.sort(score))
    assert reliability.value.tolist() == [0, 0, 1, 1, 0, 1]


def test_a_right_probability_lies_in_the_band_of_its_reliability() -> None:
    rng = np.random.default_rng(8)
    score = rng.uniform(size=6000)
    curve = reliability_curve(rng.uniform(size=6000) < score, score, np.arange(6000) % 200)
    assert ((curve.low <= curve.x) & (curve.x <= curve.high)).mean() > 0.7
    assert np.abs(curve.value - curve.x).max() < 0.08
    assert curve.to_json()["x"][0] == round(float(curve.x[0]), 5)


def test_one_place_gives_a_curve_without_a_band() -> None:
    truth, p, places = simulated_outcome(classes=2, rows=50, places=1, seed=2)
    curve = roc_curve(truth == 1, p[:, 1], places)
    assert np.isfinite(curve.value).all()
    assert np.isnan(curve.low).all()
    assert curve.to_json()["high"] == [None] * len(FALSE_POSITIVE_RATES)


def test_a_class_that_does_not_occur_has_no_curves() -> None:
    truth, p, places = simulated_outcome(classes=3, rows=200, places=10, seed=4)
    is_class = np.minimum(truth, 1) == 2
    assert np.isnan(precision_recall_curve(is_class, p[:, 2], places).value).all()
    assert np.isnan(roc_curve(is_class, p[:, 2], places).high).all()
