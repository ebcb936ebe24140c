"""Redis and the messages in it: which Redis is taken, how it is started and left, and what the reconciler does."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pydantic import SecretStr

from core.errors import InvalidOption, WorkerUnavailable
from core.job import JobState
from core.settings import Settings
from outputs.atomic import written_aside
from tests.fakes import FAKE_DEPENDENCIES, rectangle
from tests.workers.conftest import order, wait_for, workshop
from workers.accept import accept
from workers.queue.broker import backlog, broker_url, celery_settings
from workers.queue.dispatch import AHEAD, dismiss, submit
from workers.queue.ledger import open_ledger
from workers.queue.liveness import is_gone, worker_name
from workers.queue.reconcile import reconcile
from workers.queue.redis_server import start_redis


def with_redis(url: str) -> Settings:
    return Settings(redis_url=SecretStr(url))


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("redis://:secret@host:6379/1", "redis://:secret@host:6379/1"),
        ("unix:///run/redis.sock", "redis+socket:///run/redis.sock"),
        ("sentinel://host:26379", "sentinel://host:26379"),
    ],
)
def test_a_redis_is_named_by_its_address(given: str, taken: str) -> None:
    assert broker_url(with_redis(given)) == taken


@pytest.mark.parametrize("url", ["redis+cluster://:secret@host", "amqp://:secret@host", "memory://"])
def test_an_address_that_cannot_serve_is_refused_without_telling_its_password(url: str) -> None:
    with pytest.raises(InvalidOption, match="LANDCAST_REDIS_URL") as caught:
        broker_url(with_redis(url))
    assert "secret" not in str(caught.value)


def test_a_cluster_is_refused_with_what_to_do_instead() -> None:
    with pytest.raises(InvalidOption, match=r"Redis Cluster.*name one primary.*or Sentinel"):
        broker_url(with_redis("redis+cluster://host"))


def test_without_a_redis_there_are_no_jobs(settings: Settings) -> None:
    with pytest.raises(WorkerUnavailable, match="no Redis is named"):
        celery_settings(settings)


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


def test_a_job_is_kept_while_redis_is_away_and_sent_when_it_is_back(lonely: Settings, redis_url: str) -> None:
    job = order(lonely)
    assert open_ledger(lonely).job(job.id).state is JobState.ACCEPTED
    back = workshop(lonely.home, redis_url)
    ledger = open_ledger(back)
    ledger.forget_sent(before=time.time() + 1)
    waiting = backlog(back)
    assert reconcile(ledger, back).sent == job.tiles_total
    assert backlog(back) == waiting + job.tiles_total
    assert reconcile(ledger, back).sent == 0
    ledger.dismiss(job.id)


def test_a_large_job_does_not_fill_the_queue(shop: Settings) -> None:
    settings = shop.model_copy(update={"tile_size": 16, "home": shop.home / "fine"})
    accepted, _, tiles = accept(
        "fake-map", {"region": rectangle(11.001, 48.001, 11.019, 48.011)}, settings, FAKE_DEPENDENCIES
    )
    assert len(tiles) > 2 * AHEAD
    before = backlog(settings)
    job = submit(accepted, tiles, settings)
    assert backlog(settings) == before + AHEAD
    assert submit(accepted, tiles, settings, job_id=job.id) == job
    dismiss(job.id, settings)


def test_what_an_ended_job_left_is_swept(shop: Settings) -> None:
    job, ledger = order(shop), open_ledger(shop)
    leftover = shop.home / "work" / job.id / "half-written.tif"
    leftover.parent.mkdir(parents=True)
    leftover.touch()
    assert reconcile(ledger, shop).swept == 0
    ledger.dismiss(job.id)
    assert reconcile(ledger, shop).swept == 1
    assert not leftover.parent.exists()


def test_a_process_is_gone_once_it_is_dead() -> None:
    words = (
        "import time; from workers.queue.liveness import worker_name; print(worker_name(), flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", words], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    name = process.stdout.readline().strip()
    assert not is_gone(name)
    os.kill(process.pid, signal.SIGKILL)
    wait_for(lambda: is_gone(name))  # a zombie, not yet waited for, is gone as well
    process.wait()
    process.stdout.close()
    assert is_gone(name)


def test_nothing_is_known_of_processes_elsewhere() -> None:
    machine, pid, start = worker_name().split(":")
    assert not is_gone(f"elsewhere:{pid}:{start}")
    assert not is_gone("nonsense")
    assert is_gone(f"{machine}:{pid}:{int(start or 0) + 1}") or not start


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "file.txt"
    with written_aside(path) as aside:
        aside.write_text("new")
        assert not path.exists()
    assert path.read_text() == "new"
    with pytest.raises(ZeroDivisionError), written_aside(path) as aside:
        aside.write_text(f"half {1 / 0}")
    assert [p.name for p in path.parent.iterdir()] == ["file.txt"]
    assert path.read_text() == "new"


def test_importing_the_worker_loads_no_model_and_reads_no_settings() -> None:
    words = "import sys, workers.tasks; print([m for m in ('torch', 'onnxruntime', 'rasterio') if m in sys.modules])"
    environment = os.environ | {"LANDCAST_TILE_SIZE": "nonsense"}
    found = subprocess.run([sys.executable, "-c", words], env=environment, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
    assert multiprocessing.active_children() == []
