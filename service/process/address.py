"""Where a running service can be reached: a small file in its home folder, written while it runs."""

import os
import socket
from pathlib import Path

from core.errors import WorkerUnavailable
from core.settings import Settings

FILE_NAME = "service.url"
ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}  # noqa: S104 - looked up, not bound
"""Addresses of all interfaces, which a client cannot open, and those to open instead."""


def listen(settings: Settings) -> socket.socket:
    """Return a listening socket at the host and port of the settings; port 0 = a free one.

    Its protocol is named, as asyncio sets TCP_NODELAY only then; without it, header and body of an answer wait 40 ms
    for a delayed acknowledgement on every connection that is kept open.

    Raises:
        WorkerUnavailable: the port is taken or the address is not this machine's.
    """
    family = socket.AF_INET6 if ":" in settings.http.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((settings.http.host, settings.http.port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise WorkerUnavailable(
            f"{settings.http.host}:{settings.http.port} is not available ({error.strerror})"
        ) from None
    return listener


def url_of(listener: socket.socket) -> str:
    """Return the address under which this machine reaches a listening socket."""
    host, port = listener.getsockname()[:2]
    shown = ANY_ADDRESS.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{shown}:{port}"


def write_address(home: Path, url: str) -> None:
    """Write the address of the service on this home folder."""
    aside = home / f"{FILE_NAME}.{os.getpid()}"
    aside.write_text(url)
    aside.replace(home / FILE_NAME)


def remove_address(home: Path, url: str) -> None:
    """Remove the address of a service, unless it is that of another service by now."""
    path = home / FILE_NAME
    if path.exists() and path.read_text() == url:
        path.unlink()


def running_service(settings: Settings) -> str:
    """Return the address of the service on this home folder, or its public address if one is set.

    Raises:
        WorkerUnavailable: none is known.
    """
    if settings.http.public_url:
        return settings.http.public_url
    try:
        return (settings.home / FILE_NAME).read_text().strip()
    except OSError:
        raise WorkerUnavailable(
            f"no service runs on '{settings.home}'; start one with 'landcast serve' or name one by --server"
        ) from None
