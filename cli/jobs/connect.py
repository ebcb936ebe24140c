"""Which service a command talks to, and with which key: options that the commands of jobs share."""

from typing import Annotated

import typer

from client import Client
from core.read_settings import read_settings
from service.process.address import running_service

Server = Annotated[str | None, typer.Option(metavar="URL", help="URL of the service; default: the one that runs here.")]
KeyText = Annotated[
    str | None,
    typer.Option(metavar="KEY", help="Key of the service; better: LANDCAST_KEY, which no process list shows."),
]


def connect(server: str | None, key: str | None) -> Client:
    """Return a client of the service at a URL, or of the one that runs here, with a key or that of LANDCAST_KEY.

    Raises:
        InvalidOption: it cannot be a key; the sentence does not repeat it.
        WorkerUnavailable: no service runs here.
    """
    settings = read_settings()
    own = settings.access.key
    return Client(server or running_service(settings), key or (own.get_secret_value() if own else None))
