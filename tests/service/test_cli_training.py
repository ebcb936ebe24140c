"""`landcast finetune` from a killed run to a checkpoint, alone and under torchrun."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from core.settings import Settings
from models.registry import CARD
from models.resume import RESUME
from service.cli import DONE, WRONG_INPUT, run_command
from tests.conftest import ROOT
from tests.models.tiny_training import rows
from tests.service.tiny_run import NAME, entries
from workers.learn import learn


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folder of a data collection, with the run that reads it among the named ones."""
    monkeypatch.setenv("LANDCAST_HOME", str(tmp_path / "home"))
    for table, name, entry in entries():
        monkeypatch.setitem(table, name, entry)
    (tmp_path / "data" / "waves").mkdir(parents=True)
    return tmp_path / "data"


class Stopped(Exception):
    """A kill, but in this process."""


def stop_after(share: float, data: Path, out: Path) -> None:
    def progress(done: float) -> None:
        if done > share:
            raise Stopped

    with pytest.raises(Stopped):
        learn(NAME, data=data, out=out, settings=Settings(home=data.parent / "home"), progress=progress)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # torch's ONNX exporter warns of itself
def test_a_run_that_was_stopped_goes_on_shows_where_and_leaves_only_a_checkpoint(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "out" / NAME
    arguments = ["finetune", NAME, "--data", str(data), "-o", str(tmp_path / "out")]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    stop_after(0.4, data, tmp_path / "out")
    assert (folder / RESUME).exists()
    assert run_command([*arguments, "--resume"]) == DONE
    torch.set_num_threads(threads)
    told = capsys.readouterr()
    assert told.out == f"{folder / CARD}\n"
    assert told.err.splitlines()[0] == f"{NAME}  30 %", "two of six steps were done"
    assert [r["step"] for r in rows(folder)] == [2, 4, 6]
    assert json.loads((folder / CARD).read_text())["ranks"] == 1
    assert not list(folder.glob("*resume*"))
    assert not list(folder.glob(".*"))
    assert run_command([*arguments, "--resume"]) == WRONG_INPUT
    assert "nothing is saved there" in capsys.readouterr().err


@pytest.mark.slow
def test_under_torchrun_one_process_alone_speaks_and_writes(data: Path, tmp_path: Path) -> None:
    launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    port = ["--rdzv-backend", "c10d", "--rdzv-endpoint", "127.0.0.1:0"]
    program = ["-m", "tests.service.tiny_run", "finetune", NAME, "--data", str(data), "-o", str(tmp_path / "out")]
    run = subprocess.run(
        [*launcher, *port, *program],
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    card = tmp_path / "out" / NAME / CARD
    assert run.returncode == 0, run.stderr
    assert run.stdout == f"{card}\n"
    assert run.stderr.count("100 %") == 1
    assert json.loads(card.read_text())["ranks"] == 2
    assert not list(card.parent.glob("*resume*"))
