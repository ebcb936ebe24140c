"""Commands run in this process: their folder, and what they print. The service that some of them ask is shared."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cli.main import DONE, WRONG_INPUT, run_command
from tests.cli.said import other_lines
from tests.service.conftest import archive_folder, client, front, own, redis_url

__all__ = ["archive_folder", "client", "front", "own", "redis_url"]

PROGRESS = ("cube ", "embed ", "probe ", "hindcast ")
"""Beginnings of lines that tell how far a command is."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Working and home folder of a command that is run in this process."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LANDCAST_HOME", str(tmp_path / "home"))
    return tmp_path


@pytest.fixture
def run(folder: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run a command that must succeed; return what it printed."""

    def done(*arguments: object) -> str:
        code = run_command([str(a) for a in arguments])
        printed = capsys.readouterr()
        assert code == DONE, printed.err
        return printed.out

    return done


@pytest.fixture
def refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run a command that must be refused, and leave nothing behind; return its one sentence."""

    def run(*arguments: object) -> str:
        before = sorted(p.name for p in folder.iterdir() if p.name != "home")
        code = run_command([str(a) for a in arguments])
        printed = capsys.readouterr()
        assert code == WRONG_INPUT, printed.err
        assert sorted(p.name for p in folder.iterdir() if p.name != "home") == before
        lines = [line for line in other_lines(printed.err) if not line.startswith(PROGRESS)]
        assert len(lines) == 1, printed.err
        return lines[0]

    return run
