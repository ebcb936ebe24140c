"""Temperature scaling: what it finds, and what it leaves as it is."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InvalidOption
from models.calibration.temperature import (
    LIMITS,
    Temperature,
    fit_temperature,
    fit_temperature_and_bias,
    log_probability,
)
from models.metrics.class_scores import Array, log_losses, score_classes
from tests.models.outcomes import simulated_outcome, softmax

SEEDS = st.integers(0, 10_000)


@pytest.mark.parametrize("sureness", [0.5, 1.0, 2.5])
def test_the_temperature_is_how_much_too_sure_the_model_was(sureness: float) -> None:
    truth, p, places = simulated_outcome(classes=3, rows=4000, places=400, seed=0, sureness=sureness, place_spread=0)
    found = fit_temperature(truth, log_probability(p))
    assert found.temperature == pytest.approx(sureness, rel=0.06)
    assert found.bias == ()
    before, after = score_classes(truth, p, places), score_classes(truth, found.apply(p), places)
    assert after.ece.value < 0.03
    if sureness != 1:
        assert after.ece.value < before.ece.value / 2
        assert after.log_loss.value < before.log_loss.value


@settings(max_examples=40)
@given(SEEDS, st.integers(2, 5), st.floats(0.2, 4))
def test_the_order_of_classes_stays_and_the_loss_is_no_worse_where_it_was_fitted(
    seed: int, classes: int, sureness: float
) -> None:
    truth, p, _ = simulated_outcome(classes=classes, rows=60, places=6, seed=seed, sureness=sureness)
    found = fit_temperature(truth, log_probability(p))
    scaled = found.apply(p)
    assert LIMITS[0] <= found.temperature <= LIMITS[1]
    np.testing.assert_allclose(scaled.sum(axis=1), 1, atol=1e-5)
    before, after = np.sort(p, axis=1), np.take_along_axis(scaled, np.argsort(p, axis=1), axis=1)
    assert (np.diff(after, axis=1) >= 0).all()
    assert (np.diff(before, axis=1) >= 0).all()
    assert log_losses(truth, scaled.astype(float)).mean() <= log_losses(truth, p).mean() + 1e-6
    if classes == 2:  # of two classes rows keep their order too, so that no ROC curve moves
        assert (np.diff(scaled[np.argsort(p[:, 1]), 1]) >= 0).all()


@settings(max_examples=25)
@given(SEEDS, st.integers(2, 4))
def test_biases_are_no_worse_than_a_temperature_alone_where_they_were_fitted(seed: int, classes: int) -> None:
    truth, p, _ = simulated_outcome(classes=classes, rows=80, places=8, seed=seed, sureness=2)
    logits = log_probability(p)
    losses = [
        log_losses(truth, fit(truth, logits).apply(p).astype(float)).mean()
        for fit in (fit_temperature_and_bias, fit_temperature)
    ]
    assert losses[0] <= losses[1] + 1e-4


def test_biases_undo_a_class_that_is_rarer_than_in_training() -> None:
    truth, p, _ = simulated_outcome(classes=3, rows=5000, places=500, seed=1, place_spread=0)
    shifted = softmax(2 * log_probability(p) + np.array([0.0, 0.0, 1.2]))
    found = fit_temperature_and_bias(truth, log_probability(shifted))
    assert found.temperature == pytest.approx(2, rel=0.06)
    np.testing.assert_allclose(found.bias, np.array([0.2, 0.2, -0.4]), atol=0.1)
    np.testing.assert_allclose(found.apply(shifted), p, atol=0.05)


def test_weights_count_rows_again() -> None:
    truth, p, _ = simulated_outcome(classes=3, rows=200, places=20, seed=2, sureness=2)
    weight = np.random.default_rng(0).integers(0, 3, 200)
    again = np.repeat(np.arange(200), weight)
    for fit in (fit_temperature, fit_temperature_and_bias):
        weighted = fit(truth, log_probability(p), weight=weight.astype(float))
        repeated = fit(truth[again], log_probability(p[again]))
        assert weighted.temperature == pytest.approx(repeated.temperature, rel=1e-3)


def test_a_model_that_is_always_or_never_right_is_kept_within_limits() -> None:
    p = simulated_outcome(classes=3, rows=100, places=5, seed=3)[1]
    assert LIMITS[0] <= fit_temperature(p.argmax(axis=1), log_probability(p)).temperature < 0.2
    assert 5 < fit_temperature(p.argmin(axis=1), log_probability(p)).temperature <= LIMITS[1]
    assert np.isfinite(fit_temperature_and_bias(np.zeros(100, int), log_probability(p)).bias).all()


def test_probabilities_of_zero_and_unseen_rows_come_through() -> None:
    p = np.array([[0.0, 1.0], [0.3, 0.7], [np.nan, np.nan]])
    scaled = Temperature(temperature=2.0).apply(p)
    assert 0 < scaled[0, 0] < 0.01
    assert scaled[1, 0] == pytest.approx(1 / (1 + (7 / 3) ** 0.5))
    assert np.isnan(scaled[2]).all()
    assert scaled.dtype == np.float32
    np.testing.assert_allclose(Temperature(temperature=1.0).apply(p), p, atol=1e-6)
    assert Temperature(temperature=2.0).apply(np.zeros((4, 5, 2)) + 0.5).shape == (4, 5, 2)


@pytest.mark.parametrize("found", [Temperature(temperature=1.25), Temperature(temperature=0.5, bias=(0.25, -0.25))])
def test_the_json_form_reads_back(found: Temperature) -> None:
    assert Temperature.from_json(json.loads(json.dumps(found.to_json()))) == found


TRUTH, LOGITS = np.array([0, 1]), np.array([[0.0, 1.0], [2.0, 0.0]])


@pytest.mark.parametrize(
    ("truth", "logits", "sentence"),
    [
        (TRUTH, LOGITS[:, 0], "a column is a class"),
        (TRUTH[:1], LOGITS, "an entry for each row"),
        (TRUTH, np.log(np.eye(2) + 0 * LOGITS, out=np.full((2, 2), -np.inf), where=np.eye(2) > 0), "log_probability"),
        (TRUTH + 1, LOGITS, "from 0 to 1"),
        (TRUTH * 1.0, LOGITS, "whole numbers"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(truth: Array, logits: Array, sentence: str) -> None:
    for fit in (fit_temperature, fit_temperature_and_bias):
        with pytest.raises(InvalidOption, match=sentence):
            fit(truth, logits)
