"""Connections of clients: how many there may be, and how long one may keep the service waiting. Built on uvicorn."""

import asyncio
import logging
import resource
from pathlib import Path
from typing import Any, ClassVar

from uvicorn.protocols.http.h11_impl import H11Protocol

logger = logging.getLogger(__name__)

BACKLOG = 128
"""Most connections that are accepted at once, before the first of them can be refused. asyncio tries this often in
a row even if no file descriptor is left, and logs each failure: with uvicorn's 2,048, this was 1.4 MB a second."""
RESERVED = 24
"""File descriptors kept free for the log, Redis, archives and the reconciler."""
EACH = 4
"""Descriptors that one request may need: its socket, and the three files of a connection to SQLite."""
LEAST = 4
NO_LIMIT = 65_536


def raise_file_limit() -> int:
    """Raise the soft limit on file descriptors to the hard one, at most to NO_LIMIT; return what holds."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = NO_LIMIT if hard == resource.RLIM_INFINITY else min(hard, NO_LIMIT)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return NO_LIMIT if soft == resource.RLIM_INFINITY else soft
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (OSError, ValueError):  # macOS has a further limit of its own
        return soft
    return wanted


def most_connections(wanted: int, *, file_limit: int, open_files: int) -> int:
    """Return how many connections there may be so that file descriptors do not run out."""
    return max(LEAST, min(wanted, (file_limit - open_files - RESERVED) // EACH))


def count_open_files() -> int:
    """Return the number of open file descriptors of this process; a guess where the system does not list them."""
    for folder in (Path("/proc/self/fd"), Path("/dev/fd")):
        if folder.is_dir():
            return sum(1 for _ in folder.iterdir())
    return RESERVED


class LimitedProtocol(H11Protocol):
    """uvicorn's protocol with limits; see `limited`."""

    most: ClassVar[int]
    idle_s: ClassVar[float]

    _silent_since: float = 0.0
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Begin to watch a connection, or close one if there are too many."""
        super().connection_made(transport)
        self._silent_since = self.loop.time()
        self._timer = self.loop.call_later(self.idle_s, self._close_if_silent)
        if len(self.connections) > self.most:
            self._make_room()

    def data_received(self, data: bytes) -> None:
        """Take bytes. A request counts as begun once its headers are complete: slow ones end as well."""
        if not self.is_idle:
            self._silent_since = self.loop.time()
        super().data_received(data)

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        self._silent_since = self.loop.time()
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Watch no longer."""
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(exc)

    @property
    def is_idle(self) -> bool:
        """Whether no request is complete."""
        return self.cycle is None or self.cycle.response_complete

    @property
    def is_waiting(self) -> bool:
        """Whether it is the client's turn: to send a request, or the rest of its body."""
        return self.is_idle or bool(self.cycle.more_body)

    def _close_if_silent(self) -> None:
        left_s = self._silent_since + self.idle_s - self.loop.time()
        if self.is_waiting and left_s <= 0:
            self.transport.close()
            return
        self._timer = self.loop.call_later(left_s if left_s > 0 else self.idle_s, self._close_if_silent)

    def _make_room(self) -> None:
        others = [c for c in self.connections if isinstance(c, LimitedProtocol) and c is not self and c.is_waiting]
        closed = min(others, key=lambda c: (c.cycle is not None, c._silent_since), default=self)
        logger.warning("too many connections, one is closed most=%d waiting=%d", self.most, len(others))
        self.connections.discard(closed)
        closed.transport.close()


def limited(most: int, idle_s: float) -> type[LimitedProtocol]:
    """Return the protocol with its limits.

    Args:
        most: connections at a time; a further one takes the place of the one that has been silent longest, first of
            those that never sent a request, and is closed if all are busy.
        idle_s: how long a connection may be silent while the service waits for its request or the rest of its body.
    """
    return type("LimitedProtocol", (LimitedProtocol,), {"most": most, "idle_s": idle_s})
