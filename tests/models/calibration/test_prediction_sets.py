"""Prediction sets: thresholds worked by hand, the coverage that is promised, and bit masks."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from core.errors import InvalidOption
from models.calibration.prediction_sets import (
    KINDS,
    MASK_UNSEEN,
    MOST_CLASSES,
    Kind,
    PredictionSets,
    fit,
    measure_coverage,
    scores,
    to_mask,
)
from models.metrics.class_scores import Array
from tests.models.outcomes import simulated_outcome


def two_class(second: Array) -> Array:
    return np.stack([1 - second, second], axis=1)


def test_the_threshold_leaves_out_as_many_places_as_it_may_one_counted_in() -> None:
    given = np.linspace(0.05, 0.95, 19)  # scores 0.95 ... 0.05, one place each
    truth = np.ones(19, int)
    found = fit(truth, two_class(given), np.arange(19), coverage=0.9)
    assert found.threshold[0] == pytest.approx(0.9)  # the 18th of 19, as 0.9 x 20 = 18
    assert found.kind == "lac"
    assert fit(truth, two_class(given), np.arange(19), coverage=0.6).threshold[0] == pytest.approx(0.6)
    low = fit(truth, two_class(given), np.arange(19), coverage=0.4)
    assert low.threshold[0] == 0  # the most probable class will do


def test_places_weigh_the_same_however_many_rows_they_have() -> None:
    small, large = np.linspace(0.5, 0.9, 9), np.full(500, 0.1)  # one place of 500 hard rows among nine easy ones
    given, places = np.concatenate([small, large]), np.concatenate([np.arange(9), np.full(500, 9)])
    truth = np.ones(509, int)
    assert fit(truth, two_class(given), places, coverage=0.8).threshold[0] == 0
    assert fit(truth, two_class(given), np.arange(509), coverage=0.8).threshold[0] == pytest.approx(0.9)


@pytest.mark.parametrize("kind", KINDS)
def test_with_too_few_places_every_class_is_let_in(kind: Kind) -> None:
    truth, p, places = simulated_outcome(classes=3, rows=400, places=8, seed=0)
    few = fit(truth, p, places, kind=kind)
    assert few.threshold == (1.0,)
    assert few.sets(p).all()
    assert few.sets(np.eye(3)).all()
    assert fit(truth, p, np.arange(400), kind=kind).threshold[0] < 1


@pytest.mark.parametrize("kind", KINDS)
def test_new_places_are_covered_as_often_as_stated(kind: Kind) -> None:
    measured, sizes = [], []
    for seed in range(20):
        truth, p, places = simulated_outcome(classes=4, rows=3000, places=120, seed=seed, sureness=1.7, place_spread=1)
        is_fit = places < 60
        found = fit(truth[is_fit], p[is_fit], places[is_fit], kind=kind)
        report = measure_coverage(found, truth[~is_fit], p[~is_fit], places[~is_fit])
        measured.append(report.by_place)
        sizes.append(report.size.value)
    assert 0.895 < np.mean(measured) < 0.915
    assert 1 < np.mean(sizes) < 3.5


def test_lac_sets_are_smaller_than_aps_sets_at_the_same_coverage() -> None:
    truth, p, places = simulated_outcome(classes=4, rows=4000, places=400, seed=3, place_spread=0)
    size = {kind: measure_coverage(fit(truth, p, places, kind=kind), truth, p, places).size.value for kind in KINDS}
    assert size["lac"] < size["aps"]


def test_of_two_classes_both_kinds_give_the_same_sets() -> None:
    truth, p, places = simulated_outcome(classes=2, rows=1000, places=100, seed=8)
    lac, aps = (fit(truth, p, places, kind=kind) for kind in KINDS)
    assert 0.5 < lac.threshold[0] < 1
    assert lac.threshold == pytest.approx(aps.threshold)
    assert (lac.sets(p) == aps.sets(p)).mean() > 0.999  # but for rounding at the threshold


def test_a_card_may_have_a_threshold_for_each_class() -> None:
    found = PredictionSets.from_json({"coverage": 0.9, "kind": "lac", "threshold": [0.3, 0.6, 1.0]})
    p = np.array([[0.5, 0.35, 0.15], [0.2, 0.7, 0.1]])
    assert found.sets(p).tolist() == [[True, False, True], [False, True, True]]
    assert found.to_json()["threshold"] == [0.3, 0.6, 1.0]


def test_scores_are_worked_by_hand_ties_together() -> None:
    p = np.array([[0.5, 0.2, 0.3], [0.25, 0.5, 0.25]])
    np.testing.assert_allclose(scores(p, "aps"), [[0, 0.8, 0.5], [0.5, 0, 0.5]])
    np.testing.assert_allclose(scores(p, "lac"), [[0, 0.8, 0.7], [0.75, 0, 0.75]])


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.integers(2, 6), st.sampled_from(KINDS), st.floats(0.05, 0.95))
def test_no_set_is_empty_and_sets_grow_with_the_coverage(seed: int, classes: int, kind: Kind, coverage: float) -> None:
    truth, p, places = simulated_outcome(classes=classes, rows=80, places=40, seed=seed)
    small = fit(truth, p, places, coverage=coverage, kind=kind)
    large = fit(truth, p, places, coverage=(1 + coverage) / 2, kind=kind)
    chosen = small.sets(p)
    assert chosen[np.arange(80), p.argmax(axis=1)].all()
    assert (chosen <= large.sets(p)).all()
    is_in = np.where(chosen, p, np.inf).min(axis=1)  # what is left out is less probable than all that is in
    assert (np.where(chosen, -np.inf, p).max(axis=1) < is_in).all()
    assert measure_coverage(small, truth, p, places).by_place >= coverage - 1e-9


def test_sets_of_unseen_pixels_are_empty_and_shapes_stay() -> None:
    found = PredictionSets(coverage=0.9, kind="lac", threshold=(0.75,))
    p = np.full((2, 3, 3), np.nan)
    p[0, 1] = [0.25, 0.7, 0.05]
    expected = np.zeros((2, 3, 3), bool)
    expected[0, 1, :2] = True
    np.testing.assert_array_equal(found.sets(p), expected)
    mask = to_mask(found.sets(p))
    assert mask.dtype == np.uint8
    assert mask.tolist() == [[255, 3, 255], [255, 255, 255]]


@settings(max_examples=60)
@given(
    st.integers(2, MOST_CLASSES).flatmap(
        lambda k: arrays(bool, st.tuples(array_shapes(max_dims=2), st.just(k)).map(lambda s: (*s[0], s[1])))
    )
)
def test_each_class_is_a_bit_of_the_mask(sets: np.ndarray) -> None:
    mask = to_mask(sets)
    bits = np.stack([mask // 2**k % 2 == 1 for k in range(sets.shape[-1])], axis=-1) & (mask != MASK_UNSEEN)[..., None]
    np.testing.assert_array_equal(bits, sets)
    np.testing.assert_array_equal(mask == MASK_UNSEEN, ~sets.any(axis=-1))


def test_eight_classes_do_not_fit_beside_nodata() -> None:
    with pytest.raises(InvalidOption, match="at most 7"):
        to_mask(np.ones((2, 8), bool))


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (
            PredictionSets(coverage=0.9, kind="lac", threshold=(0.62,)),
            {"coverage": 0.9, "kind": "lac", "threshold": 0.62},
        ),
        (
            PredictionSets(coverage=0.8, kind="aps", threshold=(0.5, 1.0)),
            {"coverage": 0.8, "kind": "aps", "threshold": [0.5, 1.0]},
        ),
    ],
)
def test_the_json_form_reads_back(found: PredictionSets, expected: dict[str, object]) -> None:
    assert found.to_json() == expected
    assert PredictionSets.from_json(json.loads(json.dumps(expected))) == found


def test_what_was_fitted_still_covers_its_own_rows_after_json() -> None:
    truth, p, places = simulated_outcome(classes=3, rows=500, places=50, seed=6)
    p = p.astype(np.float32)
    found = fit(truth, p, places)
    read = PredictionSets.from_json(json.loads(json.dumps(found.to_json())))
    np.testing.assert_array_equal(read.sets(p), found.sets(p))


def test_the_report_is_worked_by_hand() -> None:
    truth, places = np.array([0, 1, 2, 2]), np.array(["a", "a", "a", "b"])
    p = np.array([[0.6, 0.3, 0.1], [0.5, 0.2, 0.3], [0.1, 0.4, 0.5], [0.8, 0.1, 0.1]])
    report = measure_coverage(PredictionSets(coverage=0.9, kind="lac", threshold=(0.7,)), truth, p, places)
    assert report.measured.value == pytest.approx(2 / 4)
    assert report.by_place == pytest.approx((2 / 3 + 0) / 2)
    assert [c.value for c in report.by_class] == [1, 0, 0.5]
    assert report.size.value == pytest.approx((2 + 2 + 2 + 1) / 4)
    assert report.sizes == (0.25, 0.75, 0)
    assert report.stated == 0.9


def test_what_there_is_not_is_refused() -> None:
    truth, p, places = simulated_outcome(classes=3, rows=50, places=10, seed=7)
    for coverage in (0, 1, 90):
        with pytest.raises(InvalidOption, match="between 0 and 1"):
            fit(truth, p, places, coverage=coverage)
    with pytest.raises(InvalidOption, match="one of lac, aps"):
        fit(truth, p, places, kind="raps")  # type: ignore[arg-type]
    with pytest.raises(InvalidOption, match="one of lac, aps"):
        PredictionSets.from_json({"coverage": 0.9, "kind": "raps", "threshold": 0.5})
    with pytest.raises(InvalidOption, match="each of the 3 classes"):
        measure_coverage(PredictionSets(coverage=0.9, kind="lac", threshold=(0.5, 0.5)), truth, p, places)
