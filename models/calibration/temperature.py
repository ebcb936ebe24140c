"""Temperature scaling: class probabilities that are made as sure as they should be. No network, no files.

One number divides the logits (Guo et al. 2017, arXiv 1706.04599), fitted on places that the model did not learn from. A
bias for each class may be fitted with it (Alexandari et al. 2020, arXiv 1901.06852, "bias-corrected temperature
scaling"), where classes are more or less common than they were in training. The loss is convex in both.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy  # loads scipy.optimize when it is first used, in fitting
from numpy.typing import NDArray

from core.errors import InvalidOption
from models.metrics.class_scores import SMALLEST, Array, Codes, allowed_classes

NEUTRAL = 1.0
LIMITS = (0.05, 20.0)
"""Lowest and highest temperature: beyond, a model is always or never right, and its rows have no information."""
LARGEST_BIAS = 10.0
"""Of a class, either side: one that does not occur would be ruled out for ever."""


@dataclass(frozen=True, kw_only=True)
class Temperature:
    """What logits are divided by, and what is added then."""

    temperature: float
    """Above 1 the probabilities become less sure, below 1 surer; 1 = as the network predicts."""
    bias: tuple[float, ...] = ()
    """(K,) added to the divided logits, mean 0; empty = none. Moves the order of classes, the temperature does not."""

    def apply(self, probability: NDArray[Any]) -> NDArray[np.float32]:
        """Return (..., K) probabilities made as sure as they should be; NaN stays NaN.

        Args:
            probability: (..., K) rows of sum 1, or NaN.
        """
        return self.apply_logits(log_probability(probability))

    def apply_logits(self, logits: NDArray[Any]) -> NDArray[np.float32]:
        """Return (..., K) probabilities of (..., K) logits or logarithms of probabilities; NaN stays NaN."""
        scaled = np.asarray(logits, np.float64) / self.temperature
        if self.bias:
            scaled = scaled + np.asarray(self.bias)
        return np.exp(scaled - _log_sum(scaled)[..., None]).astype(np.float32)

    def to_json(self) -> dict[str, Any]:
        """Return the fields for a model card."""
        bias = {"bias": [round(b, 6) for b in self.bias]} if self.bias else {}
        return {"temperature": round(self.temperature, 6), **bias}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> "Temperature":
        """Read the fields of a model card."""
        return cls(temperature=float(content["temperature"]), bias=tuple(content.get("bias", ())))


def log_probability(probability: NDArray[Any]) -> Array:
    """Return logarithms of probabilities, which stand in for logits; those below SMALLEST as if they were that."""
    return np.log(np.maximum(np.asarray(probability, np.float64), SMALLEST))


def fit_temperature(truth: NDArray[Any], logits: NDArray[Any], *, weight: Array | None = None) -> Temperature:
    """Fit the temperature with the least log loss; 1 where none is better.

    Args:
        truth: (N,) class 0..K-1 of rows in places that the model did not learn from; -2 - k = known not to be class k.
        logits: (N, K) or logarithms of probabilities, finite.
        weight: (N,) of each row, for places to count the same; None = every row counts the same.

    Raises:
        InvalidOption: the arrays do not fit each other.
    """
    y, z, w = _check(truth, logits, weight)
    allowed = allowed_classes(y, z.shape[1])
    low, high = np.log(LIMITS)
    found = scipy.optimize.minimize_scalar(
        lambda t: _loss(z / np.exp(t), allowed, w), bounds=(low, high), method="bounded", options={"xatol": 1e-6}
    )
    return _better(Temperature(temperature=float(np.exp(found.x))), allowed, z, w)


def fit_temperature_and_bias(truth: NDArray[Any], logits: NDArray[Any], *, weight: Array | None = None) -> Temperature:
    """Fit temperature and a bias for each class with the least log loss; temperature 1 alone where none is better.

    Args, Raises: as `fit_temperature`. Takes more rows than a temperature alone: K numbers in place of one.
    """
    y, z, w = _check(truth, logits, weight)
    classes = z.shape[1]
    allowed = allowed_classes(y, classes)

    def loss(x: Array) -> tuple[float, Array]:
        scaled = z * x[0] + x[1:]
        off = (_share(scaled) - _share(np.where(allowed, scaled, -np.inf))) * w[:, None]
        return _loss(scaled, allowed, w), np.concatenate([[(off * z).sum()], off.sum(axis=0)])

    bounds = [(1 / LIMITS[1], 1 / LIMITS[0])] + [(-LARGEST_BIAS, LARGEST_BIAS)] * classes
    found = scipy.optimize.minimize(loss, np.eye(classes + 1)[0], jac=True, method="L-BFGS-B", bounds=bounds).x
    bias = found[1:] - found[1:].mean()
    return _better(Temperature(temperature=float(1 / found[0]), bias=tuple(bias.tolist())), allowed, z, w)


def _check(truth: NDArray[Any], logits: NDArray[Any], weight: Array | None) -> tuple[Codes, Array, Array]:
    y, z = np.asarray(truth), np.asarray(logits, np.float64)
    w = np.ones(len(z)) if weight is None else np.asarray(weight, np.float64)
    if z.ndim != 2 or z.shape[1] < 2 or not len(z) or y.shape != (len(z),) or w.shape != y.shape:
        raise InvalidOption(
            "logits", f"shape {z.shape}", "truth and weight have an entry for each row, and a column is a class"
        )
    if not np.isfinite(z).all():
        raise InvalidOption("logits", "NaN or infinite", "leave unseen rows out, and use log_probability for zeros")
    is_whole = y.dtype.kind in "iub"
    if not is_whole or y.min() < -1 - z.shape[1] or (y == -1).any() or y.max() >= z.shape[1]:
        reason = f"classes are whole numbers from 0 to {z.shape[1] - 1}, or -2 - k of rows that are not of class k"
        raise InvalidOption("truth", y.dtype, reason)
    return y.astype(np.int64), z, w / w.sum()


def _better(found: Temperature, allowed: NDArray[np.bool_], z: Array, w: Array) -> Temperature:
    """Return the calibration found, or the identity where that has the lower loss."""
    fitted = _loss(z / found.temperature + np.asarray(found.bias or 0.0), allowed, w)
    return found if fitted < _loss(z, allowed, w) else Temperature(temperature=NEUTRAL)


def _loss(logits: Array, allowed: NDArray[np.bool_], w: Array) -> float:
    """Return the weighted log loss of the classes that are allowed, in nats; weights of sum 1."""
    return float(w @ (_log_sum(logits) - _log_sum(np.where(allowed, logits, -np.inf))))


def _share(logits: Array) -> Array:
    return np.asarray(np.exp(logits - _log_sum(logits)[..., None]))


def _log_sum(logits: Array) -> Array:
    """Return (...,) the logarithm of the sum of exponentials over classes."""
    top = logits.max(axis=-1)
    return np.asarray(top + np.log(np.exp(logits - top[..., None]).sum(axis=-1)))
