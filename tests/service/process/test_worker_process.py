import sys
from pathlib import Path

from core.settings import Settings
from service.process.worker_process import DELAYS_S, HOPELESS, MAX_LOG_BYTES, WorkerProcess, worker_command
from tests.service.process.guard import NotingGuard
from tests.workers.conftest import wait_for


def test_the_pause_between_restarts_grows_until_there_is_no_hope(settings: Settings, tmp_path: Path) -> None:
    guard = NotingGuard()  # the settings name no Redis, so every worker dies at its start
    worker = WorkerProcess(settings, log=tmp_path / "logs" / "worker.log", orphan_guard=guard)  # type: ignore[arg-type]
    worker.start()
    first = worker.pid
    assert guard.groups == {first}

    def tended() -> int | None:
        worker.tend()
        return worker.pid

    wait_for(lambda: tended() != first)
    assert worker.pid is not None, "the first restart comes at once"
    wait_for(lambda: tended() is None)  # the second one waits
    assert not guard.groups
    assert not worker.is_hopeless
    assert list(DELAYS_S) == sorted(DELAYS_S)
    assert len(DELAYS_S) < HOPELESS
    worker.stop(1.0)
    assert not guard.folders, "temporary files of dead workers are removed"
    assert "LANDCAST_REDIS_URL" in (tmp_path / "logs" / "worker.log").read_text()


def test_a_worker_is_started_from_the_installed_rooms_with_its_log_level() -> None:
    command = worker_command("celery-7", Settings(log_level="warning"))
    assert command[:3] == [sys.executable, "-P", "-c"]
    assert command[command.index("--loglevel") + 1] == "WARNING"
    assert command[command.index("-n") + 1] == "celery-7@%h"


def test_a_long_log_is_put_aside_when_a_worker_starts(settings: Settings, tmp_path: Path) -> None:
    log = tmp_path / "worker.log"
    with log.open("wb") as file:
        file.truncate(MAX_LOG_BYTES + 1)
    worker = WorkerProcess(settings, log=log, orphan_guard=NotingGuard())  # type: ignore[arg-type]
    worker.start()
    worker.stop(0.0)
    assert (tmp_path / "worker.old.log").stat().st_size == MAX_LOG_BYTES + 1
    assert log.stat().st_size < MAX_LOG_BYTES


def test_stopping_a_worker_that_never_started_does_nothing(settings: Settings, tmp_path: Path) -> None:
    WorkerProcess(settings, log=tmp_path / "worker.log", orphan_guard=NotingGuard()).stop(0.0)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []
