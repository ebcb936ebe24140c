"""A class model from user labels: folds of blocks, calibration, scores, and a model of all labels with its card.

Labels are read in training/labels; the fold loop is that of named runs, training/cross_validate.py.
"""

import hashlib
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from core.checkpoint import Checkpoint
from core.progress import Progress
from core.settings import Settings
from core.version import software_version
from models.checkpoint import load_class_network, load_network
from models.network.class_network import ClassNetwork
from models.network.earthpt import EarthPT
from models.registry import find_checkpoint, find_trunk
from products import canopy, crop
from training.class_examples import Pool, make_pool
from training.cross_validate import CrossValidated, train_in_folds
from training.folds import folds_by_class
from training.labels.sample_pixels import LabelledSet, check_counts
from training.resume import RESUME, ResumeFile
from training.runs import Run
from training.user_model.card import make_card, to_part, write_out_of_fold
from training.user_model.files import OUT_OF_FOLD, ModelRequest, put_in_place
from training.user_model.scores import evaluate

MONTHS = {"canopy": canopy.MONTHS, "crop": crop.MONTHS}
STEPS = (150, 400)
"""Fewest and most steps of one training."""
BASE_STEPS, STEPS_PER_LABEL = 120, 1.5
BATCH = 128
RATE, GENTLE = 2e-3, 5e-4
"""Learning rates from random heads, and from those of the shipped model, which few labels must not spoil."""
CHECKS = 10
"""Times that one training is saved, so that it can be resumed."""
TRAINING_SHARE = 0.95
"""Part of the progress that all trainings are counted as; the rest is evaluating and writing."""
TREES, LEAST_FOR_TREES = 200, 300
"""Rounds of trees, and pixels below which none are grown from nothing: they would learn the few by heart."""
COPIES, MOST_ROWS = 4, 50_000
"""Altered copies of each pixel; fewer where pixels and copies would be more rows, which take 9 kB each."""
PREPARED = 2000
"""Pixels whose copies are made at a time: a copy is as large as what was read, and noise takes twice that."""


@dataclass(frozen=True, kw_only=True)
class Start:
    """What training starts from."""

    trunk: EarthPT
    network: ClassNetwork | None
    """The shipped class model, where it has the same classes: its heads and trees are trained further; None = random
    heads and no trees."""
    shipped: Checkpoint
    """The task's shipped class model."""
    trunk_name: str
    trunk_sha256: str

    def to_json(self) -> dict[str, str]:
        """Return the fields for a model card: names and sha256; those of the start are empty where there is none."""
        start = (self.shipped.name, self.shipped.sha256) if self.network else ("", "")
        return {
            "trunk": self.trunk_name,
            "trunk_sha256": self.trunk_sha256,
            "start": start[0],
            "start_sha256": start[1],
        }


def fit_user_model(labelled: LabelledSet, request: ModelRequest, settings: Settings, progress: Progress) -> Path:
    """Train a class model on user labels: fold after fold, then on all.

    Finished folds are kept in the model's folder, and are not trained again for the same labels and options.

    Returns:
        The path of the card.

    Raises:
        InvalidOption: there are too few labels, or resuming is demanded and nothing that fits is saved.
        InvalidCheckpoint: the class model that training would start from is of an earlier design.
    """
    cautions = check_counts(labelled)
    start = find_start(labelled, settings)
    run = make_run(labelled, start, request.steps, request.tune)
    trained = _train(labelled, run, start, request, lambda share: progress(TRAINING_SHARE * share))
    found = trained.out_of_fold.take(np.argsort(trained.out_of_fold.row))  # pixels in the order of the labels
    evaluation = evaluate(found, labelled.classes)
    write_out_of_fold(evaluation, labelled.owners, request.work_folder / OUT_OF_FOLD)
    card = make_card(labelled, request, run, evaluation, start.shipped if start.network else None)
    card |= {**start.to_json(), "cautions": list(cautions)}
    path = put_in_place(trained.network, trained.applicability, to_part(evaluation, labelled), request, card)
    progress(1.0)
    return path


def _train(labelled: LabelledSet, run: Run, start: Start, request: ModelRequest, progress: Progress) -> CrossValidated:
    work = request.work_folder
    work.mkdir(parents=True, exist_ok=True)
    pool = make_user_pool(labelled, run)
    fold = folds_by_class(labelled.training.places, labelled.codes)
    return train_in_folds(
        run,
        start.trunk,
        pool,
        np.tile(fold, len(pool) // len(fold)),
        folder=work,
        resume=ResumeFile(path=work / RESUME, origin=_origin(labelled, start), policy=request.resume),
        progress=progress,
        start=start.network,
    )


def find_start(labelled: LabelledSet, settings: Settings) -> Start:
    """Return the shipped class model, its trunk and heads, if it has these classes; else the forecaster's trunk.

    Raises:
        UnknownModel: there is no default checkpoint of the task.
        InvalidCheckpoint: the class model is of an earlier design.
    """
    shipped = find_checkpoint("", labelled.task, settings)
    if tuple(shipped.card["classes"]) == labelled.classes:
        network = load_class_network(shipped)
        made_from = {"trunk_name": shipped.card["run"]["trunk"], "trunk_sha256": shipped.card["trunk_sha256"]}
        return Start(trunk=network.trunk, network=network, shipped=shipped, **made_from)
    trunk = find_trunk("", settings)
    return Start(
        trunk=load_network(trunk), network=None, shipped=shipped, trunk_name=trunk.name, trunk_sha256=trunk.sha256
    )


def make_run(labelled: LabelledSet, start: Start, steps: int = 0, tune: str = "") -> Run:
    """Return the entry of a short training on user labels.

    Args:
        steps: of it; 0 = by the number of labels.
        tune: what of the trunk is learned; empty = nothing.

    Raises:
        InvalidOption: `tune` is not known.
    """
    name, pixels = labelled.training.name, len(labelled.codes)
    steps = steps or steps_for(len(np.unique(labelled.owners)))
    run = Run(
        name=f"user-{labelled.task}",
        task=labelled.task,
        trunk=start.trunk_name,
        mixture={name: 1.0},
        holdout=name,
        classes=labelled.classes,
        months=MONTHS[labelled.task],
        trees=TREES if has_trees(start) or pixels >= LEAST_FOR_TREES else 0,
        copies=int(np.clip(MOST_ROWS // pixels - 1, 1, COPIES)),
        steps=steps,
        batch=BATCH,
        learning_rate=RATE,
        warmup=max(1, steps // 10),
        clip=5.0,
        average=float(np.clip(1 - CHECKS / steps, 0.5, 0.998)),
        check_every=max(1, steps // CHECKS),
        is_default=False,
    ).with_tune(tune)
    if start.network is None:
        return run
    config = start.network.config
    layer = run.layer if config.layer == "none" else config.layer
    return replace(run, layer=layer, members=config.members, learning_rate=GENTLE)


def has_trees(start: Start) -> bool:
    """Tell whether there are trees to start from, which even few pixels may change a little."""
    return start.network is not None and start.network.config.trees[0] > 0


def steps_for(labels: int) -> int:
    """Return the steps of one training: few labels are learned by heart in many."""
    return int(np.clip(BASE_STEPS + STEPS_PER_LABEL * labels, *STEPS))


def make_user_pool(labelled: LabelledSet, run: Run) -> Pool:
    """Return rows of all pixels at their labels' days, as they are and then copy after copy, pixels in order."""
    name, after = labelled.training.name, (labelled.reference_days + 1).astype(np.int32)
    parts = []
    for number, first in enumerate(range(0, len(after), PREPARED)):
        rows = np.arange(len(after)) // PREPARED == number
        facts = {"months": run.months, "copies": run.copies, "seed": run.seed + number}
        days = {name: after[first : first + PREPARED]}
        parts.append(make_pool({name: labelled.take(rows)}, run.mixture, run.task, days=days, **facts))
    pool = Pool(**{f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Pool)})
    order = np.argsort(pool.copy, kind="stable")
    pool = Pool(**{f.name: getattr(pool, f.name)[order] for f in fields(Pool)})
    return replace(pool, weight=1 / np.bincount(pool.labels)[pool.labels])


def _origin(labelled: LabelledSet, start: Start) -> dict[str, Any]:
    """Return what finished folds must have been made from to be used again."""
    digest = hashlib.sha256()
    series = labelled.training.series
    for part in (series.values, series.days, labelled.codes, labelled.reference_days):
        digest.update(np.ascontiguousarray(part).tobytes())
    digest.update("\n".join(labelled.training.places).encode())
    return {
        "data": digest.hexdigest(),
        **start.to_json(),
        "software_version": software_version(),
    }
