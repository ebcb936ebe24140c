"""A training small enough for tests; run as a program, it is one process that a test may kill or give a rank."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file

from core.bands import channel
from models.network.earthpt import SIZES, EarthPT
from models.training_set import TrainingSet
from tests.conftest import ROOT
from tests.models.builders import START, TINY, tiny_network, wavy_series
from training.distributed import joined, rank, ranks
from training.optimise import optimise
from training.resume import RESUME, ResumeFile
from training.runs import Run
from training.sampling import ForecastBatch, hindcast
from training.train import forecast_loss, train

RUN = Run(
    name="tiny",
    task="forecast",
    size="tiny",
    mixture={"waves": 1.0},
    holdout="waves",
    before="2018-09-01",
    holdout_until="2019-12-01",
    steps=12,
    batch=8,
    targets=4,
    check_every=3,
    warmup=2,
    classes=("no", "yes"),
    months=12,
)
HANGING = "hanging"


def small_set(name: str = "waves", count: int = 30) -> TrainingSet:
    series = wavy_series(count, dates=160)
    crop = np.arange(count) % 2
    return TrainingSet(
        name=name,
        licence="made for a test",
        series=series,
        places=np.array([f"place{i // 2}" for i in range(count)]),
        labels={"crop": crop.astype(np.int8)},
    )


def train_in(folder: Path, run: Run = RUN, *, progress: Callable[[float], None] = lambda _share: None) -> EarthPT:
    """Train with dropout, so that torch's generator matters, and save to the folder at every check."""
    SIZES["tiny"] = replace(TINY, dropout=0.1)
    folder.mkdir(exist_ok=True)
    resume = ResumeFile(path=folder / RESUME)
    return train(run, {"waves": small_set()}, log=folder / "log.jsonl", progress=progress, resume=resume)[0]


def rows(folder: Path) -> list[dict[str, Any]]:
    """Return the lines of a log, without the one thing that depends on the machine's load."""
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return [{k: v for k, v in line.items() if k != "seconds_per_step"} for line in lines]


def dense_batch() -> ForecastBatch:
    """Eight series of which every date is seen, so that means over halves are halves of the mean."""
    series = wavy_series(8)
    series.values[..., channel("NDVI")] = np.linspace(0.2, 0.7, series.values[..., 0].size).reshape(8, -1)
    issues = np.full(8, START + 600, np.int32)
    batch = hindcast(series, issues, (issues[:, None] + np.array([0, 8, 16, 24])).astype(np.int32))
    return replace(batch, has_channel=np.ones_like(batch.has_channel), channels=np.nan_to_num(batch.channels))


def take_steps(run: Run, next_part: Callable[[], slice], log: Path) -> dict[str, torch.Tensor]:
    """Take steps on parts of the dense batch; return the weights and the last gradients."""
    batch = dense_batch()
    network = tiny_network()

    def loss(network: EarthPT, _rng: np.random.Generator) -> torch.Tensor:
        at = next_part()
        return forecast_loss(network, ForecastBatch(**{f: getattr(batch, f)[at] for f in vars(batch)}))

    optimise(
        network,
        run,
        rng=np.random.default_rng(0),
        loss=loss,
        score=lambda _network: 0.0,
        log=log,
        progress=lambda _share: None,
    )
    grads = {f"grad.{n}": p.grad for n, p in network.named_parameters() if p.grad is not None}
    return {**network.state_dict(), **grads}


def start(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    """Start this module as a process of one thread."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.training.tiny_training", *arguments],
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1"} | environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def start_ranks(count: int, *arguments: str) -> list[subprocess.Popen[str]]:
    """Start processes that find each other as those of torchrun do."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    where = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": str(count)}
    return [start(*arguments, **where, RANK=str(k), LOCAL_RANK=str(k)) for k in range(count)]


def main(folder: Path, hang_at: int = 0) -> None:
    """Train, or hang after a step of rank 0; print the share done at the start; write the weights of each rank."""
    shares: list[float] = []

    def progress(share: float) -> None:
        shares.append(share)
        if hang_at and rank() == 0 and round(share * RUN.steps) == hang_at:
            print(HANGING, flush=True)
            sys.stdin.read()

    with joined():
        network = train_in(folder, progress=progress)
        save_file(network.state_dict(), folder / f"weights{rank()}.safetensors")
        print(shares[0])


def take_half(folder: Path) -> None:
    """Take the steps of `take_steps` with this rank's part of the batch."""
    with joined():
        found = take_steps(RUN, lambda: slice(rank(), None, ranks()), folder / "log.jsonl")
        save_file(found, folder / f"weights{rank()}.safetensors")


if __name__ == "__main__":
    if sys.argv[1] == "half":
        take_half(Path(sys.argv[2]))
    else:
        main(Path(sys.argv[2]), int(sys.argv[1]))
