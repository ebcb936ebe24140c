"""Out-of-fold predictions for tests, whose calibration is known."""

import numpy as np

from training.out_of_fold import OutOfFold


def binary_rows(rng: np.random.Generator, *, sharpness: float, count: int = 3000) -> OutOfFold:
    """Rows of two classes in five folds; the logits are `sharpness` times as sure as they should be."""
    logit = rng.normal(0, 2, count)
    truth = (rng.random(count) < 1 / (1 + np.exp(-logit))).astype(np.int64)
    return OutOfFold(
        logits=np.stack([np.zeros(count), sharpness * logit], axis=1).astype(np.float32),
        labels=truth,
        places=np.array([f"b{i % 40}" for i in range(count)]),
        sets=np.full(count, "user"),
        fold=np.arange(count) % 5,
        states=np.zeros((count, 2), np.float32),
        weight=np.ones(count),
        row=np.arange(count),
        evidence=np.ones((count, 7)),
        is_cut=np.zeros(count, bool),
    )
