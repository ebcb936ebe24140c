"""The benchmark of starts, with one of each."""

import re
from pathlib import Path

import pytest

from benchmarks.service.start import main


@pytest.mark.slow
def test_a_service_and_a_worker_are_started_and_timed(
    sample_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = str(sample_home / "archives" / "sample")
    monkeypatch.setattr("sys.argv", ["start.py", "--rounds", "1", "--archive", archive])
    assert main() in (0, 1)
    service, tile = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"service ready \d+\.\d s \(.* 1 starts\) \(aim: 2 s\)", service)
    assert re.fullmatch(r"first tile of a worker \d+\.\d s \(.*\) \(aim: 3 s\)", tile)
