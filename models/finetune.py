"""Fine-tuning: a class head on EarthPT, and the trunk with it, on monthly composites of labelled series."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from core.bands import Floats
from core.product import Progress
from models.checkpoint import with_class_head
from models.distributed import new_generator
from models.earthpt import EarthPT
from models.optimise import optimise
from models.resume import ResumeFile
from models.runs import Run
from models.sampling import ClassBatch, class_batch, composites
from models.training_set import TrainingSet, last_seen

FOLDS = 5


def finetune(
    run: Run,
    trunk: EarthPT,
    sets: Mapping[str, TrainingSet],
    *,
    log: Path,
    progress: Progress,
    resume: ResumeFile | None = None,
) -> tuple[EarthPT, float]:
    """Fit a class head and the trunk below it.

    Args:
        sets: those of the run's mixture, with labels of the run's task.

    Returns:
        The network and its cross-entropy on the held-out fold of places.
    """
    torch.manual_seed(run.seed)
    held = (run.stop_fold, run.test_fold)
    learned = {name: s if s.is_simulated else s.take(~in_fold(s.places, *held)) for name, s in sets.items()}
    held_out = judged_batch(run, sets[run.holdout], run.stop_fold)
    network = with_class_head(trunk, len(run.classes))

    def loss(network: EarthPT, rng: np.random.Generator) -> Tensor:
        batch = class_batch(rng, learned, run.mixture, run.task, size=run.batch, months=run.months)
        return class_loss(network, batch)

    return optimise(
        network,
        run,
        rng=new_generator(run.seed),
        loss=loss,
        score=lambda n: score(n, held_out),
        log=log,
        progress=progress,
        resume=resume,
    )


def in_fold(places: NDArray[np.str_], *fold: int) -> NDArray[np.bool_]:
    """Tell which places fall into some folds of five, by the hash of their names: the same for every set and run."""
    folds = {p: int(hashlib.sha256(str(p).encode()).hexdigest(), 16) % FOLDS for p in np.unique(places)}
    return np.array([folds[p] in fold for p in places], bool)


def judged_batch(run: Run, judged: TrainingSet, fold: int) -> ClassBatch:
    """Return a fold of a set as it is, each series at its last date."""
    labels = judged.labels[run.task]
    part = judged.take(in_fold(judged.places, fold) & (labels != -1))
    codes = part.labels[run.task].astype(np.int64)
    return composites(part.series, last_seen(part.series) + 1, codes, months=run.months)


def class_loss(network: EarthPT, batch: ClassBatch) -> Tensor:
    """Return cross-entropy; a label -2 - k asks only that class k be improbable."""
    logits = network.classify(*(torch.from_numpy(a) for a in (batch.tokens, batch.is_padding, batch.queries)))
    share = F.log_softmax(logits, dim=-1)  # (B, K)
    label = torch.from_numpy(batch.labels)
    named = label >= 0
    excluded = (-2 - label).clamp(min=0)
    positive = -share.gather(1, label.clamp(min=0)[:, None])[:, 0]
    improbable = share.exp().gather(1, excluded[:, None])[:, 0].clamp(max=1 - 1e-6)
    return torch.where(named, positive, -torch.log1p(-improbable)).mean()


def score(network: EarthPT, batch: ClassBatch) -> float:
    """Return the loss on a batch without gradients."""
    with torch.no_grad():
        return float(class_loss(network, batch))


def probabilities(network: EarthPT, batch: ClassBatch) -> Floats:
    """Return (B, K) class probabilities."""
    with torch.no_grad():
        logits = network.classify(*(torch.from_numpy(a) for a in (batch.tokens, batch.is_padding, batch.queries)))
        return np.asarray(logits.softmax(-1).numpy(), np.float32)
