"""Keys of users: made, listed, revoked, and recognised. What a request with one may do: caller.py.

A key is `landcast_ID_SECRET`. The secret has 256 random bits and is kept as its SHA-256 alone. A slow hash, as
passwords need, would add nothing: nobody can try 2**256 secrets, and wrong keys would keep the service busy.
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, Engine, Row, and_, exists, insert, or_, select, update

from core.errors import InvalidOption, UnknownKey
from service.access.caller import Caller, Limits, Scope
from service.access.tables import MAX_NAME, access_keys
from workers.queue.schema import database_now, reading

ID_BYTES, SECRET_BYTES = 4, 32
KEY = re.compile(r"landcast_(?P<id>[0-9a-f]{8})_(?P<secret>[A-Za-z0-9_-]{43})")
LOOKS_LIKE_KEY = re.compile(r"landcast_[0-9a-f]{8}_", re.I)
"""Also of a key that was cut or changed: such a text is neither logged nor taken from a URL."""
_NAME = re.compile(rf"[\w.@-][\w.@ -]{{0,{MAX_NAME - 1}}}")
_DAYS = re.compile(r"(\d{1,5})d?")
DAY_S = 86400.0
_NO_DIGEST = "0" * 64
"""Compared where there is no key of an id, so that the answer takes as long."""


@dataclass(frozen=True, kw_only=True)
class Key:
    """A key without its secret."""

    id: str
    name: str
    party: str
    scopes: frozenset[Scope]
    created: float
    """Seconds since 1970."""
    expires: float | None
    revoked: float | None
    limits: Limits

    def caller(self) -> Caller:
        """Return who sends a request with this key."""
        return Caller(
            id=self.id, key_id=self.id, name=self.name, party=self.party, scopes=self.scopes, limits=self.limits
        )


class KeyStore:
    """Keys in the ledger's database. May be used from several threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def create(
        self, name: str, *, scopes: frozenset[Scope], party: str, expires: str = "", limits: Limits | None = None
    ) -> tuple[Key, str]:
        """Make a key; return it and its text, which is kept nowhere.

        Args:
            name: of the key, unique among those that can be used.
            scopes: what it may do.
            party: whose jobs it orders and sees; empty = those that were ordered without a key.
            expires: a date, the last day (UTC) on which it can be used, or a number of days; empty = never.
            limits: its own quotas.

        Raises:
            InvalidOption: a name in use, an unusable name, or an end that is unreadable or past.
        """
        _check_name("NAME", name)
        if party:
            _check_name("party", party)
        secret, quotas = secrets.token_urlsafe(SECRET_BYTES), limits or Limits()
        with self._engine.begin() as connection:
            now = database_now(connection)
            if connection.scalar(select(exists().where(access_keys.c.name == name, _is_usable(now)))):
                raise InvalidOption("NAME", name, "a key of this name is in use; revoke it, or choose another name")
            row = {
                "id": secrets.token_hex(ID_BYTES),
                "name": name,
                "party": party,
                "scopes": " ".join(sorted(scopes)),
                "digest": digest_of(secret),
                "created": now,
                "expires": end_of(expires, now) if expires else None,
                **vars(quotas),
            }
            connection.execute(insert(access_keys).values(**row))
            made = _row(connection, row["id"])
        return _key(made), f"landcast_{made.id}_{secret}"

    def all(self) -> list[Key]:
        """Return all keys, also those that cannot be used any more, oldest first."""
        with reading(self._engine) as connection:
            query = select(access_keys).order_by(access_keys.c.created, access_keys.c.id)
            return [_key(row) for row in connection.execute(query)]

    def revoke(self, name: str) -> list[Key]:
        """Revoke the keys of a name, or the key of an id, from now on; return them.

        Raises:
            UnknownKey: no key that can be used has this name or id.
        """
        with self._engine.begin() as connection:
            now = database_now(connection)
            named = and_(or_(access_keys.c.name == name, access_keys.c.id == name), access_keys.c.revoked.is_(None))
            ids = list(connection.scalars(select(access_keys.c.id).where(named)))
            connection.execute(update(access_keys).where(access_keys.c.id.in_(ids)).values(revoked=now))
            if not ids:
                raise UnknownKey(name)
            return [_key(_row(connection, key_id)) for key_id in ids]

    def has_usable(self) -> bool:
        """Tell whether any key can be used now."""
        with reading(self._engine) as connection:
            return bool(connection.scalar(select(exists().where(_is_usable(database_now(connection))))))

    def find(self, text: str) -> Key | None:
        """Return the key of a text; None if there is none that can be used now."""
        given = KEY.fullmatch(text)
        if given is None:
            return None
        with reading(self._engine) as connection:
            usable = _is_usable(database_now(connection))
            query = select(access_keys).where(access_keys.c.id == given["id"], usable)
            row = connection.execute(query).one_or_none()
        is_right = hmac.compare_digest(digest_of(given["secret"]), row.digest if row else _NO_DIGEST)
        return _key(row) if row is not None and is_right else None

    def is_usable(self, key_id: str) -> bool:
        """Tell whether the key of an id can be used now."""
        with reading(self._engine) as connection:
            usable = _is_usable(database_now(connection))
            return bool(connection.scalar(select(exists().where(access_keys.c.id == key_id, usable))))


def digest_of(secret: str) -> str:
    """Return what is kept of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def end_of(text: str, now: float) -> float:
    """Return the moment after which a key cannot be used, seconds since 1970.

    Args:
        text: a date, the last day in UTC, or a number of days from now.
        now: seconds since 1970.

    Raises:
        InvalidOption: neither, or not in the future.
    """
    days = _DAYS.fullmatch(text)
    try:
        end = now + int(days[1]) * DAY_S if days else (date.fromisoformat(text) - date(1970, 1, 1)).days * DAY_S + DAY_S
    except ValueError:
        raise InvalidOption("expires", text, "give a date (2027-01-31) or a number of days (90)") from None
    if end <= now:
        raise InvalidOption("expires", text, "it is not in the future")
    return end


def _check_name(option: str, name: str) -> None:
    if _NAME.fullmatch(name) is None:
        raise InvalidOption(option, name, f"use up to {MAX_NAME} letters, digits and the signs . @ _ - and space")


def _is_usable(now: float) -> Any:
    c = access_keys.c
    return and_(c.revoked.is_(None), or_(c.expires.is_(None), c.expires > now))


def _row(connection: Connection, key_id: str) -> Row[Any]:
    return connection.execute(select(access_keys).where(access_keys.c.id == key_id)).one()


def _key(row: Row[Any]) -> Key:
    return Key(
        id=row.id,
        name=row.name,
        party=row.party,
        scopes=frozenset(Scope(word) for word in row.scopes.split()),
        created=row.created,
        expires=row.expires,
        revoked=row.revoked,
        limits=Limits(
            running_jobs=row.running_jobs,
            pixels_per_day=row.pixels_per_day,
            requests_per_minute=row.requests_per_minute,
        ),
    )
