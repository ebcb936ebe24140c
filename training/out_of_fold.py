"""Out-of-fold predictions, and calibration from them. Trains no network, writes no files."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.bands import Floats
from models.calibration import prediction_sets
from models.calibration.evidence_scaling import EvidenceScaling
from models.calibration.temperature import Temperature, fit_temperature_and_bias
from training.folds import Folds


@dataclass(frozen=True, kw_only=True)
class OutOfFold:
    """Predictions of N rows of real places, each by the network of a fold that has not learned from the row's place."""

    logits: Floats
    """(N, K)."""
    labels: NDArray[np.int64]
    """(N,) class code, or -2 - k for `not k`."""
    places: NDArray[np.str_]
    sets: NDArray[np.str_]
    fold: Folds
    states: Floats
    """(N, 2 D) of the trunk, which is the same for all folds where it is frozen."""
    weight: NDArray[np.float64]
    """(N,) how often a row is drawn in training."""
    row: NDArray[np.int64]
    """(N,) position in the pool that was learned from."""
    evidence: NDArray[np.float64]
    """(N, E) what was seen of the row (models/network/evidence.py)."""
    is_cut: NDArray[np.bool_]
    """(N,) rows of histories that were cut: the calibration learns from them, accuracy is not measured on them."""

    def take(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> "OutOfFold":
        """Return some of the rows, by a mask or by positions."""
        return OutOfFold(**{name: values[rows] for name, values in vars(self).items()})


Scaling = Temperature | EvidenceScaling


def probabilities(scaling: Scaling, rows: OutOfFold) -> Floats:
    """Return (N, K) calibrated probabilities of rows."""
    if isinstance(scaling, EvidenceScaling):
        return scaling.apply_logits(rows.logits, rows.evidence)
    return scaling.apply_logits(rows.logits)


def calibrate_by_other_folds(found: OutOfFold, fit: Callable[[OutOfFold], Scaling]) -> Floats:
    """Return (N, K) probabilities; the calibration of each fold is fitted on the rows of the other folds."""
    probability = np.zeros(found.logits.shape, np.float32)
    for number in np.unique(found.fold):
        is_here = found.fold == number
        probability[is_here] = probabilities(fit(found.take(~is_here)), found.take(is_here))
    return probability


def calibration_fields(
    named: OutOfFold, name: str, scaling: Scaling | None = None, fitted_on: str | None = None
) -> dict[str, Any]:
    """Return the fields `calibration` and `prediction_sets` of a card.

    Args:
        named: rows whose class is known, which the prediction sets are fitted on.
        name: what the card calls those rows.
        scaling: calibration that was fitted on the rows that `fitted_on` names; None = fitted here on `named`, with
            biases.
    """
    scaling = scaling or fit_with_biases(named)
    sets = prediction_sets.fit(named.labels, probabilities(scaling, named), named.places)
    return {
        "calibration": {**scaling.to_json(), "fitted_on": fitted_on or name},
        "prediction_sets": {**sets.to_json(), "fitted_on": name},
    }


def fit_with_biases(named: OutOfFold) -> Temperature:
    """Fit a temperature and a bias for each class on rows whose class is known."""
    return fit_temperature_and_bias(named.labels, named.logits)
