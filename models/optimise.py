"""Optimise: the loop that training and fine-tuning share. Knows neither series nor files, but for its log."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from core.product import Progress
from models.earthpt import EarthPT
from models.runs import Run


def optimise(
    network: EarthPT,
    run: Run,
    *,
    loss: Callable[[EarthPT], Tensor],
    score: Callable[[EarthPT], float],
    log: Path,
    progress: Progress,
) -> tuple[EarthPT, float]:
    """Minimise a loss by AdamW with warm-up and cosine, keeping the averaged weights of the best held-out score.

    Args:
        loss: draws a batch and returns its loss.
        score: held-out score of a network, lower is better.
        log: JSON lines of step, loss and score are appended here.

    Returns:
        The best averaged network and its score.
    """
    optimiser = torch.optim.AdamW(_groups(network, run.weight_decay), lr=run.learning_rate, betas=(0.9, 0.95))
    averaged = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(run.average))  # type: ignore[no-untyped-call]
    best, best_state, recent = math.inf, network.state_dict(), 0.0
    with log.open("a", encoding="utf-8") as lines:
        for step in range(1, run.steps + 1):
            for group in optimiser.param_groups:
                group["lr"] = learning_rate(run, step)
            recent = _step(network.train(), optimiser, loss, run.clip)
            averaged.update_parameters(network)
            if step % run.check_every == 0 or step == run.steps:
                held_out = score(cast(EarthPT, averaged.module.eval()))
                lines.write(json.dumps({"step": step, "loss": recent, "held_out": held_out}) + "\n")
                lines.flush()
                if held_out <= best:
                    best, best_state = held_out, {k: v.clone() for k, v in averaged.module.state_dict().items()}
            progress(step / run.steps)
    network.load_state_dict(best_state)
    return network.eval(), best


def learning_rate(run: Run, step: int) -> float:
    """Return the rate at a step: linear warm-up, then cosine to a twentieth."""
    if step < run.warmup:
        return run.learning_rate * step / run.warmup
    share = (step - run.warmup) / max(1, run.steps - run.warmup)
    return run.learning_rate * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * share)))


def _step(network: EarthPT, optimiser: torch.optim.Optimizer, loss: Callable[[EarthPT], Tensor], clip: float) -> float:
    optimiser.zero_grad(set_to_none=True)
    value = loss(network)
    value.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(network.parameters(), clip)
    optimiser.step()
    return float(value.detach())


def _groups(network: nn.Module, weight_decay: float) -> list[dict[str, object]]:
    wide = [p for p in network.parameters() if p.dim() >= 2]
    narrow = [p for p in network.parameters() if p.dim() < 2]
    return [{"params": wide, "weight_decay": weight_decay}, {"params": narrow, "weight_decay": 0.0}]
