"""What is written of a model from user labels: its card, the part of its report, the table of out-of-fold predictions.

Nothing is trained here.
"""

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.checkpoint import Checkpoint
from core.version import software_version
from evaluation.validation.figures import ValidationPart
from models.runtime import classify
from training.labels.sample_pixels import LabelledSet
from training.out_of_fold import calibration_fields
from training.runs import Run
from training.user_model.files import USER_LABELS, ModelRequest
from training.user_model.scores import Evaluation, best_threshold, figures, predict_codes, score

NOT_LEARNED = "blocks not learned from"


def make_card(
    labelled: LabelledSet, request: ModelRequest, run: Run, evaluation: Evaluation, shipped: Checkpoint | None
) -> dict[str, Any]:
    """Return the card but for what training started from.

    Args:
        shipped: a class model of the same classes to compare with; None = there is none.
    """
    found = evaluation.found
    threshold = {"threshold": best_threshold(found)} if evaluation.is_binary else {}
    return {
        **_facts(labelled, request, evaluation.folds),
        **calibration_fields(found, f"{labelled.facts.get('file', '')}, {NOT_LEARNED}"),
        **threshold,
        "accuracy": {"out_of_fold": figures(evaluation), **_of_shipped(evaluation, labelled, shipped, run.months)},
        "run": run.to_json(),
    }


def to_part(evaluation: Evaluation, labelled: LabelledSet) -> ValidationPart:
    """Return what the report is written from."""
    return ValidationPart(
        title=f"{labelled.facts.get('file', '')}, {NOT_LEARNED}",
        is_simulated=labelled.training.is_simulated,
        truth=evaluation.found.labels,
        probability=evaluation.probability,
        places=evaluation.found.places,
        classes=evaluation.classes,
    )


def write_out_of_fold(evaluation: Evaluation, owners: NDArray[np.int64], path: Path) -> None:
    """Write the prediction of each pixel by the model that had not learned from its block.

    Args:
        owners: (N,) number of the label that each pixel was drawn from.
    """
    found, names = evaluation.found, np.array(evaluation.classes)
    probability = {f"p_{name}": evaluation.probability[:, k].round(4) for k, name in enumerate(evaluation.classes)}
    facts = {"label": owners, "block": found.places, "fold": found.fold, "truth": names[found.labels]}
    pd.DataFrame({**facts, "predicted": names[evaluation.predicted], **probability}).to_csv(path, index=False)


def _of_shipped(
    evaluation: Evaluation, labelled: LabelledSet, shipped: Checkpoint | None, months: int
) -> dict[str, Any]:
    """Return scores of the model that training started from on the same labels, if it has their classes."""
    if shipped is None:
        return {}
    after = (labelled.reference_days + 1).astype(np.int32)
    probability = classify(labelled.training.series, after, shipped, months=months).probability
    predicted = predict_codes(probability, 0.5 if evaluation.is_binary else None)
    found = evaluation.found
    return {f"before_{shipped.name}": score(probability, predicted, found.labels, found.places, labelled.classes)}


def _facts(labelled: LabelledSet, request: ModelRequest, folds: int) -> dict[str, Any]:
    blocks = len(np.unique(labelled.training.places))
    return {
        "name": request.name,
        "task": labelled.task,
        "default": False,
        "classes": list(labelled.classes),
        "description": f"heads and trees for {labelled.task}, trained on a user's labels, beside EarthPT's trunk",
        "made_by": request.command,
        "made_on": date.today().isoformat(),
        "software_version": software_version(),
        "licence": "the labels' owner decides; the trunk is Apache-2.0 (its own card lists the data it learned from)",
        "training_data": [
            {
                "set": str(labelled.facts.get("file", "")),
                "series": len(labelled.training.series),
                "simulated": labelled.training.is_simulated,
                "licence": labelled.training.licence,
            }
        ],
        USER_LABELS: {
            **labelled.facts,
            "classes": labelled.counts(),
            "blocks": blocks,
            "block_km": labelled.block_km,
        },
        "split": (
            f"blocks of {labelled.block_km:g} km, {blocks} of them, in {folds} folds; each fold was predicted by a "
            "model that had learned from all the others; the model here learned from all"
        ),
    }
