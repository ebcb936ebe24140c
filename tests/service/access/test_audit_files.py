"""The files of the audit log: set aside when large or old, by one of many writers, and removed at last."""

import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from service.access import audit_files
from service.access.audit_files import DAY_S, AuditFiles

NOW = 1_800_000_000.0


def line(number: int, time: str = "2027-01-15T00:00:00.000Z") -> str:
    return json.dumps({"time": time, "number": number})


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir() if p.suffix != ".lock")


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(audit_files, "MAX_BYTES", 200)
    return tmp_path / "logs" / "audit.log"


def numbers(path: Path) -> list[int]:
    return [json.loads(text)["number"] for text in path.read_text().splitlines()]


def test_a_large_file_is_set_aside_and_no_line_is_lost(path: Path) -> None:
    files = AuditFiles(path, days=0, clock=lambda: NOW)
    for number in range(20):
        files.append(line(number))
    found = [path.with_name(n) for n in names(path.parent)]
    assert [p.name for p in found][:3] == ["audit.log.1", "audit.log.2", "audit.log.3"] or path in found
    assert sorted(n for p in found for n in numbers(p)) == list(range(20))
    assert max(numbers(path.with_name("audit.log.2"))) < min(numbers(path.with_name("audit.log.1")))
    assert {stat.S_IMODE(p.stat().st_mode) for p in found} == {0o600}


def test_there_are_so_many_files_and_no_more(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(audit_files, "MOST", 3)
    files = AuditFiles(path, days=0, clock=lambda: NOW)
    for number in range(40):
        files.append(line(number))
    earlier = [n for n in names(path.parent) if n != "audit.log"]
    assert earlier == ["audit.log.1", "audit.log.2", "audit.log.3"]
    assert "audit log removed" in caplog.text


def test_old_files_are_removed_and_others_stay(path: Path) -> None:
    files = AuditFiles(path, days=10, clock=lambda: NOW)
    files.append(line(0))
    for number, age_days in ((1, 9), (2, 11)):
        earlier = path.with_name(f"audit.log.{number}")
        earlier.write_text(line(number))
        os.utime(earlier, (NOW - age_days * DAY_S,) * 2)
    AuditFiles(path, days=0, clock=lambda: NOW).append(line(3))
    assert names(path.parent) == ["audit.log", "audit.log.1", "audit.log.2"]
    AuditFiles(path, days=10, clock=lambda: NOW).append(line(4))
    assert names(path.parent) == ["audit.log", "audit.log.1"]


def test_a_file_that_began_long_ago_is_set_aside_though_it_is_small(path: Path) -> None:
    AuditFiles(path, days=365, clock=lambda: NOW).append(line(0, time="2026-11-01T00:00:00.000Z"))
    assert names(path.parent) == ["audit.log.1"]
    AuditFiles(path, days=365, clock=lambda: NOW).append(line(1, time="2027-01-01T00:00:00.000Z"))
    assert names(path.parent) == ["audit.log", "audit.log.1"]


def test_a_first_line_that_is_damaged_harms_nothing(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"\xff\xfe no JSON\n")
    AuditFiles(path, days=365, clock=lambda: NOW).append(line(1))
    assert names(path.parent) == ["audit.log"]


def test_many_writers_set_a_file_aside_once_and_lose_no_line(path: Path) -> None:
    def write(first: int) -> None:
        files = AuditFiles(path, days=0, clock=lambda: NOW)
        for number in range(first, first + 25):
            files.append(line(number))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(0, 100, 25)))
    found = [n for name in names(path.parent) for n in numbers(path.with_name(name))]
    assert sorted(found) == list(range(100))
