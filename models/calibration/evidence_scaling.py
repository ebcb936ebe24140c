"""Calibration by evidence: the less was seen of a series, the nearer its probabilities are to the base rate.

Logits are divided by a temperature and moved by a bias for each class, and both depend on what was seen (how many
months, which seasons and bands): vector scaling (Guo et al. 2017, arXiv 1706.04599) with covariates. Fitted on places
that the model did not learn from, with histories cut as users have them. No network, no files.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy  # loads scipy.optimize when it is first used, in fitting
from numpy.typing import NDArray

from models.calibration.temperature import Temperature
from models.metrics.class_scores import Array, allowed_classes

PENALTY = 2e-3
"""On the squares of the slopes: with few rows, evidence changes nothing."""
STEEPEST = 6.0


@dataclass(frozen=True, kw_only=True)
class EvidenceScaling:
    """What logits are multiplied by and what is added then, as functions of the evidence."""

    sharpness: tuple[float, ...]
    """(1 + E,) logarithm of the factor: a constant, and a slope for each column of the evidence."""
    bias: tuple[tuple[float, ...], ...]
    """(K, 1 + E) added to each class: a constant and slopes, over the classes of mean 0."""

    def apply_logits(self, logits: NDArray[Any], evidence: NDArray[Any]) -> NDArray[np.float32]:
        """Return (N, K) probabilities of (N, K) logits with (N, E) evidence; NaN stays NaN."""
        scaled = self.scaled(np.asarray(logits, np.float64), with_constant(evidence))
        top = scaled.max(axis=1, keepdims=True)
        shares = np.exp(scaled - top)
        return np.asarray(shares / shares.sum(axis=1, keepdims=True), np.float32)

    def scaled(self, logits: Array, given: Array) -> Array:
        """Return (N, K) logits of (N, 1 + E) evidence with a constant."""
        factor = np.exp(np.clip(given @ np.array(self.sharpness), -STEEPEST, STEEPEST))
        return np.asarray(logits * factor[:, None] + given @ np.array(self.bias).T)

    def to_json(self) -> dict[str, Any]:
        """Return the fields for a model card."""
        return {
            "sharpness": [round(v, 6) for v in self.sharpness],
            "bias": [[round(v, 6) for v in row] for row in self.bias],
        }

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> "EvidenceScaling":
        """Read the fields of a model card."""
        return cls(
            sharpness=tuple(float(v) for v in content["sharpness"]),
            bias=tuple(tuple(float(v) for v in row) for row in content["bias"]),
        )


def is_by_evidence(content: Mapping[str, Any]) -> bool:
    """Return whether the calibration on a card depends on what was seen."""
    return "sharpness" in content


def with_constant(evidence: NDArray[Any]) -> Array:
    """Return (N, 1 + E) with a column of ones in front."""
    return np.column_stack([np.ones(len(evidence)), np.asarray(evidence, np.float64)])


def fit_evidence_scaling(
    truth: NDArray[Any], logits: NDArray[Any], evidence: NDArray[Any], *, weight: Array, has_biases: bool
) -> EvidenceScaling:
    """Fit by the least log loss with a penalty on the slopes.

    Args:
        truth: (N,) class 0..K-1; -2 - k = known not to be class k.
        logits: (N, K) of places that the model did not learn from.
        evidence: (N, E) of each row.
        weight: (N,) of each row.
        has_biases: False = only the sharpness is fitted, which never moves the order of classes.
    """
    z, given, classes = np.asarray(logits, np.float64), with_constant(evidence), logits.shape[1]
    allowed, w = allowed_classes(np.asarray(truth), classes), weight / weight.sum()
    width = given.shape[1]

    def unpack(x: Array) -> EvidenceScaling:
        bias = x[width:].reshape(classes, width) if has_biases else np.zeros((classes, width))
        return EvidenceScaling(sharpness=tuple(x[:width]), bias=tuple(map(tuple, bias - bias.mean(axis=0))))

    def loss(x: Array) -> tuple[float, Array]:
        scaled = unpack(x).scaled(z, given)
        both, some = _log_sum(scaled), _log_sum(np.where(allowed, scaled, -np.inf))
        off = (np.exp(scaled - both[:, None]) - np.exp(np.where(allowed, scaled, -np.inf) - some[:, None])) * w[:, None]
        factor = np.exp(np.clip(given @ x[:width], -STEEPEST, STEEPEST))
        by_sharpness = given.T @ ((off * z).sum(axis=1) * factor)
        by_bias = (off - off.mean(axis=1, keepdims=True)).T @ given if has_biases else np.empty(0)
        slopes = np.concatenate([[0.0], x[1:width], _without_constants(x[width:], width)])
        gradient = np.concatenate([by_sharpness, by_bias.ravel()])
        return float(w @ (both - some) + PENALTY * (slopes**2).sum()), gradient + 2 * PENALTY * slopes

    start = np.zeros(width + classes * width * has_biases)
    found = scipy.optimize.minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 500}).x
    return unpack(found)


def neutral(classes: int, columns: int) -> EvidenceScaling:
    """Return the scaling that changes nothing."""
    return EvidenceScaling(sharpness=(0.0,) * (1 + columns), bias=((0.0,) * (1 + columns),) * classes)


def from_temperature(scaling: Temperature, classes: int, columns: int) -> EvidenceScaling:
    """Return a scaling that does not depend on the evidence."""
    bias = scaling.bias or (0.0,) * classes
    flat = (0.0,) * columns
    return EvidenceScaling(
        sharpness=(-float(np.log(scaling.temperature)), *flat), bias=tuple((float(b), *flat) for b in bias)
    )


def _without_constants(flat: Array, width: int) -> Array:
    """Return biases with those that do not depend on the evidence at 0, so that they are not penalised."""
    slopes = flat.copy()
    slopes[::width] = 0.0
    return slopes


def _log_sum(scaled: Array) -> Array:
    top = scaled.max(axis=1)
    return np.asarray(top + np.log(np.exp(scaled - top[:, None]).sum(axis=1)))
