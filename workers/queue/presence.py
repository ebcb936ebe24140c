"""Signs of life of workers in Redis, which forgets them by itself. Who holds a tile is in the ledger, not here."""

import logging
from typing import Any

from celery import Celery, bootsteps

from core.errors import WorkerUnavailable
from core.settings import Settings
from workers.queue.broker import redis_of
from workers.queue.liveness import is_gone, worker_name

logger = logging.getLogger(__name__)

BEAT_S, FORGOTTEN_S = 5.0, 16
"""A worker gives a sign of life so often; after the second time without one, none is known of it."""
PREFIX = "landcast.worker."


def beat(settings: Settings, name: str) -> None:
    """Note that a worker lives.

    Raises:
        WorkerUnavailable: Redis cannot be reached.
    """
    with redis_of(settings) as client:
        client.set(PREFIX + name, "", ex=FORGOTTEN_S)


def living_workers(settings: Settings) -> list[str]:
    """Return the names of workers that have given a sign of life and are not known to have ended.

    Raises:
        WorkerUnavailable: Redis cannot be reached.
    """
    with redis_of(settings) as client:
        names = [key.decode().removeprefix(PREFIX) for key in client.scan_iter(f"{PREFIX}*", count=1000)]
    return sorted(name for name in names if not is_gone(name))


def beat_while_at_work(app: Celery, read_settings: Any) -> None:
    """Let the main process of each worker of an app give signs of life, by its timer."""

    class SignOfLife(bootsteps.StartStopStep):  # type: ignore[misc]  # Celery has no types
        requires = ("celery.worker.components:Timer",)

        def start(self, worker: Any) -> None:
            settings, name = read_settings(), worker_name()
            _beat(settings, name)
            worker.timer.call_repeatedly(BEAT_S, _beat, (settings, name))

    app.steps["worker"].add(SignOfLife)


def _beat(settings: Settings, name: str) -> None:
    try:
        beat(settings, name)
    except WorkerUnavailable as error:
        logger.debug("no sign of life given reason=%s", error)  # Celery itself reports that Redis is away
