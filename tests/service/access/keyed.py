"""A service that needs keys, with jobs of two parties and keys of every kind. Everything is real."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
from sqlalchemy import update

from core.settings import Settings
from service.access.caller import Scope, read_scopes
from service.access.keys import KeyStore
from tests.service import scene
from workers.queue.ledger import open_ledger
from workers.queue.schema import items, jobs


@dataclass(frozen=True)
class Keyed:
    """A running service and keys of it, by the names of their parties or kinds."""

    settings: Settings
    client: httpx.Client
    keys: dict[str, str]

    def store(self) -> KeyStore:
        """Return its keys."""
        return KeyStore(open_ledger(self.settings).engine)

    def ask(self, key: str, method: str, path: str, **further: object) -> httpx.Response:
        """Send a request with a key, by its name or as a text."""
        return self.client.request(method, path, headers=bearer(self.keys.get(key, key)), **further)  # type: ignore[arg-type]


def bearer(key: str) -> dict[str, str]:
    """Return the header that carries a key."""
    return {"Authorization": f"Bearer {key}"}


def make_key(settings: Settings, name: str, scope: str = "read,order", party: str | None = None, **further: str) -> str:
    """Make a key; return its text."""
    store = KeyStore(open_ledger(settings).engine)
    scopes: frozenset[Scope] = read_scopes(scope.split(","))
    return store.create(name, scopes=scopes, party=name if party is None else party, **further)[1]  # type: ignore[arg-type]


def give(settings: Settings, job_id: str, party: str) -> None:
    """Make a job that a test has written that of a party."""
    with open_ledger(settings).engine.begin() as connection:
        connection.execute(update(jobs).where(jobs.c.id == job_id).values(party=party))
        connection.execute(update(items).where(items.c.job_id == job_id).values(party=party))


@contextmanager
def keyed(settings: Settings) -> Iterator[Keyed]:
    """Run a service that needs keys: party `forest` with three jobs, party `farm` with one, and one of nobody."""
    required = settings.but(keys="required")
    scene.finished(required, "crop", "crop1")
    scene.finished(required, "canopy", "canopy1", period="2021-03-01/2021-12-31")
    scene.half_done(required, "crop", "running1")
    scene.finished(required, "crop", "farm1")
    scene.finished(required, "crop", "old1")
    for job_id in ("crop1", "canopy1", "running1"):
        give(required, job_id, "forest")
    give(required, "farm1", "farm")
    names = {"forest": "read,order", "farm": "read,order", "reader": "read", "orderer": "order", "admin": "admin"}
    keys = {n: make_key(required, n, s, n if n in ("forest", "farm") else "forest") for n, s in names.items()}
    with scene.served(required) as client:
        yield Keyed(required, client, keys)
