"""Optimise: the loop that training and fine-tuning share. Knows neither series nor files, but for its log."""

import json
import math
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from core.progress import Progress
from training.device import available_precision, learning_device, placed
from training.distributed import average_gradients, copy_from_first, from_first, is_first, ranks, seed_dropout
from training.resume import ResumeFile, TrainingState
from training.runs import Run

N = TypeVar("N", bound=nn.Module)
Loss = Callable[[N, np.random.Generator], Tensor]
"""Draws a batch from the generator, and from nothing else, and returns its loss."""
Score = Callable[[N], float]
"""Held-out score of a network, lower is better; draws nothing."""


def optimise(
    network: N,
    run: Run,
    *,
    rng: np.random.Generator,
    loss: Loss[N],
    score: Score[N],
    log: Path,
    progress: Progress,
    resume: ResumeFile | None = None,
) -> tuple[N, float]:
    """Minimise a loss by AdamW with warm-up and cosine, keeping the averaged weights of the best held-out score.

    Among several ranks (training/distributed.py) each draws its own batches, and rank 0 alone scores, logs and writes.

    Args:
        rng: what batches are drawn from.
        log: JSON lines of step, loss and score are appended here.
        resume: where the state is saved at every check, and gone on from; None = nowhere.

    Returns:
        The best averaged network, on the CPU, and its score.
    """
    state = _begin(network, run, rng)
    if resume:
        resume.restore(state, run, log)
    progress(state.step / run.steps)
    called = placed(network, learning_device(), available_precision(run.precision, learning_device()))
    while state.step < run.steps and not _is_given_up(state, run):
        since, first = time.perf_counter(), state.step
        recent = _steps_to_check(state, run, called, loss, progress)
        seconds = (time.perf_counter() - since) / (state.step - first)
        _check(state, run, score, {"loss": recent, "seconds_per_step": round(seconds, 4)}, log)
        if resume:
            resume.save(state, run, log)
    progress(1.0)
    if state.best_state is not None:
        network.load_state_dict(state.best_state)
    return network.cpu().eval(), state.best


def learning_rate(run: Run, step: int) -> float:
    """Return the rate at a step: linear warm-up, then cosine to a twentieth."""
    if step < run.warmup:
        return run.learning_rate * step / run.warmup
    share = (step - run.warmup) / max(1, run.steps - run.warmup)
    return run.learning_rate * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * share)))


def _begin(network: nn.Module, run: Run, rng: np.random.Generator) -> TrainingState:
    network.to(learning_device())
    copy_from_first(network)
    seed_dropout(run.seed)
    return TrainingState(
        network=network,
        optimiser=torch.optim.AdamW(_groups(network, run.weight_decay), lr=run.learning_rate, betas=(0.9, 0.95)),
        averaged=AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(run.average)),  # type: ignore[no-untyped-call]
        rng=rng,
    )


def _is_given_up(state: TrainingState, run: Run) -> bool:
    return bool(run.patience) and state.stale >= run.patience


def _steps_to_check(state: TrainingState, run: Run, called: N, loss: Loss[N], progress: Progress) -> float:
    """Take steps up to the next check; return the last one's loss."""
    last = min(run.steps, (state.step // run.check_every + 1) * run.check_every)
    recent = 0.0
    while state.step < last:
        recent = _step(state, run, called, loss)
        progress(state.step / run.steps)
    return recent


def _step(state: TrainingState, run: Run, called: N, loss: Loss[N]) -> float:
    state.step += 1
    for group in state.optimiser.param_groups:
        group["lr"] = learning_rate(run, state.step)
    state.network.train()
    state.optimiser.zero_grad(set_to_none=True)
    mine = 0.0
    for _ in range(run.accumulate):
        value = loss(called, state.rng) / run.accumulate
        value.backward()  # type: ignore[no-untyped-call]
        mine += float(value.detach())
    parameters = [p for p in state.network.parameters() if p.requires_grad]
    mean = average_gradients(parameters, mine)
    nn.utils.clip_grad_norm_(parameters, run.clip)
    state.optimiser.step()
    state.averaged.update_parameters(state.network)
    return mean


def _check(state: TrainingState, run: Run, score: Score[N], facts: dict[str, Any], log: Path) -> None:
    """Score the running average, and write a line of the log, flushed to the disk before the state is saved."""
    averaged = placed(cast(N, state.averaged.module.eval()), learning_device())
    held_out = from_first(lambda: score(averaged))
    state.keep_if_best(held_out)
    if not is_first():
        return
    row = {
        "step": state.step,
        "loss": facts["loss"],
        "held_out": held_out,
        "learning_rate": learning_rate(run, state.step),
        "samples": state.step * run.batch * run.accumulate * ranks(),
        "seconds_per_step": facts["seconds_per_step"],
    }
    with log.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(row) + "\n")
        lines.flush()
        os.fsync(lines.fileno())


def _groups(network: nn.Module, weight_decay: float) -> list[dict[str, object]]:
    learned = [p for p in network.parameters() if p.requires_grad]
    wide = [p for p in learned if p.dim() >= 2]
    narrow = [p for p in learned if p.dim() < 2]
    return [{"params": wide, "weight_decay": weight_decay}, {"params": narrow, "weight_decay": 0.0}]
