"""Learning classes: a named run fold by fold, so that every labelled place is judged once, then from all of them.

What the folds say of places that they have not learned from gives the accuracy on the card, the calibration, the
prediction sets and the area of applicability. Folds that are done are not learned again after a kill.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from core.bands import WEATHER_NAMES, Floats
from core.cube import Series
from core.errors import InvalidOption
from core.product import Progress
from evaluation.validation.figures import Validation, ValidationPart
from models.calibration import applicability, prediction_sets
from models.calibration.applicability import Applicability
from models.calibration.temperature import Temperature, fit_temperature, fit_temperature_and_bias
from models.metrics.class_scores import score_classes
from models.network.class_network import ClassNetwork
from models.network.earthpt import EarthPT
from models.training_set import TrainingSet
from outputs.atomic import written_aside
from training.class_examples import Pool, make_pool
from training.distributed import from_first, is_first
from training.finetune import FOLDS, finetune, in_fold, logits_of
from training.resume import ResumeFile
from training.runs import Run
from training.similar import climate, weighted_by_climate

POOL_SHARE, FOLD_SHARE = 0.05, 0.75
"""Shares of the work that preparing and the folds are counted as; the rest is the last network."""
MOST_LIKE = 500
"""Series of a region whose climate is compared, spread evenly over all: each is compared with every labelled place."""
ENOUGH_FOR_BIASES = 500
"""Labels of the holdout from which on each class has a bias of its own: biases move the order of classes."""


@dataclass(frozen=True, kw_only=True)
class LearnedClasses:
    """What came of a run."""

    network: ClassNetwork
    applicability: Applicability
    card: dict[str, Any]
    """`calibration`, `prediction_sets`, `accuracy` and `split`."""
    parts: tuple[ValidationPart, ...]
    """What the folds said of each real set, for a report."""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """Rows of real places as they are, each said by the fold's network that has not learned from its place."""

    logits: Floats
    """(N, K)."""
    labels: NDArray[np.int64]
    """(N,) class code, or -2 - k."""
    places: NDArray[np.str_]
    sets: NDArray[np.str_]
    fold: NDArray[np.int64]
    states: Floats
    """(N, 2 D) of the trunk, which is the same for all folds where it is frozen."""
    weight: NDArray[np.float64]
    """(N,) how often a row is drawn in training."""

    def take(self, rows: NDArray[np.bool_]) -> "Judged":
        """Return some of the rows."""
        return Judged(**{name: values[rows] for name, values in vars(self).items()})


def learn_classes(
    run: Run,
    trunk: EarthPT,
    sets: Mapping[str, TrainingSet],
    *,
    folder: Path,
    progress: Progress,
    resume: ResumeFile,
    like: Series | None = None,
) -> LearnedClasses:
    """Carry out a run of the task canopy or crop.

    Args:
        sets: those of the run's mixture; simulated ones are learned from in every fold, and judged in none.
        folder: where folds that are done, and the log of the last training, are kept.
        resume: how the training in progress is saved; its wish is about the run as a whole: `always` wants a fold
            that is done, or one that had begun.
        like: series of a region with their weather: places of a like climate are drawn more often; None = none are.

    Raises:
        InvalidOption: `like` shows no weather.
    """
    pool = make_pool(sets, run.mixture, run.task, months=run.months, copies=run.copies, seed=run.seed)
    pool = pool if like is None else _drawn_like(pool, like, run)
    progress(POOL_SHARE)
    is_real = np.array([not sets[name].is_simulated for name in pool.sets])
    judged = _judge(run, trunk, pool, is_real, folder, resume, lambda s: progress(POOL_SHARE + s * FOLD_SHARE))
    network = finetune(
        run,
        trunk,
        pool,
        log=folder / "log.jsonl",
        progress=lambda s: progress(POOL_SHARE + FOLD_SHARE + s * (1 - POOL_SHARE - FOLD_SHARE)),
        resume=_without_must(resume),
    )
    card, parts = _trust(run, judged)
    area = applicability.fit(_states_of(network, run, pool.take(is_real & (pool.copy == 0)), judged), judged.fold)
    return LearnedClasses(network=network, applicability=area, card=card, parts=parts)


def _drawn_like(pool: Pool, like: Series, run: Run) -> Pool:
    """Return the pool with rows weighted by how like the climate of a region theirs is."""
    like = like.take(np.unique(np.linspace(0, len(like) - 1, MOST_LIKE).astype(np.int64)))
    region = TrainingSet(
        name="like", licence="", series=like, places=like.ids, labels={run.task: np.zeros(len(like), np.int8)}
    )
    target = make_pool({"like": region}, {"like": 1.0}, run.task, months=run.months, copies=0, seed=run.seed)
    if not np.isfinite(climate(target)).any():
        raise InvalidOption("--like", "", f"its series show no {' or '.join(WEATHER_NAMES)}, which zones are told by")
    return weighted_by_climate(pool, target)


def forget_folds(folder: Path) -> None:
    """Remove what was kept of the folds: the run is complete, or begins anew."""
    for path in folder.glob("fold*"):
        path.unlink()


def _judge(
    run: Run,
    trunk: EarthPT,
    pool: Pool,
    is_real: NDArray[np.bool_],
    folder: Path,
    resume: ResumeFile,
    progress: Progress,
) -> Judged:
    parts = []
    if resume.wish == "never":
        from_first(lambda: forget_folds(folder))
    for number in range(FOLDS):
        is_held = in_fold(pool.places, number) & is_real
        if not is_held.any():
            continue  # of a handful of places none may fall into it
        asked = pool.take(is_held & (pool.copy == 0))
        kept = folder / f"fold{number}.npz"
        origin = json.dumps([run.to_json(), dict(resume.origin), len(pool), int(is_held.sum())], sort_keys=True)
        logits, states = _kept(kept, origin) or _learn_fold(
            replace(run, name=f"{run.name} fold {number}"),
            trunk,
            pool.take(~is_held),
            asked,
            folder / f"fold{number}.jsonl",
            replace(resume, path=folder / f"fold{number}.resume"),
            lambda s, done=number: progress((done + s) / FOLDS),  # type: ignore[misc]
        )
        if is_first():
            _keep(kept, origin, logits, states, folder)
        parts.append(_judged(asked, logits, states, number))
        resume = _without_must(resume)
        progress((number + 1) / FOLDS)
    return Judged(**{name: np.concatenate([vars(p)[name] for p in parts]) for name in vars(parts[0])})


def _states_of(network: ClassNetwork, run: Run, asked: Pool, judged: Judged) -> Floats:
    """Return (N, 2 D) states of the judged rows, as the last network reads them: a trunk that learns has its own."""
    if run.tune == "heads":
        return judged.states
    fold = np.zeros(len(asked), np.int64)
    for number in range(FOLDS):
        fold[in_fold(asked.places, number)] = number
    return ask(network, asked)[1][np.argsort(fold, kind="stable")]


def _judged(asked: Pool, logits: Floats, states: Floats, fold: int) -> Judged:
    return Judged(
        logits=logits,
        labels=asked.labels,
        places=asked.places,
        sets=asked.sets,
        fold=np.full(len(asked), fold, np.int64),
        states=states,
        weight=asked.weight,
    )


def _without_must(resume: ResumeFile) -> ResumeFile:
    """Return how the trainings after the first are saved: a run that goes on has later ones that never began."""
    return replace(resume, wish="if_possible") if resume.wish == "always" else resume


def _learn_fold(
    run: Run, trunk: EarthPT, learned: Pool, asked: Pool, log: Path, resume: ResumeFile, progress: Progress
) -> tuple[Floats, Floats]:
    """Return logits and states of the rows that are asked about, by a network that learned from the others."""
    network = finetune(run, trunk, learned, log=log, progress=progress, resume=resume)
    if is_first():
        resume.remove()
        log.unlink(missing_ok=True)
    return ask(network, asked)


def ask(network: ClassNetwork, asked: Pool) -> tuple[Floats, Floats]:
    """Return (N, K) logits and (N, 2 D) states of the trunk of all rows of a pool."""
    with torch.inference_mode():
        states = network.read(torch.from_numpy(asked.tokens), torch.from_numpy(asked.is_padding)).numpy()
    return logits_of(network, asked), states


def _kept(path: Path, origin: str) -> tuple[Floats, Floats] | None:
    if not path.exists():
        return None
    with np.load(path, allow_pickle=False) as saved:
        return (saved["logits"], saved["states"]) if str(saved["origin"]) == origin else None


def _keep(path: Path, origin: str, logits: Floats, states: Floats, folder: Path) -> None:
    with written_aside(path, folder) as aside, aside.open("wb") as file:
        np.savez(file, origin=np.array(origin), logits=logits, states=states)


def _trust(run: Run, judged: Judged) -> tuple[dict[str, Any], tuple[ValidationPart, ...]]:
    """Return the fields of the card, and the parts of a report.

    Calibration and sets are measured across folds: figures of a fold are of a calibration by the other folds.
    """
    named = judged.labels >= 0
    is_chosen = (judged.sets == run.holdout) & named
    parts = tuple(_part(run, judged, name) for name in dict.fromkeys(judged.sets[named]))
    scaling, fitted_on = _scaling(run, judged)
    card = {
        **calibrated(judged.take(is_chosen), f"{run.holdout}, out of fold", scaling, f"{fitted_on}, out of fold"),
        "accuracy": {"out_of_fold": {part.title: figures(part) for part in parts}},
        "split": f"places by hash in {FOLDS} folds, each judged by networks that learned from the others; simulated "
        "series are learned from in every fold; the weights that ship learned from all folds",
    }
    return card, parts


def _scaling(run: Run, judged: Judged) -> tuple[Temperature, str]:
    """Return what makes logits as sure as they should be, and the sets that it was fitted on.

    A holdout with many labels gives a temperature and biases. A few dozen labels would give biases by chance: then the
    temperature alone is fitted, on the labels of all real sets, which weigh as in training, their series evenly.
    """
    chosen = judged.take((judged.sets == run.holdout) & (judged.labels >= 0))
    if len(chosen.labels) >= ENOUGH_FOR_BIASES:
        return fit_temperature_and_bias(chosen.labels, chosen.logits), run.holdout
    _, number = np.unique(judged.sets, return_inverse=True)
    weight = (np.bincount(number, judged.weight) / np.bincount(number))[number]
    scaling = fit_temperature(judged.labels, judged.logits, weight=weight)
    return scaling, ", ".join(dict.fromkeys(map(str, judged.sets)))


def calibrated(
    chosen: Judged, name: str, scaling: Temperature | None = None, fitted_on: str | None = None
) -> dict[str, Any]:
    """Return the fields `calibration` and `prediction_sets` of a card.

    Args:
        chosen: rows whose class is named, which the prediction sets are fitted on; `name` is what they are called.
        scaling: fitted on what `fitted_on` says; None = it is fitted on the chosen rows, with biases.
    """
    scaling = scaling or fit_temperature_and_bias(chosen.labels, chosen.logits)
    sets = prediction_sets.fit(chosen.labels, scaling.apply_logits(chosen.logits), chosen.places)
    return {
        "calibration": {**scaling.to_json(), "fitted_on": fitted_on or name},
        "prediction_sets": {**sets.to_json(), "fitted_on": name},
    }


def _part(run: Run, judged: Judged, name: str) -> ValidationPart:
    rows = judged.take((judged.sets == name) & (judged.labels >= 0))
    probability = np.zeros(rows.logits.shape, np.float32)
    for number in np.unique(rows.fold):
        here = rows.fold == number
        scaling, _ = _scaling(run, judged.take(judged.fold != number))
        probability[here] = scaling.apply_logits(rows.logits[here])
    return ValidationPart(
        title=name,
        is_simulated=False,
        truth=rows.labels,
        probability=probability,
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


def validation(name: str, card: Mapping[str, Any], parts: tuple[ValidationPart, ...]) -> Validation:
    """Return what a report is written from."""
    return Validation(name=name, card=card, parts=parts)
