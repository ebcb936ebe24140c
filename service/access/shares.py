"""Share links: a signed, expiring token that opens the files and pictures of one job to whoever has it.

The token names the job, the public part of the key that made it, and its end; whoever has it can read them. It is
signed by HMAC-SHA256 with a secret of the ledger's database, which every process of the service knows. It ends with its
time, its job, or its key. The job's party is looked up, as its name may be that of a customer.
"""

import base64
import hashlib
import hmac
import json
import secrets
from typing import Any
from urllib.parse import parse_qs

from sqlalchemy import Engine, select
from sqlalchemy.dialects import postgresql, sqlite
from starlette.types import Scope as RequestScope

from service.access.caller import Caller, Scope
from service.access.keys import KeyStore
from service.access.owners import party_of
from service.access.tables import service_secrets
from workers.queue.schema import database_now, reading

PARAMETER = "share"
"""Query parameter that carries the token."""
_SECRET_NAME = "share"  # noqa: S105 - a name, no secret
MAX_TOKEN = 1000
"""Characters; a longer text is none of ours."""


class Shares:
    """Makes and reads tokens. May be used from several threads and processes."""

    def __init__(self, engine: Engine) -> None:
        self._engine, self._keys = engine, KeyStore(engine)
        self._secret = b""

    def make(self, job_id: str, *, key_id: str, seconds: int) -> tuple[str, int]:
        """Return a token and its end, seconds since 1970.

        Args:
            job_id: of the job.
            key_id: of the key that makes the link and ends it when it is revoked; empty = none.
            seconds: how long it holds.
        """
        with reading(self._engine) as connection:
            end = int(database_now(connection)) + seconds
        document = {"job": job_id, "key": key_id, "end": end}
        payload = _encoded(json.dumps(document, separators=(",", ":")).encode())
        return f"{payload}.{self._signature(payload)}", end

    def read(self, token: str, job_id: str) -> Caller | None:
        """Return who has a share link of a job; None if the token is not valid now, or of another job."""
        payload, _, signature = token.partition(".")
        if len(token) > MAX_TOKEN or not token.isascii():
            return None
        if not hmac.compare_digest(signature, self._signature(payload)):
            return None
        document: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        with reading(self._engine) as connection:
            is_over = document["end"] <= database_now(connection)
        key_id = document["key"]
        if is_over or document["job"] != job_id or (key_id and not self._keys.is_usable(key_id)):
            return None
        party = party_of(self._engine, job_id)
        if party is None:
            return None
        return Caller(
            id=f"share {key_id}", name="share link", party=party, scopes=frozenset({Scope.READ}), job_id=job_id
        )

    def _signature(self, payload: str) -> str:
        if not self._secret:
            self._secret = bytes.fromhex(service_secret(self._engine, _SECRET_NAME))
        return _encoded(hmac.digest(self._secret, f"{PARAMETER}.{payload}".encode(), hashlib.sha256))


def token_of(scope: RequestScope) -> str:
    """Return the token of a request; empty = none."""
    query = bytes(scope.get("query_string", b"")).decode("latin-1")
    return parse_qs(query).get(PARAMETER, [""])[0]


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def service_secret(engine: Engine, name: str) -> str:
    """Return a secret of the service, 64 hexadecimal digits, made by whichever process needs it first."""
    with engine.begin() as connection:
        insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
        new = insert(service_secrets).values(name=name, value=secrets.token_hex(32))
        connection.execute(new.on_conflict_do_nothing())
        query = select(service_secrets.c.value).where(service_secrets.c.name == name)
        return str(connection.execute(query).scalar_one())
