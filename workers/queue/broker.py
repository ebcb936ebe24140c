"""The message broker between service and workers: Celery over Redis, configured from Settings.

Messages carry ids, never pixels. Redis may lose them at any time: the ledger holds all open tiles, and
`workers.queue.reconcile` sends them again.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from celery import Celery
from kombu.entity import Queue
from kombu.exceptions import OperationalError

from core.errors import WorkerUnavailable
from core.groups.queues import ALL, Capability
from core.settings import Settings
from workers.queue.addresses.redis_address import redis_address

PREFIX = "landcast."
"""Of the names of the queues."""
PLAN, TILE, COMPUTE, FINISH = "landcast.plan", "landcast.tile", "landcast.compute", "landcast.finish"
"""Names of the tasks. TILE reads a tile, and renders it if its worker computes too; COMPUTE renders what was read."""
NEEDS = {PLAN: Capability.INGEST, TILE: Capability.INGEST, COMPUTE: Capability.COMPUTE, FINISH: Capability.POST}
"""What a worker must be able to do for each task: its queue."""
LATER = 3
"""Priority of messages of tiles; plans and closings, which take seconds, go first. Redis takes 0 first."""
HARD_LIMIT_S, VISIBILITY_S = 3000, 3600
"""The first is the longest run time of a tile. After the second, Redis delivers a message that was not acknowledged
again, so it must be longer; lost tiles do not wait for it, as their leases end long before."""

FAIL_FAST = {"max_retries": 1, "interval_start": 0.1, "interval_step": 0.0, "interval_max": 0.1}
"""A sender fails at once if Redis is away; workers keep trying."""


def broker_url(settings: Settings) -> str:
    """Return the Redis URL as Celery writes it.

    Raises:
        WorkerUnavailable: no Redis is set.
        InvalidOption: the URL names a Redis Cluster or another kind of server.
    """
    return redis_address(settings).url


def celery_settings(settings: Settings) -> dict[str, Any]:
    """Return the Celery configuration; everything else keeps Celery's default."""
    address = redis_address(settings).celery_settings()
    return {
        **address,
        "broker_connection_retry_on_startup": True,
        "broker_connection_timeout": 4.0,
        "broker_transport_options": address["broker_transport_options"]
        | {
            "visibility_timeout": VISIBILITY_S,
            "socket_connect_timeout": 4.0,
            "socket_keepalive": True,
            "health_check_interval": 30,
        },
        "task_queues": [_queue(capability) for capability in settings.workers.capabilities],
        "task_default_queue": queue_name(settings.workers.capabilities[0]),
        "task_acks_late": True,  # a message lives until its tile is done
        "task_reject_on_worker_lost": True,  # a killed child's tile goes to the next one at once
        "task_ignore_result": True,  # the ledger has the states
        "task_time_limit": HARD_LIMIT_S,
        "task_serializer": "json",
        "accept_content": ["json"],
        "worker_prefetch_multiplier": 1,  # no worker keeps tiles that another could begin
        "worker_concurrency": 1,  # models use all cores by themselves
        "worker_pool": "prefork",
        "worker_redirect_stdouts": False,
        "worker_send_task_events": False,
        "worker_cancel_long_running_tasks_on_connection_loss": False,  # the ledger decides who holds a tile
        "enable_utc": True,
    }


def send(settings: Settings, task: str, *arguments: str) -> None:
    """Send one message.

    Raises:
        WorkerUnavailable: Redis cannot be reached.
    """
    try:
        _sender(broker_url(settings), settings).send_task(
            task,
            args=arguments,
            retry=False,
            queue=queue_name(NEEDS[task]),
            priority=LATER if task in (TILE, COMPUTE) else 0,
        )
    except OperationalError as error:
        raise WorkerUnavailable(f"Redis cannot be reached ({error})") from error


def backlog(settings: Settings) -> int:
    """Return the number of messages that wait for a worker.

    Raises:
        WorkerUnavailable: Redis cannot be reached.
    """
    return sum(backlogs(settings).values())


def backlogs(settings: Settings) -> dict[Capability, int]:
    """Return the number of messages that wait in each queue.

    Raises:
        WorkerUnavailable: Redis cannot be reached.
    """
    with _channel(settings) as channel:
        return {c: int(channel.queue_declare(queue_name(c), durable=True).message_count) for c in ALL}


def queue_name(capability: Capability) -> str:
    """Return the name of a queue in Redis; messages with priorities lie in further lists, whose names begin with it."""
    return PREFIX + capability


def _queue(capability: Capability) -> Any:
    return Queue(queue_name(capability))  # type: ignore[no-untyped-call]  # kombu has no types


def capabilities_of(app: Celery) -> tuple[Capability, ...]:
    """Return what the worker of an app serves: by the settings, or by Celery's own option -Q."""
    return tuple(c for c in ALL if queue_name(c) in app.amqp.queues.consume_from)


@contextmanager
def redis_of(settings: Settings) -> Iterator[Any]:
    """Yield a client of the Redis that carries the messages, found as Celery finds it.

    Raises:
        WorkerUnavailable: Redis cannot be reached.
    """
    with _channel(settings) as channel:
        yield channel.client


@contextmanager
def _channel(settings: Settings) -> Iterator[Any]:
    sender = _sender(broker_url(settings), settings)
    with sender.connection_for_read() as connection:
        try:
            connection.ensure_connection(max_retries=1, interval_start=0.1)
            yield connection.default_channel
        except (OperationalError, *connection.connection_errors) as error:
            raise WorkerUnavailable(f"Redis cannot be reached ({error})") from error


@cache
def _sender(_url: str, settings: Settings) -> Celery:
    configuration = celery_settings(settings)
    configuration["broker_transport_options"] |= FAIL_FAST
    return Celery("landcast", set_as_current=False, config_source=configuration)
