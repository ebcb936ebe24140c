"""A small reader of server-sent events for tests."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx


@dataclass(frozen=True)
class Message:
    name: str
    data: dict[str, Any]
    id: str


def messages(answer: httpx.Response) -> Iterator[Message]:
    """Yield the messages of a stream; comments have the name `comment`."""
    fields: dict[str, str] = {}
    for line in answer.iter_lines():
        if line.startswith(":"):
            yield Message("comment", {}, "")
        elif line:
            name, _, value = line.partition(": ")
            fields[name] = value
        else:
            if "data" in fields:
                yield Message(fields["event"], json.loads(fields["data"]), fields.get("id", ""))
            fields = {}
