"""Several processes on one run, over gloo on this machine."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from tests.conftest import ROOT
from tests.training.tiny_training import HANGING, RUN, rows, start_ranks, take_steps
from training.distributed import from_first, gathered, is_first, joined, ranks
from training.resume import RESUME

pytestmark = pytest.mark.usefixtures("one_thread")


def weights(folder: Path, rank: int = 0) -> dict[str, torch.Tensor]:
    return load_file(folder / f"weights{rank}.safetensors")


def finish(*arguments: str) -> list[str]:
    """Run two ranks to their end; return what each printed."""
    children = start_ranks(2, *arguments)
    outputs = [child.communicate()[0] for child in children]
    assert [child.returncode for child in children] == [0, 0]
    return outputs


def test_a_process_alone_shares_with_nobody() -> None:
    with joined():
        assert (ranks(), is_first(), from_first(lambda: 3), gathered("mine")) == (1, True, 3, ["mine"])


@pytest.fixture(scope="module")
def by_torchrun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of an undisturbed run of two ranks."""
    folder = tmp_path_factory.mktemp("torchrun")
    launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    port = ["--master-addr", "127.0.0.1", "--rdzv-endpoint", "127.0.0.1:0", "--rdzv-backend", "c10d"]
    run = subprocess.run(
        [*launcher, *port, "-m", "tests.training.tiny_training", "0", str(folder)],
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return folder


@pytest.mark.slow
def test_ranks_started_by_torchrun_end_with_equal_weights_and_one_log(by_torchrun: Path) -> None:
    first, second = weights(by_torchrun, 0), weights(by_torchrun, 1)
    assert all(torch.equal(first[k], second[k]) for k in first)
    assert [r["step"] for r in rows(by_torchrun)] == [3, 6, 9, 12]
    assert [r["samples"] for r in rows(by_torchrun)] == [2 * RUN.batch * s for s in (3, 6, 9, 12)]


@pytest.mark.slow
def test_ranks_that_were_killed_go_on_to_the_same_log_and_weights(by_torchrun: Path, tmp_path: Path) -> None:
    children = start_ranks(2, "7", str(tmp_path))
    assert children[0].stdout is not None
    assert children[0].stdout.readline() == f"{HANGING}\n"
    for child in children:
        child.kill()
        child.communicate()
    assert (tmp_path / RESUME).exists()
    assert finish("0", str(tmp_path)) == ["0.5\n", "0.5\n"]
    assert rows(tmp_path) == rows(by_torchrun)
    found, expected = weights(tmp_path), weights(by_torchrun)
    assert all(torch.equal(found[k], expected[k]) for k in expected)


@pytest.mark.slow
def test_two_ranks_with_half_a_batch_each_take_the_steps_of_one_process_with_all_of_it(tmp_path: Path) -> None:
    finish("half", str(tmp_path))
    alone = take_steps(RUN, lambda: slice(None), tmp_path / "alone.jsonl")
    first, second = weights(tmp_path, 0), weights(tmp_path, 1)
    assert set(first) == set(alone)
    for name, expected in alone.items():
        torch.testing.assert_close(first[name], expected, atol=1e-5, rtol=0)
        assert torch.equal(first[name], second[name])
