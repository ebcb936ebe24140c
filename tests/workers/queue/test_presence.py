import os
import signal
from collections.abc import Callable

import pytest

from core.errors import WorkerUnavailable
from core.settings import Settings
from tests.workers.conftest import CeleryWorker, wait_for
from workers.queue.broker import redis_of
from workers.queue.liveness import worker_name
from workers.queue.presence import FORGOTTEN_S, PREFIX, beat, living_workers


def test_a_worker_is_known_for_a_while_after_each_sign_of_life(shop: Settings) -> None:
    assert living_workers(shop) == []
    beat(shop, worker_name())
    beat(shop, "elsewhere:1:1")
    assert living_workers(shop) == sorted(["elsewhere:1:1", worker_name()])
    with redis_of(shop) as client:
        assert 0 < client.ttl(f"{PREFIX}elsewhere:1:1") <= FORGOTTEN_S


def test_a_worker_that_is_known_to_have_ended_does_not_count(shop: Settings) -> None:
    machine, _, _ = worker_name().split(":")
    beat(shop, f"{machine}:{2**22 + 1}:1")
    assert living_workers(shop) == []


def test_a_celery_worker_gives_signs_of_life_until_it_dies(
    shop: Settings, start_worker: Callable[[Settings], CeleryWorker]
) -> None:
    worker = start_worker(shop)
    wait_for(lambda: len(living_workers(shop)) == 1)
    assert f":{worker.process.pid}:" in living_workers(shop)[0]
    os.killpg(worker.process.pid, signal.SIGKILL)
    worker.process.wait()
    assert living_workers(shop) == []


def test_without_redis_nothing_is_known_of_workers(lonely: Settings) -> None:
    with pytest.raises(WorkerUnavailable):
        living_workers(lonely)
