"""Figures of a validation, the facts of its card, and both as JSON."""

import json
from dataclasses import replace

import numpy as np
import pytest

from core.errors import InvalidOption
from evaluation.validation.figures import (
    PartFigures,
    Validation,
    card_facts,
    measure,
    training_sets,
    validation_json,
)
from models.metrics.class_scores import score_classes
from tests.evaluation.validation.validations import CLASSES, card, part, validation


@pytest.fixture(scope="module")
def figures() -> tuple[PartFigures, ...]:
    return measure(validation())


def test_scores_are_those_of_the_rows_of_each_part(figures: tuple[PartFigures, ...]) -> None:
    assert [p.title for p in figures] == ["real sites", "made waves", "another real cube"]
    own = validation().parts[2]
    scores = score_classes(own.truth, own.probability, own.places)
    assert figures[2].scores.macro_f1 == scores.macro_f1
    assert figures[2].scores.places == 6


def test_the_area_of_applicability_has_shares_and_accuracies(figures: tuple[PartFigures, ...]) -> None:
    own, area = validation().parts[0], figures[0].area
    assert area is not None
    is_right = own.probability.argmax(axis=1) == own.truth
    assert own.is_inside is not None
    assert area.inside.value == pytest.approx(0.9)
    assert area.accuracy_outside.value == pytest.approx(is_right[~own.is_inside].mean())
    assert figures[1].area is None


def test_curves_are_of_every_class_and_of_two_of_the_second() -> None:
    crop = part("points", classes=("other", "crop"), rows=60)
    (two,) = measure(Validation(name="x", card={}, parts=(crop,)))
    assert [c.name for c in two.curves] == ["crop"]
    (three,) = measure(Validation(name="x", card={}, parts=(part("points", rows=60),)))
    assert [c.name for c in three.curves] == list(CLASSES)


def test_prediction_sets_of_another_number_of_classes_are_not_measured() -> None:
    sets = {"prediction_sets": {"coverage": 0.9, "kind": "lac", "threshold": [0.5, 0.5, 0.5]}}
    two = part("points", classes=("other", "crop"), rows=60)
    assert measure(Validation(name="x", card=sets, parts=(two,)))[0].coverage is None
    assert measure(Validation(name="x", card=sets, parts=(part("points", rows=60),)))[0].coverage is not None


def test_the_facts_of_a_card_are_texts_in_order_and_absent_ones_are_left_out() -> None:
    facts = card_facts(validation())
    assert facts[:3] == [
        ("Model", "canopy-x"),
        ("sha256 of weights.safetensors", "a" * 64),
        ("sha256 of network.onnx", "b" * 64),
    ]
    assert ("Parameters", "964,247") in facts
    assert facts[-1][1].startswith("lac, coverage 0.9, threshold 0.")
    assert "Licence" not in dict(facts)
    assert card_facts(Validation(name="x", card={"sha256": "c" * 64}, parts=())) == [
        ("Model", "x"),
        ("sha256 of the weights", "c" * 64),
    ]


def test_real_and_simulated_training_sets_are_apart() -> None:
    assert training_sets(validation(), is_simulated=False) == "sites (1,056 series)"
    assert training_sets(validation(), is_simulated=True) == "waves (6,000 series)"
    assert training_sets(replace(validation(), card={}), is_simulated=True) == ""


def test_json_is_rounded_and_null_where_a_figure_is_not_defined() -> None:
    given = Validation(name="x", card=card(), parts=(part("points", rows=60, places=1),))
    content = validation_json(given, measure(given))
    accuracy = content["real"][0]["scores"]["accuracy"]
    assert accuracy["low"] is None  # one place cannot be resampled
    assert accuracy["value"] == round(accuracy["value"], 6)
    assert content["simulated"] == []
    json.dumps(content, allow_nan=False)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"classes": ("a", "b")}, "'points' has probabilities of 3"),
        ({"is_inside": np.ones(3, bool)}, "each of 40 rows"),
        ({"truth": np.ones(3, int)}, "each of the 40 rows"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(change: dict[str, object], sentence: str) -> None:
    with pytest.raises(InvalidOption, match=sentence):
        measure(Validation(name="x", card={}, parts=(replace(part("points", rows=40), **change),)))


def test_a_validation_without_data_is_refused() -> None:
    with pytest.raises(InvalidOption, match="at least one data set"):
        measure(Validation(name="x", card={}, parts=()))
