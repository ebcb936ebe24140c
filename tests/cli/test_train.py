"""`landcast train`: which runs it takes, and what --resume means. Whole runs are in test_finetune.py."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cli.train import policy_of, run_training
from core.errors import InvalidOption
from training.runs import RUNS

OF_CLASSES = sorted(name for name, run in RUNS.items() if run.task != "forecast")
FORECASTERS = sorted(name for name, run in RUNS.items() if run.task == "forecast")


def test_without_a_choice_a_killed_run_is_resumed_if_possible() -> None:
    assert (policy_of(None), policy_of(True), policy_of(False)) == ("if_possible", "always", "never")


def test_an_unknown_run_is_refused_with_the_runs_of_forecasters(refused: Callable[..., str], folder: Path) -> None:
    sentence = refused("train", "soup", "--data", str(folder), "-o", "models")
    assert "'RUN': the runs are" in sentence
    assert all(name in sentence for name in FORECASTERS)


@pytest.mark.parametrize(("run", "kind"), [(OF_CLASSES[0], "forecast"), (FORECASTERS[0], "class")])
def test_a_run_of_the_other_kind_is_refused_before_anything_is_read(run: str, kind: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidOption, match=run):
        run_training(run, kind, tmp_path, tmp_path / "models", None)
    assert not (tmp_path / "models").exists()
