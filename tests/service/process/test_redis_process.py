import os
import signal
from pathlib import Path

import psutil

from core.settings import Settings
from service.health import ping_redis
from service.process.redis_process import RedisProcess, private_redis
from tests.service.process.guard import NotingGuard
from tests.workers.conftest import wait_for


def test_a_redis_that_dies_comes_back_at_the_same_address_and_is_ended_with_its_folder() -> None:
    guard = NotingGuard()
    with private_redis(guard) as redis:  # type: ignore[arg-type]
        first, folder = redis.pid, Path(redis.url.partition("://")[2]).parent
        assert (guard.groups, guard.folders) == ({first}, {folder})
        redis.tend()
        assert redis.pid == first, "one that lives is left alone"
        os.kill(first, signal.SIGKILL)
        wait_for(lambda: is_restarted(redis, first))
        assert guard.groups == {redis.pid}
        wait_for(lambda: answers(redis.url))
        last = redis.pid
    assert not psutil.pid_exists(last)
    assert not folder.exists()
    assert (guard.groups, guard.folders) == (set(), set())


def is_restarted(redis: RedisProcess, first: int) -> bool:
    """Tend it once; a killed process is noticed when the last of its threads has ended."""
    redis.tend()
    return redis.pid != first


def answers(url: str) -> bool:
    try:
        ping_redis(Settings(redis_url=url))
    except Exception:
        return False
    return True
