"""A named run of a class model: its pool, its folds by hash, and the fields of its card. The loop is in cross_validate.

The folds' predictions give the accuracy on the card, the calibration, the prediction sets and the report.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.bands import Floats
from core.progress import Progress
from evaluation.validation.figures import ValidationPart
from models.calibration.applicability import Applicability
from models.calibration.temperature import Temperature, fit_temperature
from models.metrics.class_scores import score_classes
from models.network.class_network import ClassNetwork
from models.network.earthpt import EarthPT
from models.training_set import TrainingSet
from training.class_examples import make_pool
from training.cross_validate import train_in_folds
from training.folds import FOLDS, folds_by_hash
from training.out_of_fold import OutOfFold, calibrate_by_other_folds, calibration_fields, fit_with_biases
from training.resume import ResumeFile
from training.runs import Run

POOL_SHARE = 0.05
"""Share of the work that preparing the pool is counted as."""
ENOUGH_FOR_BIASES = 500
"""Labels of the holdout from which on each class has a bias of its own: biases move the order of classes."""


@dataclass(frozen=True, kw_only=True)
class ClassModel:
    """Result of a run."""

    network: ClassNetwork
    applicability: Applicability
    card: dict[str, Any]
    """`calibration`, `prediction_sets`, `accuracy` and `split`."""
    parts: tuple[ValidationPart, ...]
    """Out-of-fold predictions of each real set, for a report."""


def train_class_model(
    run: Run,
    trunk: EarthPT,
    sets: Mapping[str, TrainingSet],
    *,
    folder: Path,
    progress: Progress,
    resume: ResumeFile,
) -> ClassModel:
    """Carry out a run of the task canopy or crop.

    Args:
        sets: those of the run's mixture; simulated ones are learned from in every fold, and evaluated in none.
        folder, resume: as of `train_in_folds`.
    """
    pool = make_pool(sets, run.mixture, run.task, months=run.months, copies=run.copies, seed=run.seed)
    progress(POOL_SHARE)
    is_real = np.array([not sets[name].is_simulated for name in pool.sets])
    trained = train_in_folds(
        run,
        trunk,
        pool,
        np.where(is_real, folds_by_hash(pool.places), -1),
        folder=folder,
        resume=resume,
        progress=lambda share: progress(POOL_SHARE + share * (1 - POOL_SHARE)),
    )
    card, parts = _evaluate(run, trained.out_of_fold)
    return ClassModel(network=trained.network, applicability=trained.applicability, card=card, parts=parts)


def _evaluate(run: Run, found: OutOfFold) -> tuple[dict[str, Any], tuple[ValidationPart, ...]]:
    """Return the fields of the card, and the parts of a report.

    Calibration and prediction sets are measured across folds: figures of a fold are calibrated by the other folds.
    """
    is_named = found.labels >= 0
    is_holdout = (found.sets == run.holdout) & is_named
    probability = calibrate_by_other_folds(found, lambda others: _scaling(run, others)[0])
    parts = tuple(_part(run, found, probability, str(name)) for name in dict.fromkeys(found.sets[is_named]))
    scaling, fitted_on = _scaling(run, found)
    name = f"{run.holdout}, out of fold"
    card = {
        **calibration_fields(found.take(is_holdout), name, scaling, f"{fitted_on}, out of fold"),
        "accuracy": {"out_of_fold": {part.title: figures(part) for part in parts}},
        "split": f"places by hash in {FOLDS} folds, each judged by networks that learned from the others; simulated "
        "series are learned from in every fold; the weights that ship learned from all folds",
    }
    return card, parts


def _scaling(run: Run, found: OutOfFold) -> tuple[Temperature, str]:
    """Return the calibration of the logits, and the names of the sets that it was fitted on.

    A holdout with many labels gives a temperature and biases. A few dozen labels would give biases by chance: then the
    temperature alone is fitted, on the labels of all real sets, which weigh as in training, their series evenly.
    """
    holdout = found.take((found.sets == run.holdout) & (found.labels >= 0))
    if len(holdout.labels) >= ENOUGH_FOR_BIASES:
        return fit_with_biases(holdout), run.holdout
    _, number = np.unique(found.sets, return_inverse=True)
    weight = (np.bincount(number, found.weight) / np.bincount(number))[number]
    scaling = fit_temperature(found.labels, found.logits, weight=weight)
    return scaling, ", ".join(dict.fromkeys(map(str, found.sets)))


def _part(run: Run, found: OutOfFold, probability: Floats, name: str) -> ValidationPart:
    is_here = (found.sets == name) & (found.labels >= 0)
    rows = found.take(is_here)
    return ValidationPart(
        title=name,
        is_simulated=False,
        truth=rows.labels,
        probability=probability[is_here],
        places=rows.places,
        classes=run.classes,
    )


def figures(part: ValidationPart) -> dict[str, Any]:
    """Return the figures of a part as text with intervals, for a card."""
    scores = score_classes(part.truth, part.probability, part.places)
    out: dict[str, Any] = {"series": scores.count, "places": scores.places}
    for name in ("accuracy", "balanced_accuracy", "macro_f1", "brier", "ece"):
        out[name] = str(getattr(scores, name))
    for name, one in zip(part.classes, scores.classes, strict=True):
        if np.isfinite(one.roc_auc.value):
            out[f"roc_auc_{name}"], out[f"pr_auc_{name}"], out[f"f1_{name}"] = map(
                str, (one.roc_auc, one.pr_auc, one.f1)
            )
    return out
