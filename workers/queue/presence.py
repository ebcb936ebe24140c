"""Signs of life of workers in Redis, which forgets them by itself. Who holds a tile is in the ledger, not here."""

import logging
from collections.abc import Sequence
from typing import Any

from celery import Celery, bootsteps

from core.errors import WorkerUnavailable
from core.groups.queues import ALL, Capability, read_capabilities
from core.settings import Settings
from workers.queue.broker import capabilities_of, redis_of
from workers.queue.liveness import is_gone, worker_name

logger = logging.getLogger(__name__)

BEAT_S, FORGOTTEN_S = 5.0, 16
"""A worker gives a sign of life so often; after the second time without one, none is known of it."""
PREFIX = "landcast.worker."


def beat(settings: Settings, name: str, queues: Sequence[Capability] = ALL) -> None:
    """Note that a worker lives, and which queues it serves.

    Raises:
        WorkerUnavailable: Redis cannot be reached.
    """
    with redis_of(settings) as client:
        client.set(PREFIX + name, ",".join(queues), ex=FORGOTTEN_S)


def living_workers(settings: Settings) -> list[str]:
    """Return the names of workers that have given a sign of life and are not known to have ended.

    Raises:
        WorkerUnavailable: Redis cannot be reached.
    """
    return sorted(queues_by_worker(settings))


def queues_by_worker(settings: Settings) -> dict[str, tuple[Capability, ...]]:
    """Return the queues that each of `living_workers` serves, by its name.

    Raises:
        WorkerUnavailable: Redis cannot be reached.
    """
    with redis_of(settings) as client:
        keys = list(client.scan_iter(f"{PREFIX}*", count=1000))
        values = client.mget(keys) if keys else []
    found = {key.decode().removeprefix(PREFIX): value for key, value in zip(keys, values, strict=True)}
    return {n: _queues(value.decode()) for n, value in found.items() if value is not None and not is_gone(n)}


def unserved(settings: Settings) -> list[Capability]:
    """Return the queues that no living worker serves.

    Raises:
        WorkerUnavailable: Redis cannot be reached.
    """
    served = {queue for queues in queues_by_worker(settings).values() for queue in queues}
    return [queue for queue in ALL if queue not in served]


def _queues(text: str) -> tuple[Capability, ...]:
    try:
        return read_capabilities(text)
    except ValueError:  # of a newer version
        return ()


def beat_while_at_work(app: Celery, read_settings: Any) -> None:
    """Let the main process of each worker of an app give signs of life, by its timer."""

    class SignOfLife(bootsteps.StartStopStep):  # type: ignore[misc]  # Celery has no types
        requires = ("celery.worker.components:Timer",)

        def start(self, worker: Any) -> None:
            settings, name = read_settings(), worker_name()
            queues = capabilities_of(worker.app)
            _beat(settings, name, queues)
            worker.timer.call_repeatedly(BEAT_S, _beat, (settings, name, queues))

    app.steps["worker"].add(SignOfLife)


def _beat(settings: Settings, name: str, queues: Sequence[Capability]) -> None:
    try:
        beat(settings, name, queues)
    except WorkerUnavailable as error:
        logger.debug("no sign of life given reason=%s", error)  # Celery itself reports that Redis is away
