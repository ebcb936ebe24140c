"""Simulated class probabilities and truths, with places that are easier or harder than others."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Outcome = tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]


def simulated_outcome(
    *, classes: int, rows: int, places: int, seed: int, sureness: float = 1.0, place_spread: float = 0.4
) -> Outcome:
    """Return truth (N,), probabilities (N, K) and places (N,); the probabilities are right at a sureness of 1."""
    rng = np.random.default_rng(seed)
    place = rng.integers(0, places, rows)
    logits = 1.5 * rng.normal(size=(rows, classes)) + place_spread * rng.normal(size=(places, classes))[place]
    truth = (rng.uniform(size=rows)[:, None] > np.cumsum(softmax(logits), axis=1)).sum(axis=1)
    return np.minimum(truth, classes - 1).astype(np.int64), softmax(sureness * logits), place.astype(np.int64)


def softmax(logits: NDArray[Any]) -> NDArray[np.float64]:
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True))
