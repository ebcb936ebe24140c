"""A class model from a user's own labels: folds by block, calibration, scores, and a model of all labels with its card.

What is learned from a pool, and how, is `fit` alone; what such a network says of rows is `ask` of learn_classes. Labels
are read in label_files and label_pixels, files of the model are kept in own_files, and its card is written in own_card.
"""

import hashlib
import shutil
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.checkpoint import Checkpoint
from core.product import Progress
from core.settings import Settings
from core.version import software_version
from models.calibration import applicability
from models.checkpoint import load_class_network, load_network
from models.metrics.class_scores import Codes
from models.network.class_network import ClassNetwork
from models.network.earthpt import EarthPT
from models.registry import find_checkpoint
from products import canopy, crop
from training.class_examples import Pool, make_pool
from training.cross_validate import Judged, ask
from training.finetune import finetune
from training.labels.sample_pixels import LabelledSet, check_counts
from training.overrides import NO_CHOICES, Choices
from training.resume import RESUME, ResumeFile
from training.runs import Run
from training.user_model.card import make_card, to_part, write_out_of_fold
from training.user_model.files import FINAL, OUT_OF_FOLD, Order, put_in_place, save_arrays, work_folder
from training.user_model.scores import decide

MONTHS = {"canopy": canopy.MONTHS, "crop": crop.MONTHS}
FOLDS = 5
STEPS = (150, 400)
"""Fewest and most steps of one training."""
BASE_STEPS, STEPS_PER_LABEL = 120, 1.5
BATCH = 128
RATE, GENTLE = 2e-3, 5e-4
"""Learning rates from random heads, and from those of the shipped model, which few labels must not spoil."""
CHECKS = 10
"""Times that one training is saved, to be gone on with."""
TREES, LEAST_FOR_TREES = 200, 300
"""Rounds of trees, and pixels below which none are grown from nothing: they would learn the few by heart."""
COPIES, MOST_ROWS = 4, 50_000
"""Altered copies of each pixel; fewer where pixels and copies would be more rows, which take 9 kB each."""
PREPARED = 2000
"""Pixels whose copies are made at a time: a copy is as large as what was read, and noise takes twice that."""


@dataclass(frozen=True, kw_only=True)
class Beginning:
    """What learning starts from."""

    trunk: EarthPT
    network: ClassNetwork | None
    """The shipped class model, where it has the same classes: its heads and trees are learned further; None = random
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


def learn_own(found: LabelledSet, order: Order, settings: Settings, progress: Progress) -> Path:
    """Learn from own labels: fold after fold, then from all.

    Folds that are finished lie in the model's folder and are not trained again if the same is asked for again.

    Returns:
        The path of the card.

    Raises:
        InvalidOption: there are too few labels, or --resume is insisted on and nothing fitting is saved.
        InvalidCheckpoint: the class model that learning would start from is of an earlier design.
    """
    cautions = check_counts(found)
    beginning = find_beginning(found, settings)
    run = make_run(found, beginning, order.steps, order.choices)
    work = work_folder(order, _asked(found, beginning, run))
    fold = split_blocks(found.training.places, found.codes.astype(np.int64), FOLDS)
    pool = make_own_pool(found, run)
    parts = int(fold.max()) + 2
    judged = _judge_folds(found, run, beginning, pool, fold, work, lambda s: progress(s * (parts - 1) / parts))
    network = fit(run, beginning, pool, folder=work / FINAL, progress=lambda s: progress((parts - 1 + 0.9 * s) / parts))
    outcome = decide(judged, found.classes)
    write_out_of_fold(outcome, found.owners, work / OUT_OF_FOLD)
    card = make_card(found, order, run, outcome, beginning.shipped if beginning.network else None)
    card |= {**beginning.to_json(), "cautions": list(cautions)}
    states = judged.states if run.tune == "heads" else ask(network, pool.take(pool.copy == 0))[1]
    area = applicability.fit(states, judged.fold)
    path = put_in_place(network, area, to_part(outcome, found), work, order.own, card)
    progress(1.0)
    return path


def find_beginning(found: LabelledSet, settings: Settings) -> Beginning:
    """Return the shipped class model, its trunk and heads, if it has these classes; else the forecaster's trunk.

    Raises:
        UnknownModel: there is no default checkpoint of the task.
        InvalidCheckpoint: the class model is of an earlier design.
    """
    shipped = find_checkpoint("", found.task, settings)
    if tuple(shipped.card["classes"]) == found.classes:
        network = load_class_network(shipped)
        made_from = {"trunk_name": shipped.card["run"]["trunk"], "trunk_sha256": shipped.card["trunk_sha256"]}
        return Beginning(trunk=network.trunk, network=network, shipped=shipped, **made_from)
    trunk = find_checkpoint("", "forecast", settings)
    return Beginning(
        trunk=load_network(trunk), network=None, shipped=shipped, trunk_name=trunk.name, trunk_sha256=trunk.sha256
    )


def make_run(found: LabelledSet, beginning: Beginning, steps: int = 0, choices: Choices = NO_CHOICES) -> Run:
    """Return the entry of a short training on own labels.

    Args:
        steps: of it; 0 = by the number of labels.
        choices: what of the trunk is learned and read, where that is not as usual.
    """
    name, pixels = found.training.name, len(found.codes)
    steps = steps or steps_for(len(np.unique(found.owners)))
    run = Run(
        name=f"own-{found.task}",
        task=found.task,
        trunk=beginning.trunk_name,
        mixture={name: 1.0},
        holdout=name,
        classes=found.classes,
        months=MONTHS[found.task],
        trees=TREES if has_trees(beginning) or pixels >= LEAST_FOR_TREES else 0,
        copies=int(np.clip(MOST_ROWS // pixels - 1, 1, COPIES)),
        steps=steps,
        batch=BATCH,
        learning_rate=RATE,
        warmup=max(1, steps // 10),
        clip=5.0,
        average=float(np.clip(1 - CHECKS / steps, 0.5, 0.998)),
        check_every=max(1, steps // CHECKS),
        is_default=False,
    )
    if beginning.network is None:
        return choices.of(run)
    config = beginning.network.config
    chosen = choices.of(replace(run, layer=config.layer, members=config.members))
    return replace(chosen, learning_rate=GENTLE) if chosen.layer == config.layer else chosen


def has_trees(beginning: Beginning) -> bool:
    """Tell whether there are trees to go on from, which even few pixels may change a little."""
    return beginning.network is not None and beginning.network.config.trees[0] > 0


def steps_for(labels: int) -> int:
    """Return the steps of one training: few labels are learned by heart in many."""
    return int(np.clip(BASE_STEPS + STEPS_PER_LABEL * labels, *STEPS))


def make_own_pool(found: LabelledSet, run: Run) -> Pool:
    """Return rows of all pixels at their labels' days, as they are and then copy after copy, pixels in order."""
    name, after = found.training.name, (found.reference_days + 1).astype(np.int32)
    parts = []
    for number, first in enumerate(range(0, len(after), PREPARED)):
        rows = np.arange(len(after)) // PREPARED == number
        facts = {"months": run.months, "copies": run.copies, "seed": run.seed + number}
        days = {name: after[first : first + PREPARED]}
        parts.append(make_pool({name: found.take(rows)}, run.mixture, run.task, days=days, **facts))
    pool = Pool(**{f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Pool)})
    order = np.argsort(pool.copy, kind="stable")
    pool = Pool(**{f.name: getattr(pool, f.name)[order] for f in fields(Pool)})
    return replace(pool, weight=1 / np.bincount(pool.labels)[pool.labels])


def fit(run: Run, beginning: Beginning, pool: Pool, *, folder: Path, progress: Progress) -> ClassNetwork:
    """Train a class network on all rows of a pool.

    A training that was killed goes on from where it was last saved, which is in the folder.

    Args:
        folder: for log and state; created.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return finetune(
        run,
        beginning.trunk,
        pool,
        log=folder / "log.jsonl",
        progress=progress,
        resume=ResumeFile(path=folder / RESUME, origin=beginning.to_json()),
        start=beginning.network,
    )


def split_blocks(blocks: NDArray[np.str_], codes: Codes, folds: int) -> NDArray[np.int64]:
    """Return (N,) folds of whole blocks with the classes spread as evenly as that allows.

    The largest blocks come first, each into the fold in which it makes the shares of the classes least uneven.
    """
    _, block = np.unique(blocks, return_inverse=True)
    table = np.zeros((int(block.max()) + 1, int(codes.max()) + 1))
    np.add.at(table, (block, codes), 1.0)
    table /= np.maximum(table.sum(axis=0), 1)
    sums = np.zeros((min(folds, len(table)), table.shape[1]))
    fold = np.zeros(len(table), np.int64)
    for number in np.argsort(-table.max(axis=1), kind="stable"):
        costs = [((sums + np.eye(len(sums))[[k]].T * table[number]) ** 2).sum() for k in range(len(sums))]
        fold[number] = np.lexsort([sums.sum(axis=1), np.round(costs, 9)])[0]  # of equals the emptiest
        sums[fold[number]] += table[number]
    return np.asarray(np.unique(fold, return_inverse=True)[1][block], np.int64)


def _judge_folds(
    found: LabelledSet,
    run: Run,
    beginning: Beginning,
    pool: Pool,
    fold: NDArray[np.int64],
    work: Path,
    progress: Progress,
) -> Judged:
    """Train a network without each fold, and ask it about that fold; what is saved in `work` is taken from there."""
    count, asked = int(fold.max()) + 1, pool.copy == 0
    parts = []
    for number in range(count):
        saved, is_held = work / f"fold{number}.npz", np.tile(fold == number, len(pool) // len(fold))
        if not saved.exists():
            network = fit(
                run,
                beginning,
                pool.take(~is_held),
                folder=work / f"fold{number}",
                progress=lambda share, done=number: progress((done + share) / count),  # type: ignore[misc]
            )
            logits, states = ask(network, pool.take(is_held & asked))
            save_arrays(saved, logits=logits, states=states)
            shutil.rmtree(work / f"fold{number}")
        with np.load(saved) as kept:
            parts.append((np.nonzero(fold == number)[0], kept["logits"], kept["states"]))
        progress((number + 1) / count)
    at, logits, states = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort(at)
    return Judged(
        logits=logits[order],
        labels=found.codes.astype(np.int64),
        places=found.training.places,
        sets=np.full(len(fold), found.training.name),
        fold=fold,
        states=states[order],
        weight=np.ones(len(fold)),
    )


def _asked(found: LabelledSet, beginning: Beginning, run: Run) -> dict[str, Any]:
    """Return what finished folds must have been made from to be taken again."""
    digest = hashlib.sha256()
    series = found.training.series
    for part in (series.values, series.days, found.codes, found.reference_days):
        digest.update(np.ascontiguousarray(part).tobytes())
    digest.update("\n".join(found.training.places).encode())
    return {
        "data": digest.hexdigest(),
        **beginning.to_json(),
        "run": run.to_json(),
        "software_version": software_version(),
    }
