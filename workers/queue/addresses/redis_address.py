"""LANDCAST_REDIS_URL as Celery and the Redis client want it: plain, with TLS, on a unix socket, behind Sentinel.

No address and no password is in any error here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from redis.sentinel import Sentinel

from core.errors import InvalidOption, WorkerUnavailable
from core.settings import Settings

VARIABLE = "LANDCAST_REDIS_URL"
SCHEMES = ("redis", "rediss", "redis+socket", "sentinel")
SENTINEL_PORT = 26379
SENTINEL_S = 2.0
"""Longest time to wait for one Sentinel before the next is asked."""
TLS_OPTIONS = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_cert_reqs", "ssl_check_hostname")
SENTINEL_OPTIONS = ("master", "tls", "sentinel_username", "sentinel_password")


@dataclass(frozen=True, kw_only=True)
class RedisAddress:
    """Where Redis is, and how it is reached."""

    url: str = field(repr=False)
    """As Celery writes it, with the password, without options of TLS; several, separated by `;`, behind Sentinel."""
    tls: Mapping[str, Any] | None = None
    """Arguments of a TLS connection; None = without TLS."""
    master: str = ""
    """Name of the primary that Sentinel knows; empty = no Sentinel."""
    sentinels: tuple[tuple[str, int], ...] = ()
    """Hosts and ports."""
    sentinel_options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """Arguments of connections to Sentinel itself."""
    user: Mapping[str, str] = field(default_factory=dict, repr=False)
    """`username` and `password`, as far as given; of a Sentinel's primary."""
    database: int = 0
    """Of a Sentinel's primary."""

    def celery_settings(self) -> dict[str, Any]:
        """Return what Celery's configuration says of the broker."""
        asked = {**self.sentinel_options, **once(SENTINEL_S)}
        options = {"master_name": self.master, "sentinel_kwargs": asked} if self.master else {}
        tls = {"broker_use_ssl": dict(self.tls)} if self.tls is not None else {}
        return {"broker_url": self.url, "broker_transport_options": options, **tls}

    def client(self, *, timeout_s: float) -> redis.Redis:
        """Return a client that tries once and waits so long at most."""
        one = once(timeout_s)
        tls = dict(self.tls or {})
        if not self.master:
            return redis.Redis.from_url(self.url.replace("redis+socket://", "unix://"), **one, **tls)
        secured = {"ssl": True, **tls} if self.tls is not None else {}
        asked: Any = Sentinel  # the client's own types are missing here
        known = asked(self.sentinels, sentinel_kwargs={**self.sentinel_options, **one}, **secured, **one)
        found: redis.Redis = known.master_for(self.master, redis.Redis, db=self.database, **self.user)
        return found


def once(timeout_s: float) -> dict[str, Any]:
    """Return the arguments of a connection that is tried once: the next Sentinel, or the caller, tries again."""
    return {"socket_connect_timeout": timeout_s, "socket_timeout": timeout_s, "retry": Retry(NoBackoff(), 0)}


def redis_address(settings: Settings) -> RedisAddress:
    """Return the address that the settings name.

    Raises:
        WorkerUnavailable: no Redis is set.
        InvalidOption: the URL names a Redis Cluster or another kind of server, or is incomplete.
    """
    if settings.jobs.redis_url is None:
        raise WorkerUnavailable(f"no Redis is named in {VARIABLE} and no private one has been started")
    url = settings.jobs.redis_url.get_secret_value()
    scheme, _, rest = url.partition("://")
    if scheme == "unix":
        return RedisAddress(url=f"redis+socket://{rest}")
    if "cluster" in scheme:
        allowed = "Celery cannot use a Redis Cluster as its broker; name one primary (redis://...) or Sentinel"
        raise InvalidOption(VARIABLE, f"{scheme}://...", allowed)
    if scheme not in SCHEMES:
        raise InvalidOption(VARIABLE, f"{scheme}://...", f"it begins with one of {', '.join(SCHEMES)}")
    if scheme == "sentinel":
        return _behind_sentinel(rest)
    if scheme == "rediss":
        place, _, query = url.partition("?")
        given = _options(query, "rediss://...", TLS_OPTIONS)
        return RedisAddress(url=place, tls=_tls(given, "rediss://..."))
    return RedisAddress(url=url)


def _behind_sentinel(rest: str) -> RedisAddress:
    """Read `[user:password@]host:port,host:port[/database]?master=NAME`, or Celery's form of URLs with `;` between."""
    shown = "sentinel://..."
    place, _, query = rest.partition("?")
    given = _options(query, shown, (*TLS_OPTIONS, *SENTINEL_OPTIONS))
    parts = [part.removeprefix("sentinel://") for part in place.split(";")]
    users, hosts, paths = zip(*(_split(part) for part in parts), strict=True)
    if "master" not in given:
        raise InvalidOption(VARIABLE, shown, "say which primary: sentinel://host:26379,other:26379/0?master=NAME")
    sentinels = tuple(_host(word, shown) for group in hosts for word in group.split(",") if word)
    path = next(filter(None, paths), "0")
    if not sentinels or not path.isdigit():
        raise InvalidOption(VARIABLE, shown, "it has the form sentinel://host:26379,other:26379/0?master=NAME")
    has_tls = given.get("tls") == "true" or any(name in given for name in TLS_OPTIONS)
    tls = _tls(given, shown) if has_tls else None
    user = next(filter(None, users), "")
    own = {name.removeprefix("sentinel_"): given[name] for name in SENTINEL_OPTIONS[2:] if name in given}
    return RedisAddress(
        url=";".join(f"sentinel://{user and user + '@'}{_bracketed(h)}:{port}/{path}" for h, port in sentinels),
        tls=tls,
        master=given["master"],
        sentinels=sentinels,
        sentinel_options=own | ({"ssl": True, **tls} if tls is not None else {}),
        user=_user(user),
        database=int(path),
    )


def _split(part: str) -> tuple[str, str, str]:
    """Return user with password, hosts, and path of a URL without its scheme."""
    user, _, place = part.rpartition("@")
    hosts, _, path = place.partition("/")
    return user, hosts, path


def _host(word: str, shown: str) -> tuple[str, int]:
    host, _, port = word.rpartition(":") if not word.endswith("]") and ":" in word else (word, "", "")
    if not host or (port and not port.isdigit()):
        raise InvalidOption(VARIABLE, shown, "a host of it has no number as its port")
    return host.strip("[]"), int(port or SENTINEL_PORT)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _user(text: str) -> dict[str, str]:
    name, _, password = text.partition(":")
    return {key: unquote(value) for key, value in (("username", name), ("password", password)) if value}


def _options(query: str, shown: str, known: tuple[str, ...]) -> dict[str, str]:
    given = dict(parse_qsl(query))
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise InvalidOption(VARIABLE, shown, f"an option of it is unknown; it may have {', '.join(known)}")
    return given


def _tls(given: Mapping[str, str], shown: str) -> dict[str, Any]:
    """Return the arguments of a TLS connection: certificates are checked unless the URL says otherwise."""
    checked = given.get("ssl_cert_reqs", "required").lower().removeprefix("cert_")
    if checked not in ("required", "optional", "none"):
        raise InvalidOption(VARIABLE, shown, "ssl_cert_reqs is required, optional or none")
    files = {name: given[name] for name in TLS_OPTIONS[:3] if name in given}
    has_name = checked != "none" and given.get("ssl_check_hostname", "true").lower() != "false"
    return {**files, "ssl_cert_reqs": checked, "ssl_check_hostname": has_name}
