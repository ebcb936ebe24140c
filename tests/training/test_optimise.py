"""What the loop promises for any loss: accumulation, early stop, precision, and the facts in its log."""

import itertools
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from models.network.earthpt import EarthPT
from tests.models.builders import tiny_network
from tests.training.tiny_training import RUN, rows, take_steps, train_in
from training.optimise import learning_rate, optimise
from training.resume import RESUME, ResumeFile
from training.runs import Run

CPU = torch.device("cpu")

pytestmark = pytest.mark.usefixtures("one_thread")


def test_one_seed_gives_one_log_and_one_network_and_another_seed_another(tmp_path: Path) -> None:
    first, again = (train_in(tmp_path / n).state_dict() for n in ("a", "b"))
    other = train_in(tmp_path / "c", replace(RUN, seed=1)).state_dict()
    assert rows(tmp_path / "a") == rows(tmp_path / "b")
    assert rows(tmp_path / "a") != rows(tmp_path / "c")
    assert all(torch.equal(first[k], again[k]) for k in first)
    assert any(not torch.equal(first[k], other[k]) for k in first)


def test_two_halves_accumulated_are_the_step_of_the_whole_batch(tmp_path: Path) -> None:
    halves = itertools.cycle([slice(0, None, 2), slice(1, None, 2)])
    whole = take_steps(RUN, lambda: slice(None), tmp_path / "a")
    accumulated = take_steps(replace(RUN, accumulate=2), lambda: next(halves), tmp_path / "b")
    for name, expected in whole.items():
        torch.testing.assert_close(accumulated[name], expected, atol=1e-5, rtol=0)


def minimised(run: Run, scores: Iterator[float], log: Path, resume: ResumeFile | None = None) -> tuple[EarthPT, float]:
    """Minimise the sum of the weights' squares, with scores of the test's choice."""

    def loss(network: EarthPT, _rng: np.random.Generator) -> torch.Tensor:
        return sum((p.square().sum() for p in network.parameters()), torch.zeros(()))

    return optimise(
        tiny_network(),
        run,
        rng=np.random.default_rng(0),
        loss=loss,
        score=lambda _network: next(scores),
        log=log,
        progress=lambda _share: None,
        resume=resume,
    )


def test_a_run_out_of_patience_ends_and_keeps_the_best_weights(tmp_path: Path) -> None:
    run, file = replace(RUN, steps=30, check_every=2, patience=2), ResumeFile(path=tmp_path / RESUME)
    network, best = minimised(run, iter([3.0, 2.0, 2.5, 2.0, 9.0, 9.0]), tmp_path / "log.jsonl", file)
    assert best == 2.0
    assert [r["step"] for r in rows(tmp_path)] == [2, 4, 6, 8, 10, 12]
    again, _ = minimised(run, iter([]), tmp_path / "log.jsonl", file)
    assert all(torch.equal(again.state_dict()[k], v) for k, v in network.state_dict().items())
    shorter, _ = minimised(replace(run, steps=8, warmup=50), iter([3.0, 2.0, 2.5, 2.0]), tmp_path / "b")
    longer, _ = minimised(replace(run, steps=12, warmup=50), iter([3.0, 2.0, 2.5, 2.0, 9.0, 9.0]), tmp_path / "c")
    assert all(torch.equal(longer.state_dict()[k], v) for k, v in shorter.state_dict().items())


def test_without_patience_all_steps_are_taken(tmp_path: Path) -> None:
    minimised(replace(RUN, check_every=6), itertools.count(1.0), tmp_path / "log.jsonl")
    assert [r["step"] for r in rows(tmp_path)] == [6, 12]


def test_the_log_has_rate_samples_and_seconds(tmp_path: Path) -> None:
    run = replace(RUN, steps=8, check_every=3, accumulate=2)
    minimised(run, itertools.repeat(1.0), tmp_path / "log.jsonl")
    found = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [r["step"] for r in found] == [3, 6, 8]
    assert [r["samples"] for r in found] == [48, 96, 128]
    assert [r["learning_rate"] for r in found] == [learning_rate(run, s) for s in (3, 6, 8)]
    assert all(r["seconds_per_step"] >= 0 for r in found)
