"""What is written of a model from own labels: its card, the part of its report, the table of what folds said of pixels.

Nothing is learned here.
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
from training.cross_validate import calibrated
from training.labels.sample_pixels import LabelledSet
from training.runs import Run
from training.user_model.files import Order
from training.user_model.scores import Outcome, assess, best_threshold, call, score

NOT_LEARNED = "blocks not learned from"


def make_card(
    found: LabelledSet, order: Order, run: Run, outcome: Outcome, shipped: Checkpoint | None
) -> dict[str, Any]:
    """Return the card but for what learning started from.

    Args:
        shipped: a class model of the same classes to compare with; None = there is none.
    """
    judged = outcome.judged
    threshold = {"threshold": best_threshold(judged)} if outcome.is_binary else {}
    return {
        **_facts(found, order, outcome.folds),
        **calibrated(judged, f"{found.facts.get('file', '')}, {NOT_LEARNED}"),
        **threshold,
        "accuracy": {"out_of_fold": assess(outcome), **_shipped(outcome, found, shipped, run.months)},
        "run": run.to_json(),
    }


def to_part(outcome: Outcome, found: LabelledSet) -> ValidationPart:
    """Return what the report is written from."""
    return ValidationPart(
        title=f"{found.facts.get('file', '')}, {NOT_LEARNED}",
        is_simulated=found.training.is_simulated,
        truth=outcome.judged.labels,
        probability=outcome.share,
        places=outcome.judged.places,
        classes=outcome.classes,
    )


def write_out_of_fold(outcome: Outcome, owners: NDArray[np.int64], path: Path) -> None:
    """Write what was said of each pixel by the model that had not learned from its block."""
    judged, names = outcome.judged, np.array(outcome.classes)
    said = {f"p_{name}": outcome.share[:, k].round(4) for k, name in enumerate(outcome.classes)}
    facts = {"label": owners, "block": judged.places, "fold": judged.fold, "truth": names[judged.labels]}
    pd.DataFrame({**facts, "called": names[outcome.called], **said}).to_csv(path, index=False)


def _shipped(outcome: Outcome, found: LabelledSet, shipped: Checkpoint | None, months: int) -> dict[str, Any]:
    """Return scores of the model that learning started from on the same labels, if it has their classes."""
    if shipped is None:
        return {}
    after = (found.reference_days + 1).astype(np.int32)
    share = classify(found.training.series, after, shipped, months=months).probability
    called = call(share, 0.5 if outcome.is_binary else None)
    judged = outcome.judged
    return {f"before_{shipped.name}": score(share, called, judged.labels, judged.places, found.classes)}


def _facts(found: LabelledSet, order: Order, folds: int) -> dict[str, Any]:
    blocks = len(np.unique(found.training.places))
    return {
        "name": order.name,
        "task": found.task,
        "default": False,
        "classes": list(found.classes),
        "description": f"EarthPT with {found.task} heads and trees, learned from a user's own labels",
        "made_by": order.command,
        "made_on": date.today().isoformat(),
        "software_version": software_version(),
        "licence": "the labels' owner decides; the trunk is Apache-2.0 (its own card lists the data it learned from)",
        "training_data": [
            {
                "set": str(found.facts.get("file", "")),
                "series": len(found.training.series),
                "simulated": found.training.is_simulated,
                "licence": found.training.licence,
            }
        ],
        "own_labels": {
            **found.facts,
            "classes": found.counts(),
            "blocks": blocks,
            "block_km": found.block_km,
        },
        "split": (
            f"blocks of {found.block_km:g} km, {blocks} of them, in {folds} folds; each fold was predicted by a "
            "model that had learned from all the others; the model here learned from all"
        ),
    }
