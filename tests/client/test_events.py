import json
from collections.abc import Callable

import httpx
import pytest

from client.connection import Connection
from client.events import follow, messages
from core.errors import RequestError, WorkerUnavailable


def event(number: int, name: str) -> str:
    return f"id: {number}\nevent: log\ndata: {json.dumps({'number': number, 'event': name})}\n\n"


def connection(answers: list[httpx.Response | Exception], seen: list[str], slept: list[float]) -> Connection:
    rest = iter(answers)

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["Last-Event-ID"])
        found = next(rest)
        if isinstance(found, Exception):
            raise found
        return found

    http = httpx.Client(transport=httpx.MockTransport(answer))
    return Connection("http://server", "", http, sleep=slept.append)


def stream(*parts: str) -> httpx.Response:
    return httpx.Response(200, text="".join(parts), headers={"Content-Type": "text/event-stream"})


OVER = httpx.Response(204)


def test_the_messages_of_a_stream_are_told_apart() -> None:
    lines = ["retry: 2000", "", ": the job goes on", "", "event: status", 'data: {"a":', "data:1}", "", "data: cut"]
    found = list(messages(lines))
    assert [(m.event, m.id, m.document) for m in found] == [("status", "", {"a": 1})]


def test_a_stream_that_ends_or_breaks_off_is_continued_after_the_last_event() -> None:
    seen: list[str] = []
    slept: list[float] = []
    busy = httpx.Response(503, headers={"Retry-After": "5"}, json={"detail": "64 streams are open."})
    status = 'event: status\ndata: {"jobID": "7"}\n\n'
    answers = [stream(event(1, "accepted"), status), httpx.ReadError("gone"), busy, stream(event(2, "failed")), OVER]
    found = list(follow(connection(answers, seen, slept), "http://server/jobs/7/events"))
    assert [(e["number"], e["event"]) for e in found] == [(1, "accepted"), (2, "failed")]
    assert seen == ["0", "1", "1", "1", "2"]
    assert slept == [0.2, 5.0]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (lambda: httpx.Response(404, json={"detail": "There is no job '7'."}), RequestError),
        (lambda: httpx.ConnectError("refused"), WorkerUnavailable),
    ],
)
def test_what_does_not_mend_is_an_error(
    answer: Callable[[], httpx.Response | Exception], kind: type[Exception]
) -> None:
    with pytest.raises(kind, match=r"no job '7'|no landcast service"):
        list(follow(connection([answer() for _ in range(9)], [], []), "http://server/jobs/7/events"))
