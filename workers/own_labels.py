"""A class model from a user's own labels: folds by block, calibration, scores, and a model of all labels with its card.

What is learned from a set, and how, is `fit` alone; what such a network says of a series is `ask`. Labels are read in
label_files and label_pixels, and files of the model are kept in own_files.
"""

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from core.bands import Floats
from core.product import Checkpoint, Progress
from core.settings import Settings
from core.timeline import Days
from core.version import software_version
from models.checkpoint import load_network
from models.class_metrics import Codes
from models.earthpt import EarthPT
from models.finetune import FOLDS as HASHED_FOLDS
from models.finetune import finetune, in_fold
from models.registry import find_checkpoint
from models.resume import RESUME, ResumeFile
from models.runs import Run
from models.runtime import classify
from models.sampling import composites
from models.training_set import TrainingSet
from products import canopy, crop
from workers.labels import LabelledSet, check_counts
from workers.own_files import FINAL, OUT_OF_FOLD, Order, put_in_place, save_arrays, work_folder
from workers.own_scores import Judged, assess, calibrate, call, score
from workers.own_trunk import fitting_trunk

TRUNKS = {"canopy": "canopy-1m", "crop": "crop-1m"}
"""Checkpoint that learning starts from: it knows the task from thousands of labels elsewhere."""
MONTHS = {"canopy": canopy.MONTHS, "crop": crop.MONTHS}
FOLDS = 5
STEPS = (150, 400)
"""Fewest and most steps of one training."""
BASE_STEPS, STEPS_PER_LABEL = 120, 1.5
BATCH = 48
CHECKS, PATIENCE = 10, 3
"""Looks at the labels that choose the stop, in one training; so many without a better score end it."""
LEARN, STOP = "own", "own-stop"
"""Names of the sets that are learned from, and that choose when to stop."""
BATCH_ASKED = 256


def learn_own(found: LabelledSet, order: Order, settings: Settings, progress: Progress) -> Path:
    """Learn from own labels: fold after fold, then from all.

    Folds that are finished lie in the model's folder and are not trained again if the same is asked for again.

    Returns:
        The path of the card.

    Raises:
        InvalidOption: there are too few labels, or --resume is insisted on and nothing fitting is saved.
    """
    cautions = check_counts(found)
    trunk = find_checkpoint(TRUNKS[found.task], found.task, settings)
    steps = order.steps or steps_for(len(np.unique(found.owners)))
    work = work_folder(order, _asked(found, trunk, steps))
    fold = split_blocks(found.training.places, found.codes.astype(np.int64), FOLDS)
    parts = int(fold.max()) + 2
    judged = _judge_folds(found, fold, trunk, steps, work, lambda share: progress(share * (parts - 1) / parts))
    last = _final_steps(judged.steps, steps)
    sets = {LEARN: found.training, STOP: found.training}
    network = fit(
        sets,
        found.classes,
        found.task,
        trunk=trunk,
        steps=last,
        folder=work / FINAL,
        progress=lambda share: progress((parts - 1 + 0.95 * share) / parts),
    )
    card = _card(found, order, trunk, last) | calibrate(judged)
    card |= {"cautions": list(cautions), "accuracy": {"out_of_fold": assess(judged), **_shipped(judged, found, trunk)}}
    _write_out_of_fold(judged, found.owners, work / OUT_OF_FOLD)
    path = put_in_place(network, work, order.own, card)
    progress(1.0)
    return path


def fit(
    sets: Mapping[str, TrainingSet],
    classes: Sequence[str],
    task: str,
    *,
    trunk: Checkpoint,
    steps: int,
    folder: Path,
    progress: Progress,
) -> EarthPT:
    """Train a class network on one set, with another that chooses the best of its checks.

    A training that was killed goes on from its last check, which is kept in the folder.

    Args:
        sets: LEARN and STOP; they may be the same. Each has labels of the task, no series seen after its label's day.
        trunk: a checkpoint of the same task, whose trunk is learned further; the head is a new one.
        folder: for log and state; created.
    """
    folder.mkdir(parents=True, exist_ok=True)
    run = make_run(task, classes, steps)
    placed = {LEARN: _hashed_into(sets[LEARN], 2), STOP: _hashed_into(sets[STOP], run.stop_fold)}
    resume = ResumeFile(path=folder / RESUME, origin={"trunk": trunk.sha256})
    network, _ = finetune(
        run,
        fitting_trunk(load_network(trunk)),
        placed,
        log=folder / "log.jsonl",
        progress=progress,
        resume=resume,
    )
    return network


def make_run(task: str, classes: Sequence[str], steps: int) -> Run:
    """Return the entry of a short training on own labels."""
    return Run(
        name=f"own-{task}",
        task=task,
        trunk=TRUNKS[task],
        mixture={LEARN: 1.0},
        holdout=STOP,
        classes=tuple(classes),
        months=MONTHS[task],
        steps=steps,
        batch=BATCH,
        learning_rate=5e-4,
        warmup=max(1, steps // 6),
        average=float(np.clip(1 - CHECKS / steps, 0.5, 0.998)),
        check_every=max(1, steps // CHECKS),
        patience=PATIENCE,
        is_default=False,
    )


def _hashed_into(source: TrainingSet, fold: int) -> TrainingSet:
    """Rename places so that all fall into one of the folds that `finetune` makes by the hash of names."""
    names = {}
    for place in np.unique(source.places):
        tries = np.array([f"{place}/{n}" for n in range(20 * HASHED_FOLDS)])
        names[place] = tries[in_fold(tries, fold)][0]
    return TrainingSet(
        name=source.name,
        licence=source.licence,
        series=source.series,
        places=np.array([names[place] for place in source.places]),
        labels=source.labels,
    )


def steps_for(labels: int) -> int:
    """Return the steps of one training: few labels are learned by heart in many."""
    return int(np.clip(BASE_STEPS + STEPS_PER_LABEL * labels, *STEPS))


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
    found: LabelledSet, fold: NDArray[np.int64], trunk: Checkpoint, steps: int, work: Path, progress: Progress
) -> Judged:
    """Train a model without each fold, and ask it about that fold; what is saved in `work` is taken from there."""
    logits = np.zeros((len(fold), len(found.classes)), np.float32)
    best = []
    count = int(fold.max()) + 1
    for number in range(count):
        saved = work / f"fold{number}.npz"
        if not saved.exists():
            folder = work / f"fold{number}"
            learned, stop = _learned_and_stop(fold, found.codes, number)
            sets = {LEARN: found.take(learned), STOP: found.take(stop)}
            network = fit(
                sets,
                found.classes,
                found.task,
                trunk=trunk,
                steps=steps,
                folder=folder,
                progress=lambda share, done=number: progress((done + share) / count),  # type: ignore[misc]
            )
            answer = ask(network, found.take(fold == number), found.reference_days[fold == number], found.task)
            save_arrays(saved, logits=answer, step=np.array(_best_step(folder / "log.jsonl")))
            shutil.rmtree(folder)
        with np.load(saved) as kept:
            logits[fold == number] = kept["logits"]
            best.append(int(kept["step"]))
        progress((number + 1) / count)
    return Judged(
        logits=logits,
        fold=fold,
        truth=found.codes.astype(np.int64),
        places=found.training.places,
        classes=found.classes,
        steps=tuple(best),
    )


def _learned_and_stop(
    fold: NDArray[np.int64], codes: NDArray[np.int8], number: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return (N,) what is learned from and what chooses the stop while a fold is left out.

    The next fold chooses, unless a class would then be missing from what is learned; then all the rest does both.
    """
    rest = fold != number
    stop = fold == (number + 1) % (int(fold.max()) + 1)
    learned = rest & ~stop
    if set(codes[learned]) < set(codes[rest]) or not learned.any():
        return rest, rest
    return learned, stop


def ask(network: EarthPT, source: TrainingSet, reference_days: Days, task: str) -> Floats:
    """Return (N, K) logits of series at their labels' days, as a map of that date asks."""
    parts = []
    for first in range(0, len(source.series), BATCH_ASKED):
        rows = slice(first, first + BATCH_ASKED)
        series, after = source.series.take(rows), (reference_days[rows] + 1).astype(np.int32)
        batch = composites(series, after, np.zeros(len(series), np.int64), months=MONTHS[task])
        inputs = (torch.from_numpy(a) for a in (batch.tokens, batch.is_padding, batch.queries))
        with torch.no_grad():
            parts.append(network.classify(*inputs).numpy())
    return np.concatenate(parts)


def _asked(found: LabelledSet, trunk: Checkpoint, steps: int) -> dict[str, Any]:
    """Return what finished folds must have been made from to be taken again."""
    digest = hashlib.sha256()
    series = found.training.series
    for part in (series.values, series.days, found.codes, found.reference_days):
        digest.update(np.ascontiguousarray(part).tobytes())
    digest.update("\n".join(found.training.places).encode())
    return {
        "data": digest.hexdigest(),
        "trunk": trunk.sha256,
        "run": make_run(found.task, found.classes, steps).to_json(),
        "software_version": software_version(),
    }


def _best_step(log: Path) -> int:
    rows = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    return int(min(reversed(rows), key=lambda row: row["held_out"])["step"])


def _final_steps(best: Sequence[int], steps: int) -> int:
    """Return the steps of the model of all labels: the folds' median."""
    return int(np.clip(np.median(best), max(1, steps // CHECKS), steps))


def _shipped(judged: Judged, found: LabelledSet, trunk: Checkpoint) -> dict[str, Any]:
    """Return scores of the model that learning started from on the same labels, if it has their classes."""
    if tuple(trunk.card["classes"]) != found.classes:
        return {}
    after = (found.reference_days + 1).astype(np.int32)
    share = classify(found.training.series, after, trunk, months=MONTHS[found.task]).probability
    called = call(share, 0.5 if judged.is_binary else None)
    return {f"before_{trunk.name}": score(share, called, judged.truth, judged.places, found.classes)}


def _write_out_of_fold(judged: Judged, owners: NDArray[np.int64], path: Path) -> None:
    """Write what was said of each pixel by the model that had not learned from its block."""
    share, called = judged.calibrated()
    names = np.array(judged.classes)
    said = {f"p_{name}": share[:, k].round(4) for k, name in enumerate(judged.classes)}
    facts = {"label": owners, "block": judged.places, "fold": judged.fold, "truth": names[judged.truth]}
    pd.DataFrame({**facts, "called": names[called], **said}).to_csv(path, index=False)


def _card(found: LabelledSet, order: Order, trunk: Checkpoint, steps: int) -> dict[str, Any]:
    blocks = len(np.unique(found.training.places))
    return {
        "name": order.name,
        "task": found.task,
        "default": False,
        "classes": list(found.classes),
        "description": f"EarthPT with a {found.task} head, learned from a user's own labels",
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
            f"blocks of {found.block_km:g} km, {blocks} of them, in up to {FOLDS} folds; each fold was predicted by a "
            "model that had not learned from it, the next fold chose when to stop; the model here learned from all"
        ),
        "trunk": trunk.name,
        "trunk_sha256": trunk.sha256,
        "run": make_run(found.task, found.classes, steps).to_json(),
    }
