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
ResumePolicy = Literal["if_possible", "always", "never"]
"""What to do about a saved state: go on from it if it fits, refuse to begin anew, or forget it."""

logger = logging.getLogger(__name__)


@dataclass(kw_only=True)
class TrainingState:
    """A network in training, after some steps."""

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

    def keep_if_best(self, held_out: float) -> None:
        """Keep the averaged weights if their held-out score is no worse than the best so far."""
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
    """Data, weights and software that the run starts from, JSON types only: with another origin it is another run."""
    policy: ResumePolicy = "if_possible"

    def save(self, state: TrainingState, run: Run, log: Path) -> None:
        """Write the state of all ranks aside and rename it; every rank must call."""
        generators = gathered(_generator_states(state.rng))
        if not is_first():
            return
        content = {
            "run": self._identity(state, run),
            "log": log.read_text(encoding="utf-8"),
            "generators": generators,
            "network": state.network.state_dict(),
            "optimiser": state.optimiser.state_dict(),
            "averaged": state.averaged.state_dict(),
            **{name: getattr(state, name) for name in ("step", "best", "best_state", "stale")},
        }
        aside = self.path.with_name(f".{self.path.name}")
        with aside.open("wb") as file:
            torch.save(content, file)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(self.path)

    def restore(self, state: TrainingState, run: Run, log: Path) -> None:
        """Go back to what is saved, the log too; or begin with an empty log. Every rank must call.

        Raises:
            InvalidOption: the policy is `always`, and nothing that fits is saved.
            InvalidCheckpoint: the file cannot be read.
        """
        saved = from_first(lambda: self._read(state, run))
        if is_first():
            log.write_text(saved["log"] if saved else "", encoding="utf-8")
        if saved is None:
            return
        state.network.load_state_dict(saved["network"])
        state.optimiser.load_state_dict(saved["optimiser"])
        state.averaged.load_state_dict(saved["averaged"])
        for name in ("step", "best", "best_state", "stale"):
            setattr(state, name, saved[name])
        _set_generators(state.rng, saved["generators"][rank()])
        if is_first():
            logger.info("resumed run=%s step=%d of=%d", run.name, state.step, run.steps)

    def remove(self) -> None:
        """Forget what is saved: the run is complete, or begins anew."""
        self.path.unlink(missing_ok=True)
        self.path.with_name(f".{self.path.name}").unlink(missing_ok=True)

    def _read(self, state: TrainingState, run: Run) -> dict[str, Any] | None:
        """Return what is saved, None where a new training is to begin."""
        if self.policy == "never":
            self.remove()
        if not self.path.exists():
            self._begin_anew("nothing is saved there")
            return None
        try:
            saved: dict[str, Any] = torch.load(self.path, map_location="cpu", weights_only=True)
            identity = saved["run"]
        except (OSError, EOFError, RuntimeError, KeyError, pickle.UnpicklingError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise InvalidCheckpoint(self.path, f"{reason}; --restart begins anew") from None
        if identity == self._identity(state, run):
            return saved
        self._begin_anew("what is saved there is a run of another entry, other data or another number of processes")
        logger.warning("not resumed run=%s reason=the saved run has another entry, data or number of ranks", run.name)
        return None

    def _begin_anew(self, reason: str) -> None:
        if self.policy == "always":
            raise InvalidOption("--resume", self.path, f"{reason}, and only --restart begins anew")

    def _identity(self, state: TrainingState, run: Run) -> str:
        """Return what a saved state must have in common with a training to be gone on with."""
        shapes = {name: list(tensor.shape) for name, tensor in state.network.state_dict().items()}
        content = {"run": run.to_json(), "ranks": ranks(), "origin": dict(self.origin), "shapes": shapes}
        return json.dumps(content, sort_keys=True)


def _generator_states(rng: np.random.Generator) -> dict[str, Any]:
    """Return the states of this rank's generators; numpy's as JSON, since its integers have 128 bits."""
    cuda = torch.cuda.get_rng_state() if torch.cuda.is_available() else None
    return {"numpy": json.dumps(rng.bit_generator.state), "torch": torch.get_rng_state(), "cuda": cuda}


def _set_generators(rng: np.random.Generator, states: Mapping[str, Any]) -> None:
    rng.bit_generator.state = json.loads(states["numpy"])
    torch.set_rng_state(states["torch"])
    if states["cuda"] is not None and torch.cuda.is_available():
        torch.cuda.set_rng_state(states["cuda"])
