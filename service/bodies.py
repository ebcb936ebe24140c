"""Bodies of requests: bounded in size, read whole before anything is done, and carried out a few at a time.

What a body holds is parsed and computed with for a second at most, and there may be many of them: without a bound they
would take all threads, and requests without a body would have to wait for them.
"""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service import errors

MAX_BYTES = 4 * 1024 * 1024
"""A region of 50,000 vertices has 1 to 2 MiB."""
AT_ONCE = 2
"""Requests with a body that are carried out at the same time."""
MAX_WAITING = 100
"""Requests with a body that wait for them; their bodies are in memory."""
WITHOUT_BODY = ("GET", "HEAD", "OPTIONS", "DELETE")


class Bodies:
    """ASGI middleware; answers 413 to a body that is too large, 415 to a compressed one, 503 where too many wait."""

    def __init__(
        self, app: ASGIApp, *, max_bytes: int = MAX_BYTES, at_once: int = AT_ONCE, max_waiting: int = MAX_WAITING
    ) -> None:
        self._app, self._max_bytes, self._max_waiting = app, max_bytes, max_waiting
        self._gate = asyncio.Semaphore(at_once)
        self._waiting = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on once it is its turn, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif _declared(scope) > self._max_bytes:
            await errors.too_large(self._max_bytes)(scope, receive, send)
        elif scope["method"] in WITHOUT_BODY:
            await self._app(scope, receive, send)
        elif coding := _coding(scope):
            await errors.compressed(coding)(scope, receive, send)
        else:
            await self._read(scope, receive, send)

    async def _read(self, scope: Scope, receive: Receive, send: Send) -> None:
        messages, size = [await receive()], 0
        while messages[-1]["type"] == "http.request":
            size += len(messages[-1].get("body", b""))
            if size > self._max_bytes:
                await errors.too_large(self._max_bytes)(scope, receive, send)
                return
            if not messages[-1].get("more_body", False):
                await self._in_turn(scope, _again(messages, receive), send)
                return
            messages.append(await receive())

    async def _in_turn(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._waiting >= self._max_waiting:
            await errors.busy()(scope, receive, send)
            return
        self._waiting += 1
        try:
            async with self._gate:
                await self._app(scope, receive, send)
        finally:
            self._waiting -= 1


def _coding(scope: Scope) -> str:
    """Return how a body is compressed; empty = it is not."""
    text = dict(scope["headers"]).get(b"content-encoding", b"").decode("latin-1").strip()
    return "" if text.lower() == "identity" else text[:40]


def _declared(scope: Scope) -> int:
    """Return the declared size of a body; 0 = none is declared."""
    text = dict(scope["headers"]).get(b"content-length", b"0")
    return int(text) if text.isdigit() else 0


def _again(messages: list[Message], receive: Receive) -> Receive:
    """Return a `receive` that gives messages which were received before, then further ones."""

    async def next_message() -> Message:
        return messages.pop(0) if messages else await receive()

    return next_message
