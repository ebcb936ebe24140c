"""`landcast serve`: a service, with its worker or without."""

import sys
from typing import Annotated
from urllib.parse import urlsplit

import typer

from cli.own_archive import OwnArchive, open_own_archive
from cli.serve.worker import require_redis
from core.read_settings import overridden, read_settings
from service.access.hosts import is_loopback
from service.access.start import check_keys, needs_keys
from service.process.signals import wait_for_signal
from service.process.start_check import check_start
from service.process.supervisor import Supervisor
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
        require_redis(settings, "a service without a worker")
    open_own_archive(settings)
    limit_log_rate()
    with Supervisor(settings, with_worker=worker) as supervisor:
        print(f"landcast serves at {_address(settings.http.host, supervisor.url)} (Ctrl-C ends it)", flush=True)
        if needs_keys(settings):
            print(KEYS_NEEDED, file=sys.stderr, flush=True)
        print(f"Worker log: {supervisor.settings.home / 'logs' / 'worker.log'}", flush=True)
        wait_for_signal()


def _address(host: str, url: str) -> str:
    """Return the address that is really bound, which for all interfaces is not the one that this machine uses."""
    if is_loopback(host):
        return url
    bound = f"http://{f'[{host}]' if ':' in host else host or '0.0.0.0'}:{urlsplit(url).port}"  # noqa: S104 - shown
    return bound if bound == url else f"{bound}, all addresses of this machine, from here {url}"
