"""What models of folds said of own labels: its scores, and the temperature and threshold for the card. No network."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.bands import Floats
from models.class_calibration import fit_temperature
from models.class_metrics import Codes, score_classes

THRESHOLDS = np.arange(5, 96) / 100
"""Tried for the probability of the second of two classes."""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What models said of labels in blocks that they had not learned from."""

    logits: Floats
    """(N, K) each by the model of its fold."""
    fold: NDArray[np.int64]
    """(N,) fold of each series; at least two."""
    truth: Codes
    """(N,) class of each series."""
    places: NDArray[np.str_]
    """(N,) block of each series."""
    classes: tuple[str, ...]
    steps: tuple[int, ...]
    """Step at which each fold's model was best."""

    @property
    def is_binary(self) -> bool:
        """Tell whether there are two classes, and so a threshold."""
        return len(self.classes) == 2

    def calibrated(self) -> tuple[Floats, Codes]:
        """Return (N, K) probabilities and (N,) called classes, each fold by what the other folds give.

        Neither the temperature nor the threshold of a fold has so seen its labels.
        """
        share = np.zeros_like(self.logits)
        called = np.zeros(len(self.truth), np.int64)
        for number in range(int(self.fold.max()) + 1):
            mine, others = self.fold == number, self.fold != number
            temperature = fit_temperature(self.truth[others], self.logits[others])
            share[mine] = temperature.apply_logits(self.logits[mine])
            threshold = None
            if self.is_binary:
                threshold = choose_threshold(temperature.apply_logits(self.logits[others]), self.truth[others])
            called[mine] = call(share[mine], threshold)
        return share, called


def assess(judged: Judged) -> dict[str, Any]:
    """Return scores of the folds' models as texts, with 95 % intervals over blocks drawn again.

    Of two classes, figures named after a class are those of the second one, called so from the threshold on.
    """
    share, called = judged.calibrated()
    return {"folds": int(judged.fold.max()) + 1} | score(share, called, judged.truth, judged.places, judged.classes)


def score(
    share: Floats, called: Codes, truth: Codes, places: NDArray[np.str_], classes: tuple[str, ...]
) -> dict[str, Any]:
    """Return figures of (N, K) probabilities and of the (N,) classes called, as `assess` does."""
    found = score_classes(truth, share, places)
    decided = score_classes(truth, np.eye(len(classes))[called], places)
    texts = {}
    for code, name in enumerate(classes):
        if code or len(classes) > 2:
            texts[f"roc_auc_{name}"] = str(found.classes[code].roc_auc)
            texts[f"pr_auc_{name}"] = str(found.classes[code].pr_auc)
            texts[f"f1_{name}"] = str(decided.classes[code].f1)
    texts["balanced_accuracy"] = str(decided.balanced_accuracy)
    texts["brier"], texts["ece"] = str(found.brier), str(found.ece)
    return {"series": found.count, "blocks": found.places, **texts, "confusion": decided.confusion.tolist()}


def calibrate(judged: Judged) -> dict[str, float]:
    """Return the temperature, and of two classes the threshold, that all folds together give."""
    temperature = fit_temperature(judged.truth, judged.logits)
    if not judged.is_binary:
        return {"temperature": round(temperature.temperature, 4)}
    threshold = choose_threshold(temperature.apply_logits(judged.logits), judged.truth)
    return {"temperature": round(temperature.temperature, 4), "threshold": threshold}


def choose_threshold(share: Floats, truth: Codes) -> float:
    """Return the probability of the second class from which on calling it gives the best F1; of equals nearest 0.5.

    Args:
        share: (N, 2); truth: (N,).
    """
    is_so = truth == 1
    called = share[:, 1][None] >= THRESHOLDS[:, None]  # (thresholds, N)
    hits = (called & is_so).sum(axis=1)
    scores = 2 * hits / np.maximum(called.sum(axis=1) + is_so.sum(), 1)
    best = THRESHOLDS[scores >= scores.max() - 1e-9]
    return float(best[np.abs(best - 0.5).argmin()])


def call(share: Floats, threshold: float | None) -> Codes:
    """Return (N,) the class called: of two by a threshold on the second, of more the most probable."""
    if threshold is None:
        return np.asarray(share.argmax(axis=1), np.int64)
    return np.asarray(share[:, 1] >= threshold, np.int64)
