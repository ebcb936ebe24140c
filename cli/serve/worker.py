"""`landcast worker`: a worker alone. It becomes the worker itself, so nothing is imported here but what is checked."""

import os
from typing import Annotated

import typer

from core.errors import InvalidOption, WorkerUnavailable
from core.groups.queues import read_capabilities
from core.read_settings import environment, overridden, read_settings
from core.settings import Settings
from service.process.start_check import check_start
from service.process.worker_process import worker_command


def worker(
    queues: Annotated[
        str | None,
        typer.Option(metavar="QUEUE,...", help="Queues to serve: ingest, compute, post; default: all."),
    ] = None,
) -> None:
    """Start a worker alone, for a service that runs elsewhere on the same Redis, ledger and store.

    ingest plans jobs and reads archives, compute renders tiles, post writes results. Every queue needs a worker. Ctrl-C
    ends it after its task, with exit code 0; again, at once.
    """
    settings = overridden(read_settings(), queues=_checked(queues))
    check_start(settings)
    require_redis(settings, "a worker alone")
    command = worker_command(f"worker-{os.getpid()}", settings)
    os.execvpe(command[0], command, os.environ | environment(settings))  # noqa: S606 - becomes the worker itself


def _checked(queues: str | None) -> str | None:
    """Return names of queues.

    Raises:
        InvalidOption: one is unknown.
    """
    try:
        return queues if queues is None else ",".join(read_capabilities(queues))
    except ValueError as error:
        raise InvalidOption("--queues", queues, str(error)) from None


def require_redis(settings: Settings, who: str) -> None:
    """Check that a Redis is named.

    Raises:
        WorkerUnavailable: none is.
    """
    if settings.jobs.redis_url is None:
        raise WorkerUnavailable(f"{who} needs LANDCAST_REDIS_URL, the Redis that it shares with the others")
