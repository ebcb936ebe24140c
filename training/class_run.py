"""A named run of a class model: its pool, its folds by hash, and the fields of its card. The loop is in cross_validate.

The folds' predictions give the accuracy on the card, the calibration, the prediction sets and the report.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.bands import Floats
from core.progress import Progress
from evaluation.validation.figures import ValidationPart
from models.calibration.applicability import Applicability
from models.calibration.evidence_scaling import EvidenceScaling, fit_evidence_scaling
from models.calibration.temperature import fit_temperature
from models.metrics.class_scores import score_classes
from models.network.class_network import ClassNetwork
from models.network.earthpt import EarthPT
from models.training_set import TrainingSet
from training.class_examples import make_pool
from training.cross_validate import train_in_folds
from training.folds import FOLDS, folds_by_hash
from training.out_of_fold import OutOfFold, Scaling, calibrate_by_other_folds, calibration_fields, fit_with_biases
from training.resume import ResumeFile
from training.runs import Run

POOL_SHARE = 0.05
"""Share of the work that preparing the pool is counted as."""
CUT = "out_of_fold_cut_histories"
"""Field of the card's accuracy with figures of histories cut to 1 month and more, or to few bands."""
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
    how = {"months": run.months, "copies": run.copies, "cuts": run.cuts, "whole_cuts": run.whole_cuts, "seed": run.seed}
    pool = make_pool(sets, run.mixture, run.task, **how)  # type: ignore[arg-type]
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
    probability = calibrate_by_other_folds(found, lambda others: _scaling(run, others)[0])
    whole, cut = (_parts(run, found.take(rows), probability[rows]) for rows in (~found.is_cut, found.is_cut))
    scaling, fitted_on = _scaling(run, found)
    name = f"{run.holdout}, out of fold"
    is_holdout = (found.sets == run.holdout) & (found.labels >= 0) & ~found.is_cut
    card = {
        **calibration_fields(found.take(is_holdout), name, scaling, f"{fitted_on}, out of fold"),
        "accuracy": {
            "out_of_fold": {part.title: figures(part) for part in whole},
            **({CUT: {part.title: figures(part) for part in cut}} if cut else {}),
        },
        "split": f"places by hash in {FOLDS} folds, each judged by networks that learned from the others; simulated "
        "series are learned from in every fold; the weights that ship learned from all folds",
    }
    return card, whole


def _parts(run: Run, found: OutOfFold, probability: Floats) -> tuple[ValidationPart, ...]:
    """Return the rows whose class is known, by set."""
    is_named = found.labels >= 0
    return tuple(_part(run, found, probability, str(name)) for name in dict.fromkeys(found.sets[is_named]))


def _scaling(run: Run, found: OutOfFold) -> tuple[Scaling, str]:
    """Return the calibration of the logits, and the names of the sets that it was fitted on.

    Where histories were cut, it depends on what was seen, and is fitted on the rows of all real sets, whole and cut,
    which weigh as in training. Else:

    A holdout with many labels gives a temperature and biases. A few dozen labels would give biases by chance: then the
    temperature alone is fitted, on the labels of all real sets, which weigh as in training, their series evenly.
    """
    if found.is_cut.any():
        return _by_evidence(found), ", ".join(dict.fromkeys(map(str, found.sets)))
    holdout = found.take((found.sets == run.holdout) & (found.labels >= 0))
    if len(holdout.labels) >= ENOUGH_FOR_BIASES:
        return fit_with_biases(holdout), run.holdout
    scaling = fit_temperature(found.labels, found.logits, weight=_even_weight(found))
    return scaling, ", ".join(dict.fromkeys(map(str, found.sets)))


def _by_evidence(found: OutOfFold) -> EvidenceScaling:
    """Fit a scaling by evidence; rows that are known only not to be of a class count as well."""
    return fit_evidence_scaling(found.labels, found.logits, found.evidence, weight=_even_weight(found), has_biases=True)


def _even_weight(found: OutOfFold) -> NDArray[np.float64]:
    """Return (N,) weights as in training, the rows of a set evenly."""
    _, number = np.unique(found.sets, return_inverse=True)
    return np.asarray((np.bincount(number, found.weight) / np.bincount(number))[number])


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
