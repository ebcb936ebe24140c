"""What models of folds said of own labels: what is called, its scores, and the threshold for the card. No network."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.bands import Floats
from models.calibration.temperature import Temperature, fit_temperature_and_bias
from models.metrics.class_scores import Codes, score_classes
from training.cross_validate import Judged

THRESHOLDS = np.arange(5, 96) / 100
"""Tried for the probability of the second of two classes."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What was said of labels in blocks that were not learned from, each fold by what the other folds give.

    Neither the calibration nor the threshold of a fold has so seen its labels.
    """

    judged: Judged
    share: Floats
    """(N, K) calibrated probabilities."""
    called: Codes
    """(N,) class called."""
    classes: tuple[str, ...]

    @property
    def is_binary(self) -> bool:
        """Tell whether there are two classes, and so a threshold."""
        return len(self.classes) == 2

    @property
    def folds(self) -> int:
        """Return how many folds there are."""
        return int(self.judged.fold.max()) + 1


def decide(judged: Judged, classes: tuple[str, ...]) -> Outcome:
    """Calibrate each fold's probabilities, and call its classes, by the other folds."""
    share = np.zeros(judged.logits.shape, np.float32)
    called = np.zeros(len(judged.labels), np.int64)
    for number in np.unique(judged.fold):
        mine, others = judged.fold == number, judged.take(judged.fold != number)
        scaling = fit_temperature_and_bias(others.labels, others.logits)
        share[mine] = scaling.apply_logits(judged.logits[mine])
        called[mine] = call(share[mine], best_threshold(others, scaling) if len(classes) == 2 else None)
    return Outcome(judged=judged, share=share, called=called, classes=classes)


def assess(outcome: Outcome) -> dict[str, Any]:
    """Return scores of the folds' models as texts, with 95 % intervals over blocks drawn again.

    Of two classes, figures named after a class are those of the second one, called so from the threshold on.
    """
    judged = outcome.judged
    scores = score(outcome.share, outcome.called, judged.labels, judged.places, outcome.classes)
    return {"folds": outcome.folds} | scores


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


def best_threshold(judged: Judged, scaling: Temperature | None = None) -> float:
    """Return the threshold of two classes that all rows together give.

    Args:
        scaling: of their logits; None = that which is fitted on them.
    """
    scaling = scaling or fit_temperature_and_bias(judged.labels, judged.logits)
    return choose_threshold(scaling.apply_logits(judged.logits), judged.labels)


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
