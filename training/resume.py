"""Resuming: everything that the next step depends on, in one file, so that a killed run goes on to the same curve."""

import json
import logging
import math
import os
import pickle
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from core.errors import InvalidCheckpoint, InvalidOption
from training.distributed import from_first, gathered, is_first, rank, ranks
from training.runs import Run

RESUME = "resume.pt"
Wish = Literal["if_possible", "always", "never"]

logger = logging.getLogger(__name__)


@dataclass(kw_only=True)
class Learning:
    """A network on its way, after some steps."""

    network: nn.Module
    optimiser: torch.optim.Optimizer
    averaged: AveragedModel
    rng: np.random.Generator
    """What this rank's batches are drawn from."""
    step: int = 0
    """Steps done."""
    best: float = math.inf
    """Lowest held-out score so far."""
    best_state: dict[str, Tensor] | None = None
    """Averaged weights of that score; None before the first."""
    stale: int = 0
    """Checks since that score."""

    def judge(self, held_out: float) -> None:
        """Keep the averaged weights if their score is no worse than the best."""
        if held_out <= self.best:
            self.best, self.stale = held_out, 0
            self.best_state = {k: v.clone() for k, v in self.averaged.module.state_dict().items()}
        else:
            self.stale += 1


@dataclass(frozen=True, kw_only=True)
class ResumeFile:
    """Where a run is saved at every check, and what may go on from there."""

    path: Path
    origin: Mapping[str, Any] = field(default_factory=dict)
    """What the run starts from besides its entry, JSON types only: another origin is another run."""
    wish: Wish = "if_possible"
    """`always` refuses to begin anew, `never` forgets what is saved."""

    def save(self, learning: Learning, run: Run, log: Path) -> None:
        """Write the state of all ranks aside and rename it; every rank must call."""
        dice = gathered(_dice(learning.rng))
        if not is_first():
            return
        state = {
            "asked": self._asked(learning, run),
            "log": log.read_text(encoding="utf-8"),
            "dice": dice,
            "network": learning.network.state_dict(),
            "optimiser": learning.optimiser.state_dict(),
            "averaged": learning.averaged.state_dict(),
            **{name: getattr(learning, name) for name in ("step", "best", "best_state", "stale")},
        }
        aside = self.path.with_name(f".{self.path.name}")
        with aside.open("wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(self.path)

    def restore(self, learning: Learning, run: Run, log: Path) -> None:
        """Go back to what is saved, the log too; or begin with an empty log. Every rank must call.

        Raises:
            InvalidOption: resuming is a must, and nothing fitting is saved.
            InvalidCheckpoint: the file cannot be read.
        """
        state = from_first(lambda: self._read(learning, run))
        if is_first():
            log.write_text(state["log"] if state else "", encoding="utf-8")
        if state is None:
            return
        learning.network.load_state_dict(state["network"])
        learning.optimiser.load_state_dict(state["optimiser"])
        learning.averaged.load_state_dict(state["averaged"])
        for name in ("step", "best", "best_state", "stale"):
            setattr(learning, name, state[name])
        _set_dice(learning.rng, state["dice"][rank()])
        if is_first():
            logger.info("resumed run=%s step=%d of=%d", run.name, learning.step, run.steps)

    def remove(self) -> None:
        """Forget what is saved: the run is complete, or begins anew."""
        self.path.unlink(missing_ok=True)
        self.path.with_name(f".{self.path.name}").unlink(missing_ok=True)

    def _read(self, learning: Learning, run: Run) -> dict[str, Any] | None:
        if self.wish == "never":
            self.remove()
        if not self.path.exists():
            self._begin_anew("nothing is saved there")
            return None
        try:
            state: dict[str, Any] = torch.load(self.path, map_location="cpu", weights_only=True)
            asked = state["asked"]
        except (OSError, EOFError, RuntimeError, KeyError, pickle.UnpicklingError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise InvalidCheckpoint(self.path, f"{reason}; --restart begins anew") from None
        if asked == self._asked(learning, run):
            return state
        self._begin_anew("what is saved there is a run of another entry, other data or another number of processes")
        logger.warning("not resumed run=%s reason=the saved run has another entry, data or number of ranks", run.name)
        return None

    def _begin_anew(self, reason: str) -> None:
        if self.wish == "always":
            raise InvalidOption("--resume", self.path, f"{reason}, and only --restart begins anew")

    def _asked(self, learning: Learning, run: Run) -> str:
        shapes = {name: list(tensor.shape) for name, tensor in learning.network.state_dict().items()}
        asked = {"run": run.to_json(), "ranks": ranks(), "origin": dict(self.origin), "shapes": shapes}
        return json.dumps(asked, sort_keys=True)


def _dice(rng: np.random.Generator) -> dict[str, Any]:
    """Return the states of this rank's generators; numpy's as JSON, since its integers have 128 bits."""
    cuda = torch.cuda.get_rng_state() if torch.cuda.is_available() else None
    return {"numpy": json.dumps(rng.bit_generator.state), "torch": torch.get_rng_state(), "cuda": cuda}


def _set_dice(rng: np.random.Generator, dice: Mapping[str, Any]) -> None:
    rng.bit_generator.state = json.loads(dice["numpy"])
    torch.set_rng_state(dice["torch"])
    if dice["cuda"] is not None and torch.cuda.is_available():
        torch.cuda.set_rng_state(dice["cuda"])
