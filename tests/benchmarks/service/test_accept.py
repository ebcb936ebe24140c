"""The benchmark of accepting orders, with three of them."""

from pathlib import Path

import pytest

from benchmarks.service.accept import main


def test_orders_are_accepted_planned_and_looked_at(
    sample_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = str(sample_home / "archives" / "sample")
    words = ["--orders", "3", "--requests", "3", "--clients", "2", "--archive", archive]
    monkeypatch.setattr("sys.argv", ["accept.py", *words])
    assert main() in (0, 1)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("3 orders of 59 tiles from 2 clients, ")
    assert [line.split(" | ")[0] for line in lines[4:]] == [
        "| accepting all",
        "| processor time of the service for it",
        "| planning all, one worker",
        "| GET /jobs/{job_id} before they are planned, p95",
        "| GET /jobs before they are planned, p95",
        "| GET /healthz before they are planned, p95",
        "| GET /jobs/{job_id} with all tiles waiting, p95",
        "| GET /jobs with all tiles waiting, p95",
        "| GET /healthz with all tiles waiting, p95",
    ]
