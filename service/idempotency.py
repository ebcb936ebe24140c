"""Idempotency keys: the same key with the same order gives the same job; with another order it is a conflict."""

import hashlib
import json
import uuid
from typing import Any

from fastapi import HTTPException
from sqlalchemy import Column, Engine, String, Table, insert, select
from sqlalchemy.exc import IntegrityError

from workers.queue.schema import metadata, reading

MAX_KEY = 255

_keys = Table(
    "idempotency_keys",
    metadata,
    Column("key", String(MAX_KEY), primary_key=True),
    Column("body_sha256", String(64), nullable=False),
    Column("job_id", String(64), nullable=False),
)


def body_sha256(process_id: str, body: Any) -> str:
    """Return the digest of an order; the order of its JSON members does not matter."""
    text = json.dumps([process_id, body], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


class Keys:
    """Used keys, in the ledger's database. A key is written before its job, so a crash between both loses nothing."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def reserve(self, key: str, digest: str, *, party: str = "") -> str:
        """Return the job id of a key; a new key gets a new id. Keys of one party are unknown to others.

        Raises:
            HTTPException: 409 if the key was used with another body.
        """
        job_id, kept = uuid.uuid4().hex, _kept(key, party)
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(_keys).values(key=kept, body_sha256=digest, job_id=job_id))
        except IntegrityError:
            return self._known(key, kept, digest)
        return job_id

    def _known(self, key: str, kept: str, digest: str) -> str:
        with reading(self._engine) as connection:
            row = connection.execute(select(_keys).where(_keys.c.key == kept)).one()
        if row.body_sha256 != digest:
            raise HTTPException(409, f"The Idempotency-Key '{key}' was used with another order; send a new key.")
        return str(row.job_id)


def _kept(key: str, party: str) -> str:
    """Return the text that a key is kept as. That of a party has a space in it, which no key that is sent has."""
    return f"party {hashlib.sha256(f'{party} {key}'.encode()).hexdigest()}" if party else key
