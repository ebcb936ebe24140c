"""Evaluation of a model from user labels: out-of-fold classes, their scores, and the threshold for the card.

No network is run here.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.bands import Floats
from models.metrics.class_scores import Codes, score_classes
from training.out_of_fold import OutOfFold, calibrate_by_other_folds, fit_with_biases

THRESHOLDS = np.arange(5, 96) / 100
"""Tried for the probability of the second of two classes."""


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Out-of-fold predictions as probabilities and classes.

    The calibration and the threshold of each fold are fitted on the other folds, so neither has seen its labels.
    """

    found: OutOfFold
    probability: Floats
    """(N, K) calibrated."""
    predicted: Codes
    """(N,) class code."""
    classes: tuple[str, ...]

    @property
    def is_binary(self) -> bool:
        """Tell whether there are two classes, and so a threshold."""
        return len(self.classes) == 2

    @property
    def folds(self) -> int:
        """Return how many folds there are."""
        return int(self.found.fold.max()) + 1


def evaluate(found: OutOfFold, classes: tuple[str, ...]) -> Evaluation:
    """Calibrate the probabilities of each fold, and predict its classes, by the other folds."""
    probability = calibrate_by_other_folds(found, fit_with_biases)
    predicted = np.zeros(len(found.labels), np.int64)
    for number in np.unique(found.fold):
        is_here = found.fold == number
        threshold = best_threshold(found.take(~is_here)) if len(classes) == 2 else None
        predicted[is_here] = predict_codes(probability[is_here], threshold)
    return Evaluation(found=found, probability=probability, predicted=predicted, classes=classes)


def figures(evaluation: Evaluation) -> dict[str, Any]:
    """Return scores as texts, with 95 % intervals over blocks drawn again.

    Of two classes, figures named after a class are those of the second one, predicted from the threshold on.
    """
    found = evaluation.found
    scores = score(evaluation.probability, evaluation.predicted, found.labels, found.places, evaluation.classes)
    return {"folds": evaluation.folds} | scores


def score(
    probability: Floats, predicted: Codes, truth: Codes, places: NDArray[np.str_], classes: tuple[str, ...]
) -> dict[str, Any]:
    """Return figures of (N, K) probabilities and of the (N,) classes predicted, as `figures` does."""
    by_probability = score_classes(truth, probability, places)
    by_class = score_classes(truth, np.eye(len(classes))[predicted], places)
    texts = {}
    for code, name in enumerate(classes):
        if code or len(classes) > 2:
            texts[f"roc_auc_{name}"] = str(by_probability.classes[code].roc_auc)
            texts[f"pr_auc_{name}"] = str(by_probability.classes[code].pr_auc)
            texts[f"f1_{name}"] = str(by_class.classes[code].f1)
    texts["balanced_accuracy"] = str(by_class.balanced_accuracy)
    texts["brier"], texts["ece"] = str(by_probability.brier), str(by_probability.ece)
    counts = {"series": by_probability.count, "blocks": by_probability.places}
    return {**counts, **texts, "confusion": by_class.confusion.tolist()}


def best_threshold(found: OutOfFold) -> float:
    """Return the threshold of two classes that all rows give, calibrated on all of them."""
    return choose_threshold(fit_with_biases(found).apply_logits(found.logits), found.labels)


def choose_threshold(probability: Floats, truth: Codes) -> float:
    """Return the probability of the second class from which on predicting it gives the best F1; of equals nearest 0.5.

    Args:
        probability: (N, 2); truth: (N,).
    """
    is_second = truth == 1
    predicted = probability[:, 1][None] >= THRESHOLDS[:, None]  # (thresholds, N)
    hits = (predicted & is_second).sum(axis=1)
    scores = 2 * hits / np.maximum(predicted.sum(axis=1) + is_second.sum(), 1)
    best = THRESHOLDS[scores >= scores.max() - 1e-9]
    return float(best[np.abs(best - 0.5).argmin()])


def predict_codes(probability: Floats, threshold: float | None) -> Codes:
    """Return (N,) class codes: of two classes by a threshold on the second, of more the most probable."""
    if threshold is None:
        return np.asarray(probability.argmax(axis=1), np.int64)
    return np.asarray(probability[:, 1] >= threshold, np.int64)
