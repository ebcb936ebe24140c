"""Who is told of an order's job: read from its body, and written in the transaction that adds the job."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from core.settings import Settings
from service.schemas import SubscriberUris
from service.webhooks.address import check_uri, read_networks
from workers.queue.ledger import Admit
from workers.webhooks.outbox import Subscriber, subscribe


def read_subscriber(given: SubscriberUris | None, settings: Settings) -> Subscriber | None:
    """Return who is to be told; None = nobody.

    Raises:
        InvalidOption: an address that may be no receiver.
    """
    if given is None:
        return None
    networks = read_networks(settings.webhooks.networks)
    uris = {"successUri": given.successUri, "inProgressUri": given.inProgressUri, "failedUri": given.failedUri}
    checked = {name: check_uri(name, uri, networks) if uri else "" for name, uri in uris.items()}
    return Subscriber(success=checked["successUri"], in_progress=checked["inProgressUri"], failed=checked["failedUri"])


def also_subscribe(admit: Admit, subscriber: Subscriber | None, *, job_id: str, base: str, caller: str) -> Admit:
    """Return what is done before a job is added: the checks, then the row that says who is told of it."""
    if subscriber is None:
        return admit

    def check_and_subscribe(connection: Connection, now: float, pixels: int) -> None:
        admit(connection, now, pixels)
        subscribe(connection, job_id, subscriber, base=base, caller=caller)

    return check_and_subscribe


def stored(subscriber: Subscriber | None) -> dict[str, str] | None:
    """Return a subscriber as JSON holds it."""
    return None if subscriber is None else vars(subscriber)


def restored(document: Mapping[str, Any] | None) -> Subscriber | None:
    """Return the subscriber that JSON holds."""
    return None if document is None else Subscriber(**document)
