"""Streams of a job's events (server-sent events, HTML standard section 9.2), read from the ledger.

Any number of API processes may serve streams of one job: each reads the ledger. One thread of a process reads for all
its streams, so that a stream takes neither a thread nor a connection to the database of its own.
"""

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from sqlalchemy import Engine
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from service import errors
from workers.queue.events.log import Event, events_after
from workers.queue.events.watch import Look, look
from workers.queue.schema import AWAY

log = logging.getLogger(__name__)

MOST = 64
"""Open streams of one process; a further one is answered 503."""
POLL_S = 1.0
"""Between two looks at a job, by however many streams."""
BEAT_S = 10.0
"""Longest silence of a stream: then a comment is sent, so that proxies keep the connection."""
CHECK_S = 5.0
"""Between two questions whether who reads a stream may still do so: its key may have been revoked."""
LONGEST_S = 900.0
"""Length of a stream; then it ends, and the client continues with Last-Event-ID, for which it needs access again."""
PAGE = 200
"""Events read at once."""
MOVING = ("updated", "secondsLeft", "estimatedCompletion")
"""Members of a status that change all the time; a change of these alone is not sent."""

Answer = TypeVar("Answer")
Document = Mapping[str, Any]


class Streams:
    """The streams of one process."""

    def __init__(
        self,
        engine: Engine,
        *,
        most: int = MOST,
        poll_s: float = POLL_S,
        beat_s: float = BEAT_S,
        longest_s: float = LONGEST_S,
        check_s: float = CHECK_S,
    ) -> None:
        """Prepare; the ledger is read when a stream is open."""
        self.check_s = check_s
        self._engine, self.most, self.poll_s, self.beat_s, self.longest_s = engine, most, poll_s, beat_s, longest_s
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="streams")
        self._looks: dict[str, tuple[float, Look]] = {}
        self.open = 0
        """Streams that are open."""
        self.is_ending = False
        """Whether the service stops: all streams end within a second or two."""

    def end(self) -> None:
        """Let all streams end; may be called from any thread."""
        self.is_ending = True

    def close(self) -> None:
        """End the thread that reads."""
        self.end()
        self._reader.shutdown()

    async def look(self, job_id: str) -> Look:
        """Return a job as it was at most POLL_S ago."""
        return await self._read(lambda: self._cached_look(job_id))

    async def after(self, job_id: str, number: int) -> list[Event]:
        """Return the next events of a job that follow a number."""
        return await self._read(lambda: events_after(self._engine, job_id, number, limit=PAGE))

    async def ask(self, is_welcome: Callable[[], bool]) -> bool:
        """Ask in the thread that reads whether a stream may go on."""
        return await self._read(is_welcome)

    async def _read(self, call: Callable[[], Answer]) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(self._reader, call)

    def _cached_look(self, job_id: str) -> Look:
        """Look, unless another stream of the job has just done so. Runs in the thread that reads, and there only."""
        now = time.monotonic()
        self._looks = {i: (t, found) for i, (t, found) in self._looks.items() if now - t < self.poll_s * 0.9}
        if job_id not in self._looks:
            self._looks[job_id] = (now, look(self._engine, job_id))
        return self._looks[job_id][1]


class EventStream(StreamingResponse):
    """The answer that streams the events of one job from after a number on, until the job has ended."""

    media_type = "text/event-stream"

    def __init__(
        self,
        streams: Streams,
        job_id: str,
        number: int,
        *,
        event: Callable[[Event], Document],
        status: Callable[[Look], Document],
        is_welcome: Callable[[], bool] = lambda: True,
    ) -> None:
        """Prepare.

        Args:
            streams, job_id, number: what is streamed, after which event.
            event, status: make the documents that are sent.
            is_welcome: tells whether who reads may still do so; it may read the ledger.
        """
        self._is_welcome = is_welcome
        self._streams, self._job_id, self._number = streams, job_id, number
        self._event, self._status = event, status
        super().__init__(self._messages(), headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stream, or answer 503 if too many streams are open."""
        if self._streams.open >= self._streams.most:
            await errors.too_many_streams(self._streams.most)(scope, receive, send)
            return
        self._streams.open += 1
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._streams.open -= 1

    async def _messages(self) -> AsyncIterator[str]:
        began = spoke = checked = time.monotonic()
        shown: Document | None = None
        yield "retry: 2000\n\n"
        while not self._streams.is_ending and time.monotonic() - began < self._streams.longest_s:
            try:
                if time.monotonic() - checked >= self._streams.check_s:
                    if not await self._streams.ask(self._is_welcome):
                        return
                    checked = time.monotonic()
                found = await self._streams.look(self._job_id)
                async for text in self._news(found):
                    spoke = time.monotonic()
                    yield text
            except AWAY as error:
                log.warning("events not read job=%s reason=%s", self._job_id, type(error).__name__)
            else:
                status = self._status(found)
                facts = {name: value for name, value in status.items() if name not in MOVING}
                if facts != shown:
                    shown, spoke = facts, time.monotonic()
                    yield _message("status", status)
                if found.job.state.is_final:
                    return
            if time.monotonic() - spoke >= self._streams.beat_s:
                spoke = time.monotonic()
                yield ": the job goes on\n\n"
            await asyncio.sleep(self._streams.poll_s)

    async def _news(self, found: Look) -> AsyncIterator[str]:
        while self._number < found.last:
            events = await self._streams.after(self._job_id, self._number)
            for event in events:
                self._number = event.number
                yield _message("log", self._event(event), number=event.number)
            if not events:
                return


def _message(name: str, document: Document, *, number: int | None = None) -> str:
    """Return a message of the stream; one with a number is what Last-Event-ID refers to."""
    first = "" if number is None else f"id: {number}\n"
    return f"{first}event: {name}\ndata: {json.dumps(document, ensure_ascii=False)}\n\n"
