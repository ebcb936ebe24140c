"""Events of a job as they happen: server-sent events (HTML standard, section 9.2), continued after each break."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx

from client.connection import Busy, Connection
from core.errors import WorkerUnavailable

EVENT_STREAM = "text/event-stream"


@dataclass(kw_only=True)
class Message:
    """One message of a stream."""

    event: str = "message"
    id: str = ""
    """What Last-Event-ID refers to; empty = nothing new."""
    lines: list[str] = field(default_factory=list)

    @property
    def document(self) -> dict[str, Any]:
        """The JSON object of the message."""
        return dict(json.loads("\n".join(self.lines)))


def follow(connection: Connection, url: str, *, after: int = 0) -> Iterator[dict[str, Any]]:
    """Yield the events of a job after a number, and further ones as they happen, until the job has ended.

    A stream that breaks off, or that the service ends after its time, is continued after the last event.

    Args:
        connection: to the service.
        url: of the stream.
        after: number of the last event that is known; 0 = all.
    """
    seen, lost = str(after), 0
    while True:
        try:
            with connection.stream(url, {"Accept": EVENT_STREAM, "Last-Event-ID": seen}) as answer:
                if answer.status_code == httpx.codes.NO_CONTENT:
                    return
                for message in messages(answer.iter_lines()):
                    lost, seen = 0, message.id or seen
                    if message.event == "log":
                        yield message.document
        except (Busy, WorkerUnavailable) as error:
            if lost == len(connection.pauses):
                raise (error.refusal if isinstance(error, Busy) else error) from None
            connection.sleep(max(connection.pauses[lost], error.wait_s if isinstance(error, Busy) else 0.0))
            lost += 1


def messages(lines: Iterable[str]) -> Iterator[Message]:
    """Yield the messages of the lines of a stream; comments are left out, as is a last message without an end."""
    message = Message()
    for line in lines:
        name, _, value = line.partition(":")
        text = value.removeprefix(" ")
        if not line:
            if message.lines:
                yield message
            message = Message()
        elif name == "data":
            message.lines.append(text)
        elif name == "event":
            message.event = text
        elif name == "id":
            message.id = text
