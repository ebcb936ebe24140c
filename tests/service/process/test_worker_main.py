"""A worker ends normally when it is asked to, by Ctrl-C as by SIGTERM."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from core.read_settings import environment
from core.settings import Settings
from service.process.worker_process import worker_command
from tests.conftest import ROOT


@contextmanager
def started(tmp_path: Path, redis_url: str) -> Iterator[tuple["subprocess.Popen[bytes]", Path]]:
    """Start a worker in a session of its own; yields it with its log."""
    settings = Settings(home=tmp_path / "home", redis_url=redis_url)
    log = tmp_path / "worker.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            worker_command("ended", settings),
            cwd=ROOT,
            env=os.environ | environment(settings),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # ignored in the background
        )
    try:
        yield process, log
    finally:
        os.killpg(process.pid, signal.SIGKILL) if process.poll() is None else None


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_worker_that_is_asked_to_end_exits_with_zero(tmp_path: Path, redis_url: str, number: signal.Signals) -> None:
    with started(tmp_path, redis_url) as (process, log):
        end = time.monotonic() + 90
        while "ready" not in log.read_text() and time.monotonic() < end and process.poll() is None:
            time.sleep(0.1)
        process.send_signal(number)
        assert process.wait(30) == 0, log.read_text()
    assert "Warm shutdown" in log.read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_worker_that_is_asked_to_end_while_it_loads_says_nothing_and_exits_with_zero(
    tmp_path: Path, redis_url: str, number: signal.Signals
) -> None:
    with started(tmp_path, redis_url) as (process, log):
        end = time.monotonic() + 30
        while not any("_multiarray_umath" in f.path for f in psutil.Process(process.pid).memory_maps()):
            assert time.monotonic() < end
            time.sleep(0.005)
        process.send_signal(number)
        assert process.wait(30) == 0, log.read_text()
    assert log.read_text() == ""
