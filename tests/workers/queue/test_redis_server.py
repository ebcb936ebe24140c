from pathlib import Path

import pytest

from core.errors import WorkerUnavailable
from workers.queue.redis_server import find_redis_server, start_redis


def test_a_private_redis_leaves_nothing_behind() -> None:
    with start_redis() as (url, process):
        folder = Path(url.removeprefix("redis+socket://")).parent
        assert folder.exists()
        assert len(url.removeprefix("redis+socket://")) < 100
    assert process.returncode is not None
    assert not folder.exists()


def test_a_redis_that_does_not_start_is_said(tmp_path: Path) -> None:
    program = tmp_path / "redis-server"
    program.write_text("#!/bin/sh\nexit 3\n")
    program.chmod(0o755)
    with pytest.raises(WorkerUnavailable, match="did not start"), start_redis(program):
        pass


def test_a_server_is_found_on_this_machine() -> None:
    assert find_redis_server().is_file()


def test_a_long_folder_for_temporary_files_is_avoided(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long = tmp_path / ("x" * 90)
    long.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(long))
    with start_redis() as (url, _):
        assert len(url.partition("://")[2]) <= 100
