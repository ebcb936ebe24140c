"""`landcast serve` and `worker`: a service, or a worker alone."""

import os
import sys
from typing import Annotated
from urllib.parse import urlsplit

import typer

from cli.own_archive import OwnArchive, open_own_archive
from core.errors import InvalidOption, WorkerUnavailable
from core.groups.queues import read_capabilities
from core.read_settings import environment, overridden, read_settings
from core.settings import Settings
from service.access.hosts import is_loopback
from service.access.start import check_keys, needs_keys
from service.process.signals import wait_for_signal
from service.process.start_check import check_start
from service.process.supervisor import Supervisor
from service.process.worker_process import worker_command
from workers.log_rate import limit_log_rate

KEYS_NEEDED = (
    "Requests need a key ('landcast keys create NAME'). Keys and results are not encrypted on their way: let users in "
    "through a proxy with TLS."
)


def serve(
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 = a free one.", min=0, max=65535)] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    archive: OwnArchive = None,
    worker: Annotated[
        bool,
        typer.Option("--worker/--no-worker", help="Start a worker with the API, or use workers that run elsewhere."),
    ] = True,
) -> None:
    """Start the service: REST, STAC and the map page, with its worker. Ctrl-C ends it.

    Without LANDCAST_REDIS_URL it also starts a private Redis. --no-worker needs this variable, and a 'landcast worker'
    with the same value.
    """
    settings = overridden(read_settings(), port=port, host=host, archive=archive)
    check_start(settings)
    check_keys(settings)
    if not worker:
        _require_redis(settings, "a service without a worker")
    open_own_archive(settings)
    limit_log_rate()
    with Supervisor(settings, with_worker=worker) as supervisor:
        print(f"landcast serves at {_address(settings.http.host, supervisor.url)} (Ctrl-C ends it)", flush=True)
        if needs_keys(settings):
            print(KEYS_NEEDED, file=sys.stderr, flush=True)
        print(f"Worker log: {supervisor.settings.home / 'logs' / 'worker.log'}", flush=True)
        wait_for_signal()


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
    _require_redis(settings, "a worker alone")
    command = worker_command(f"worker-{os.getpid()}", settings)
    os.execvpe(command[0], command, os.environ | environment(settings))  # noqa: S606 - becomes the worker itself


def _address(host: str, url: str) -> str:
    """Return the address that is really bound, which for all interfaces is not the one that this machine uses."""
    if is_loopback(host):
        return url
    bound = f"http://{f'[{host}]' if ':' in host else host or '0.0.0.0'}:{urlsplit(url).port}"  # noqa: S104 - shown
    return bound if bound == url else f"{bound}, all addresses of this machine, from here {url}"


def _checked(queues: str | None) -> str | None:
    """Return names of queues.

    Raises:
        InvalidOption: one is unknown.
    """
    try:
        return queues if queues is None else ",".join(read_capabilities(queues))
    except ValueError as error:
        raise InvalidOption("--queues", queues, str(error)) from None


def _require_redis(settings: Settings, who: str) -> None:
    if settings.jobs.redis_url is None:
        raise WorkerUnavailable(f"{who} needs LANDCAST_REDIS_URL, the Redis that it shares with the others")
