"""Cross-validation of class models: one network without each fold, then one from all rows.

Named runs and models from user labels are trained by this one loop. A fold that is finished is kept on disk and is not
trained again after a kill.
"""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from core.bands import Floats
from core.progress import Progress
from models.calibration import applicability
from models.calibration.applicability import Applicability
from models.network.class_network import ClassNetwork
from models.network.earthpt import EarthPT
from models.network.evidence import evidence
from outputs.atomic import written_aside
from training.class_examples import Pool
from training.distributed import from_first, is_first
from training.finetune import finetune, logits_of
from training.folds import Folds
from training.out_of_fold import OutOfFold
from training.resume import ResumeFile
from training.runs import Run

LOG = "log.jsonl"
Predictions = tuple[Floats, Floats]
"""(N, K) logits, and (N, 2 D) states of the trunk that they were read from."""


@dataclass(frozen=True, kw_only=True)
class CrossValidated:
    """A class model and what its folds predicted."""

    network: ClassNetwork
    """Trained on all rows."""
    out_of_fold: OutOfFold
    """Rows of the first fold first."""
    applicability: Applicability


def train_in_folds(
    run: Run,
    trunk: EarthPT,
    pool: Pool,
    fold: Folds,
    *,
    folder: Path,
    resume: ResumeFile,
    progress: Progress,
    start: ClassNetwork | None = None,
) -> CrossValidated:
    """Train a network without each fold and predict that fold by it; then train one on all rows.

    Args:
        pool: rows to learn from.
        fold: (P,) of the pool's rows; rows of fold -1 are learned from in every fold and never predicted.
        folder: where finished folds, and the log of the last training, are kept.
        resume: where the training in progress is saved. Its policy is about the run as a whole: `always` needs a
            fold that is finished, or one that has begun.
        start: heads and trees to begin with; None = random heads and no trees.

    Raises:
        InvalidOption: resuming is demanded, and nothing that fits is saved.
    """
    trainings = len(np.unique(fold[fold >= 0])) + 1
    found = cross_validate(
        run,
        trunk,
        pool,
        fold,
        folder=folder,
        resume=resume,
        progress=lambda share: progress(share * (trainings - 1) / trainings),
        start=start,
    )
    network = finetune(
        run,
        trunk,
        pool,
        log=folder / LOG,
        progress=lambda share: progress((trainings - 1 + share) / trainings),
        resume=_after_the_first(resume),
        start=start,
    )
    whole = found.take(~found.is_cut)
    states = whole.states if run.tune == "heads" else predict(network, pool.take(whole.row))[1]
    return CrossValidated(network=network, out_of_fold=found, applicability=applicability.fit(states, whole.fold))


def cross_validate(
    run: Run,
    trunk: EarthPT,
    pool: Pool,
    fold: Folds,
    *,
    folder: Path,
    resume: ResumeFile,
    progress: Progress,
    start: ClassNetwork | None = None,
) -> OutOfFold:
    """Train a network without each fold, and predict that fold's rows as they are; see `train_in_folds`."""
    if resume.policy == "never":
        from_first(lambda: forget_folds(folder))
    numbers = [int(number) for number in np.unique(fold[fold >= 0])]
    parts = []
    for done, number in enumerate(numbers):
        part = _one_fold(
            run,
            trunk,
            pool,
            fold,
            number,
            folder=folder,
            resume=resume,
            progress=lambda share, done=done: progress((done + share) / len(numbers)),  # type: ignore[misc]
            start=start,
        )
        parts.append(part)
        resume = _after_the_first(resume)
        progress((done + 1) / len(numbers))
    return OutOfFold(**{name: np.concatenate([vars(p)[name] for p in parts]) for name in vars(parts[0])})


def predict(network: ClassNetwork, pool: Pool) -> Predictions:
    """Return (P, K) logits, and (P, 2 D) states of the trunk, of all rows of a pool."""
    with torch.inference_mode():
        states = network.read(torch.from_numpy(pool.tokens), torch.from_numpy(pool.is_padding)).numpy()
    return logits_of(network, pool), states


def forget_folds(folder: Path) -> None:
    """Remove what was kept of the folds: the run is complete, or begins anew."""
    for path in folder.glob("fold*"):
        path.unlink()


def _one_fold(
    run: Run,
    trunk: EarthPT,
    pool: Pool,
    fold: Folds,
    number: int,
    *,
    folder: Path,
    resume: ResumeFile,
    progress: Progress,
    start: ClassNetwork | None,
) -> OutOfFold:
    """Return the predictions of one fold: those that were kept, or those of a network that is trained now."""
    is_held_out = fold == number
    rows = np.flatnonzero(is_held_out & ((pool.copy == 0) | ((run.cuts > 0) & (pool.copy == run.copies + 1)))).astype(
        np.int64
    )
    kept = folder / f"fold{number}.npz"
    origin = json.dumps([run.to_json(), dict(resume.origin), len(pool), int(is_held_out.sum())], sort_keys=True)
    found = _read(kept, origin)
    if found is None:
        found = _train_fold(
            replace(run, name=f"{run.name} fold {number}"),
            trunk,
            pool.take(~is_held_out),
            pool.take(rows),
            log=folder / f"fold{number}.jsonl",
            resume=replace(resume, path=folder / f"fold{number}.resume"),
            progress=progress,
            start=start,
        )
        if is_first():
            _keep(kept, origin, found, folder)
    return _out_of_fold(pool, rows, found, number)


def _train_fold(
    run: Run,
    trunk: EarthPT,
    learned: Pool,
    held_out: Pool,
    *,
    log: Path,
    resume: ResumeFile,
    progress: Progress,
    start: ClassNetwork | None,
) -> Predictions:
    """Return logits and states of the rows that are held out, by a network that learned from the others."""
    network = finetune(run, trunk, learned, log=log, progress=progress, resume=resume, start=start)
    if is_first():
        resume.remove()
        log.unlink(missing_ok=True)
    return predict(network, held_out)


def _out_of_fold(pool: Pool, rows: NDArray[np.int64], found: Predictions, number: int) -> OutOfFold:
    logits, states = found
    return OutOfFold(
        logits=logits,
        labels=pool.labels[rows],
        places=pool.places[rows],
        sets=pool.sets[rows],
        fold=np.full(len(rows), number, np.int64),
        states=states,
        weight=pool.weight[rows],
        row=rows,
        evidence=evidence(pool.is_padding[rows], pool.queries[rows]),
        is_cut=pool.copy[rows] > 0,
    )


def _after_the_first(resume: ResumeFile) -> ResumeFile:
    """Return how the trainings after the first are saved: a run that goes on has later ones that never began."""
    return replace(resume, policy="if_possible") if resume.policy == "always" else resume


def _read(path: Path, origin: str) -> Predictions | None:
    """Return logits and states of a finished fold; None if there is none of the same run, data and rows."""
    if not path.exists():
        return None
    with np.load(path, allow_pickle=False) as saved:
        return (saved["logits"], saved["states"]) if str(saved["origin"]) == origin else None


def _keep(path: Path, origin: str, found: Predictions, folder: Path) -> None:
    logits, states = found
    with written_aside(path, folder) as aside, aside.open("wb") as file:
        np.savez(file, origin=np.array(origin), logits=logits, states=states)
