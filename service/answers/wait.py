"""`Prefer: wait=N` on orders of small regions: the results in the answer, if the job ends within N seconds.

It stands outside of the gate for bodies, so orders that wait for their job keep no other request from being checked.
"""

import asyncio
import json
import re
from dataclasses import dataclass, field
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.answers.compression import route_path
from service.answers.prefer import MAX_WAIT_S, read_preferences
from workers.queue.ledger import Ledger

MAX_PIXELS = 100_000
"""Of a region that is small: 10 km2. Larger orders are answered at once."""
MAX_WAITING = 50
"""Orders that wait at a time; further ones are answered at once."""
POLL_S = 0.2
_EXECUTION = re.compile(r"/processes/[^/]+/execution")


@dataclass
class Answer:
    """An answer that is held back; an ASGI `send`."""

    start: Message = field(default_factory=dict)
    body: bytes = b""

    async def __call__(self, message: Message) -> None:
        """Keep a part of the answer."""
        if message["type"] == "http.response.start":
            self.start = message
        else:
            self.body += message.get("body", b"")

    async def pass_on(self, send: Send, **headers: str) -> None:
        """Send the answer, with further headers."""
        found = MutableHeaders(raw=list(self.start["headers"]))
        for name, value in headers.items():
            found[name.replace("_", "-")] = value
        await send({**self.start, "headers": found.raw})
        await send({"type": "http.response.body", "body": self.body})


class Wait:
    """ASGI middleware: waits for the job of a small order, where the client prefers that, and answers its results."""

    def __init__(self, app: ASGIApp) -> None:
        self._app, self._waiting = app, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; answer an order by its results where `wait` is preferred and they come in time."""
        wait_s = _wanted(scope)
        if wait_s is None:
            await self._app(scope, receive, send)
            return
        accepted = Answer()
        scope.setdefault("state", {})
        await self._app({**scope}, receive, accepted)
        info: dict[str, Any] = json.loads(accepted.body) if accepted.start["status"] == 201 else {}
        if info and await self._ends_in_time(scope, receive, info, wait_s):
            results = Answer()
            await self._app(_results_of(scope, info["jobID"]), _nothing, results)
            location = Headers(raw=accepted.start["headers"])["location"]
            await results.pass_on(send, location=location, preference_applied=f"wait={wait_s}")
        else:
            await accepted.pass_on(send)

    async def _ends_in_time(self, scope: Scope, receive: Receive, info: dict[str, Any], wait_s: int) -> bool:
        if scope["state"].get("pixels", 0) > MAX_PIXELS or self._waiting >= MAX_WAITING:
            return False
        self._waiting += 1
        gone = asyncio.ensure_future(receive())  # the body was read: what comes next is that the client has left
        try:
            async with asyncio.timeout(min(wait_s, MAX_WAIT_S)):
                return await _has_ended(scope["app"].state.ledger, info["jobID"], gone)
        except TimeoutError:
            return False
        finally:
            gone.cancel()
            self._waiting -= 1


async def _has_ended(ledger: Ledger, job_id: str, gone: "asyncio.Future[Message]") -> bool:
    """Return True once a job has ended, False once the client has left."""
    while not gone.done():
        job = await run_in_threadpool(ledger.job, job_id)
        if job.state.is_final:
            return True
        await asyncio.wait([gone], timeout=POLL_S)
    return False


def _wanted(scope: Scope) -> int | None:
    """Return the seconds to wait for the result of an order; None = it is no order, or no wait is preferred."""
    if scope["type"] != "http" or scope["method"] != "POST" or not _EXECUTION.fullmatch(route_path(scope)):
        return None
    return read_preferences(Headers(scope=scope).get("prefer")).wait_s


def _results_of(scope: Scope, job_id: str) -> Scope:
    """Return the request for the results of a job, from the same client."""
    path = f"{scope.get('root_path', '').rstrip('/')}/jobs/{job_id}/results"
    headers = [(k, v) for k, v in scope["headers"] if k not in (b"content-length", b"content-type", b"prefer")]
    return {**scope, "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b"", "headers": headers}


async def _nothing() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}
