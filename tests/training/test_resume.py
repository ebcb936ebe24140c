"""A run that was killed goes on to the same curve and weights."""

import signal
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from core.errors import InvalidCheckpoint, InvalidOption
from tests.training.tiny_training import HANGING, RUN, rows, small_set, start, train_in
from training.resume import RESUME, ResumeFile
from training.train import train

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("undisturbed")
    output, _ = start("0", str(folder)).communicate()
    assert output == "0.0\n"
    return folder


def kill_after(step: int, folder: Path) -> None:
    with start(str(step), str(folder)) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == f"{HANGING}\n"
        child.kill()
        assert child.wait() == -signal.SIGKILL


@pytest.mark.parametrize(("killed_after", "saved_at"), [(2, 0), pytest.param(7, 6, marks=pytest.mark.slow)])
def test_a_run_killed_between_checks_goes_on_to_the_same_log_and_weights(
    killed_after: int, saved_at: int, undisturbed: Path, tmp_path: Path
) -> None:
    kill_after(killed_after, tmp_path)
    assert (tmp_path / RESUME).exists() == bool(saved_at)
    output, _ = start("0", str(tmp_path)).communicate()
    assert float(output) == saved_at / RUN.steps
    assert rows(tmp_path) == rows(undisturbed)
    weights, expected = (load_file(f / "weights0.safetensors") for f in (tmp_path, undisturbed))
    assert all(torch.equal(weights[k], expected[k]) for k in expected)


class Stopped(Exception):
    """A kill, but in this process."""


def stop_after(step: int, folder: Path) -> None:
    def progress(share: float) -> None:
        if round(share * RUN.steps) == step:
            raise Stopped

    with pytest.raises(Stopped):
        train_in(folder, progress=progress)


def test_what_a_kill_while_saving_leaves_behind_does_no_harm(tmp_path: Path) -> None:
    expected = train_in(tmp_path / "undisturbed").state_dict()
    folder = tmp_path / "killed"
    stop_after(7, folder)
    (folder / f".{RESUME}").write_bytes(b"half a file")
    with (folder / "log.jsonl").open("a") as log:
        log.write('{"step": 9, "loss": 0.1}\n{"step": 1')
    weights = train_in(folder).state_dict()
    assert rows(folder) == rows(tmp_path / "undisturbed")
    assert all(torch.equal(weights[k], expected[k]) for k in expected)


def test_a_run_killed_after_its_last_step_takes_no_further_one(tmp_path: Path) -> None:
    first, shares = train_in(tmp_path).state_dict(), []
    again = train_in(tmp_path, progress=shares.append).state_dict()
    assert set(shares) == {1.0}
    assert [r["step"] for r in rows(tmp_path)] == [3, 6, 9, 12]
    assert all(torch.equal(first[k], again[k]) for k in first)


def first_share(folder: Path, resume: ResumeFile, **changes: object) -> float:
    """Return where a run begins, and leave it there."""
    shares: list[float] = []

    def progress(share: float) -> None:
        shares.append(share)
        raise Stopped

    run = replace(RUN, **changes)  # type: ignore[arg-type]
    with pytest.raises(Stopped):
        train(run, {"waves": small_set()}, log=folder / "log.jsonl", progress=progress, resume=resume)
    return shares[0]


def test_another_entry_or_origin_or_network_begins_anew(tmp_path: Path) -> None:
    stop_after(7, tmp_path)
    file = ResumeFile(path=tmp_path / RESUME)
    assert first_share(tmp_path, file) == 0.5
    assert first_share(tmp_path, file, learning_rate=2e-3) == 0
    assert first_share(tmp_path, file, size="medium") == 0
    assert first_share(tmp_path, replace(file, origin={"trunk": "another"})) == 0
    assert (tmp_path / "log.jsonl").read_text() == ""
    assert first_share(tmp_path, file) == 0.5, "what is saved stays until the next check"


def test_resuming_as_a_must_says_why_it_cannot(tmp_path: Path) -> None:
    must = ResumeFile(path=tmp_path / RESUME, policy="always")
    with pytest.raises(InvalidOption, match="nothing is saved there"):
        first_share(tmp_path, must)
    stop_after(4, tmp_path)
    assert first_share(tmp_path, must) == 0.25
    with pytest.raises(InvalidOption, match="another entry"):
        first_share(tmp_path, must, seed=5)


def test_beginning_anew_forgets_what_is_saved(tmp_path: Path) -> None:
    stop_after(4, tmp_path)
    assert first_share(tmp_path, ResumeFile(path=tmp_path / RESUME, policy="never")) == 0
    assert not (tmp_path / RESUME).exists()


def test_a_file_that_is_none_of_ours_is_refused(tmp_path: Path) -> None:
    (tmp_path / RESUME).write_bytes(b"not a file of torch")
    with pytest.raises(InvalidCheckpoint, match="--restart begins anew"):
        first_share(tmp_path, ResumeFile(path=tmp_path / RESUME))
