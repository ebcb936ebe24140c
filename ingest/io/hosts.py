"""Allowed addresses of an archive, the rate of requests to one host, and retries. Sends nothing itself."""

import logging
import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from threading import Lock
from typing import TypeVar
from urllib.parse import SplitResult, urlsplit

from core.errors import UntrustedAddress

logger = logging.getLogger(__name__)

T = TypeVar("T")

LOOPBACK = ("127.0.0.1", "::1", "localhost")
"""The only hosts that may be read without TLS, and only where they are listed by name."""
PER_SECOND = 5.0
"""Requests to one host in a second; what Copernicus Data Space allows its catalogue."""
FIRST_PAUSE_SECONDS = 0.5
"""Before the second try; doubled before each further one."""
LONGEST_PAUSE_SECONDS = 120.0
"""If a host requests a longer pause, the call fails."""
ODD = re.compile(r"[\x00-\x20\x7f\\]")
"""Characters that programs interpret differently in an address; no address of an archive needs them."""


class TemporaryFailure(Exception):
    """A request failed for a reason that may pass, so `retried` repeats it."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after
        """Pause in seconds that the host requests; None = not stated."""


@dataclass(frozen=True, kw_only=True)
class Hosts:
    """Where one archive may be read from."""

    name: str
    """Of the archive, for messages."""
    allowed: tuple[str, ...]
    """`host`, `host:port`, `.suffix` for all hosts below it, or `s3://bucket`."""

    def check(self, url: str) -> str:
        """Return an address unchanged if it may be read: https, or s3 with a listed bucket.

        Addresses without TLS are allowed only on this machine, and only if `allowed` names it.

        Raises:
            UntrustedAddress: another host, bucket or scheme, a path of this machine, or an address with a password.
        """
        parts = _split(url)
        if parts is None or not self._is_allowed(parts):
            raise UntrustedAddress(self.name, _shown(url), self.allowed)
        return url

    def _is_allowed(self, parts: SplitResult) -> bool:
        host = (parts.hostname or "").rstrip(".")
        if parts.scheme == "s3":
            return f"s3://{parts.netloc}" in self.allowed
        if parts.scheme == "http" and host not in LOOPBACK:
            return False
        return parts.scheme in ("http", "https") and any(_matches(entry, host, parts) for entry in self.allowed)


def _split(url: str) -> SplitResult | None:
    """Split an address; None if it is malformed or carries a password."""
    if ODD.search(url) or url.startswith("/"):
        return None
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises where it is no number
    except ValueError:
        return None
    return parts if parts.netloc and "@" not in parts.netloc else None


def _matches(entry: str, host: str, parts: SplitResult) -> bool:
    """Tell whether an entry of a list names a host; without a port it means port 443, on loopback any port."""
    entry = entry.lower()
    if entry == f"{host}:{parts.port}" or entry == f"[{host}]:{parts.port}":
        return True
    if parts.port not in (None, 443) and host not in LOOPBACK:
        return False
    return entry == host or (entry.startswith(".") and host.endswith(entry) and len(host) > len(entry))


def _shown(url: str) -> str:
    """Return an address as messages may show it: without query, which may hold a signature, and without password."""
    text = ODD.sub("?", url.split("?", 1)[0].split("#", 1)[0])
    return re.sub(r"//[^/]*@", "//", text)[:200]


def allowed_hosts(url: str, further: str = "") -> tuple[str, ...]:
    """Return the host (or bucket) of an archive's own address, and further ones separated by spaces.

    A loopback host is listed with its port, so that an archive on this machine opens no other service of it.
    """
    parts = _split(url)
    if parts is None:
        return tuple(further.split())
    own = f"s3://{parts.netloc}" if parts.scheme == "s3" else parts.netloc.lower()
    return (own, *further.split())


@dataclass(kw_only=True)
class Limiter:
    """Spaces requests to one host evenly. May be used from several threads."""

    per_second: float
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _next: float = 0.0
    _lock: Lock = field(default_factory=Lock)

    def wait(self) -> None:
        """Wait for this request's turn."""
        with self._lock:
            now = self.clock()
            turn = max(self._next, now)
            self._next = turn + 1 / self.per_second
        if turn > now:
            self.sleep(turn - now)

    def pause(self, seconds: float) -> None:
        """Delay all requests, because the host is busy."""
        with self._lock:
            self._next = max(self._next, self.clock() + seconds)


def limiter(host: str, per_second: float) -> Limiter:
    """Return the limiter of a host, one per host and process; the last given rate applies."""
    one = _limiter(host)
    one.per_second = per_second
    return one


@cache
def _limiter(host: str) -> Limiter:
    return Limiter(per_second=PER_SECOND)


def retried(
    call: Callable[[int], T],
    *,
    tries: int,
    host: str = "",
    per_second: float = PER_SECOND,
    retry_on: tuple[type[Exception], ...],
    sleep: Callable[[float], None] = time.sleep,
) -> T:
    """Call until it succeeds; pauses double, with random jitter, or are those that the host requests.

    Args:
        call: takes the number of the attempt, from 0.
        tries: largest number of calls.
        host: whose limiter every call waits for; empty = none.
        per_second: rate of that limiter.
        retry_on: errors after which another call may help; others go through. An error may carry `retry_after`
            (seconds), or a `response` with a header Retry-After.
        sleep: for tests.

    Raises:
        Exception: the last error of `retry_on`; at once if the host requests a pause of more than two minutes.
    """
    attempt = 0
    while True:
        if host:
            limiter(host, per_second).wait()
        try:
            return call(attempt)
        except retry_on as error:
            requested = _requested_pause(error)
            attempt += 1
            if attempt >= tries or (requested or 0) > LONGEST_PAUSE_SECONDS:
                raise
            logger.info("tried_again host=%s attempt=%d requested_s=%s error=%s", host, attempt, requested, error)
            _pause(host, per_second, attempt=attempt, requested=requested, sleep=sleep)


def _pause(
    host: str, per_second: float, *, attempt: int, requested: float | None, sleep: Callable[[float], None]
) -> None:
    if requested is not None and host:
        limiter(host, per_second).pause(requested)
    grown = FIRST_PAUSE_SECONDS * 2 ** (attempt - 1) * random.uniform(0.5, 1.0)
    sleep(min(grown, LONGEST_PAUSE_SECONDS) if requested is None else requested)


def _requested_pause(error: Exception) -> float | None:
    """Return the pause in seconds that an error carries; None = not stated."""
    stated = getattr(error, "retry_after", None)
    if stated is None:
        stated = getattr(getattr(error, "response", None), "headers", {}).get("Retry-After")
    return parse_retry_after(stated)


def parse_retry_after(stated: object) -> float | None:
    """Read a Retry-After header (RFC 9110, section 10.2.3): seconds, or a date; None where it is neither."""
    if stated is None or stated == "":
        return None
    try:
        return max(0.0, float(str(stated)))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(str(stated)) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None
