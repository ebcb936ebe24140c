"""Calibration by evidence."""

import numpy as np
import pytest

from models.calibration.evidence_scaling import EvidenceScaling, fit_evidence_scaling, from_temperature, neutral
from models.calibration.temperature import Temperature


def rows(count: int = 6000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return truth, logits and evidence (N, 1): where it is 0 the logits say nothing, where it is 1 they are right."""
    rng = np.random.default_rng(0)
    known = rng.random(count).round()
    logit = rng.normal(0.4, 2, count)
    truth = np.where(known > 0, rng.random(count) < 1 / (1 + np.exp(-logit)), rng.random(count) < 0.3)
    return truth.astype(int), np.stack([np.zeros(count), logit], axis=1), known[:, None]


def test_without_evidence_probabilities_go_to_the_base_rate_and_stay_where_there_is_some() -> None:
    truth, logits, known = rows()
    found = fit_evidence_scaling(truth, logits, known, weight=np.ones(len(truth)), has_biases=True)
    probability = found.apply_logits(logits, known)[:, 1]
    silent = known[:, 0] == 0
    assert np.abs(probability[silent] - 0.3).mean() < 0.1
    assert probability[silent].mean() == pytest.approx(0.3, abs=0.03)
    expected = 1 / (1 + np.exp(-logits[~silent, 1]))
    assert np.abs(probability[~silent] - expected).mean() < 0.04


def test_sharpness_alone_never_moves_the_order_of_classes() -> None:
    truth, logits, known = rows()
    found = fit_evidence_scaling(truth, logits, known, weight=np.ones(len(truth)), has_biases=False)
    np.testing.assert_array_equal(found.apply_logits(logits, known).argmax(axis=1), logits.argmax(axis=1))


def test_rows_known_only_not_to_be_of_a_class_teach_too() -> None:
    truth, logits, known = rows()
    wide = np.column_stack([logits, np.full(len(logits), -1.0)])
    partial = np.where(truth == 1, -2, truth)  # not class 0
    found = fit_evidence_scaling(partial, wide, known, weight=np.ones(len(truth)), has_biases=True)
    assert np.isfinite(found.apply_logits(wide, known)).all()


def test_a_card_keeps_it_and_probabilities_sum_to_one() -> None:
    truth, logits, known = rows(500)
    found = fit_evidence_scaling(truth, logits, known, weight=np.ones(len(truth)), has_biases=True)
    again = EvidenceScaling.from_json(found.to_json())
    given = found.apply_logits(logits, known)
    np.testing.assert_allclose(again.apply_logits(logits, known), given, atol=1e-5)
    np.testing.assert_allclose(given.sum(axis=1), 1, atol=1e-6)
    assert np.isnan(found.apply_logits(np.full((1, 2), np.nan), known[:1])).all()


def test_a_temperature_is_a_scaling_that_looks_at_nothing() -> None:
    _, logits, known = rows(50)
    flat = Temperature(temperature=1.7, bias=(0.2, -0.2))
    same = from_temperature(flat, 2, 1)
    np.testing.assert_allclose(same.apply_logits(logits, known), flat.apply_logits(logits), atol=1e-6)
    nothing = neutral(2, 1).apply_logits(logits, known)
    np.testing.assert_allclose(nothing, Temperature(temperature=1.0).apply_logits(logits), atol=1e-6)
