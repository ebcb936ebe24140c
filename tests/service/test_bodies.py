"""Bodies of requests: how large, and how many at a time."""

import asyncio
import gzip
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send

from service.bodies import AT_ONCE, Bodies
from tests.core.combs import comb
from tests.service.conftest import Front
from tests.service.scene import problem_of

WORST = [
    comb(800, pitch=0.0003, height=0.12, west=10.3, south=47.98),
    comb(370, west=10.3, south=47.98),
    comb(2400, pitch=2e-5, height=0.04, west=10.3, south=48.0),
    comb(12_000, pitch=1e-5, height=0.008, turn=0.7, west=10.3, south=48.0),
]
"""Regions that reach into the archive and take a second or more, or are refused after one."""


class Counting:
    """An application that counts how many requests it carries out at a time."""

    def __init__(self) -> None:
        self.now = self.most = self.done = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0.01)
        assert (await receive())["body"] == b"{}"
        self.now -= 1
        self.done += 1
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


async def _request(app: Bodies, body: bytes = b"{}") -> int:
    statuses = []
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return messages.pop(0)

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    await app({"type": "http", "method": "POST", "headers": [], "path": "/"}, receive, send)
    return int(statuses[0])


def _requests(app: Bodies, count: int) -> list[int]:
    async def all_of_them() -> list[int]:
        return await asyncio.gather(*(_request(app) for _ in range(count)))

    return asyncio.run(all_of_them())


def test_requests_with_a_body_are_carried_out_a_few_at_a_time() -> None:
    counting = Counting()
    assert set(_requests(Bodies(counting), 20)) == {200}
    assert (counting.done, counting.most) == (20, AT_ONCE)


def test_where_too_many_wait_the_next_ones_are_refused() -> None:
    answers = _requests(Bodies(Counting(), at_once=1, max_waiting=5), 8)
    assert sorted(answers) == [200] * 5 + [503] * 3


def test_a_body_beyond_the_limit_is_refused() -> None:
    assert asyncio.run(_request(Bodies(Counting(), max_bytes=1))) == 413


@pytest.mark.slow
def test_health_and_jobs_answer_within_a_second_while_forty_costly_regions_are_checked(own: Front) -> None:
    def ask(number: int) -> int:
        kind = "estimate" if number % 2 else "execution"
        body: dict[str, Any] = {"inputs": {"region": WORST[number % len(WORST)]}}
        return int(own.client.post(f"/processes/crop/{kind}", json=body, timeout=300).status_code)

    with ThreadPoolExecutor(40) as pool:
        asked = [pool.submit(ask, number) for number in range(40)]
        slowest = 0.0
        while not all(a.done() for a in asked):
            for path in ("/healthz", "/jobs"):
                started = time.monotonic()
                assert own.client.get(path).status_code == 200
                slowest = max(slowest, time.monotonic() - started)
            time.sleep(0.05)
    assert {a.result() for a in asked} <= {200, 201, 400}
    print(f"slowest answer: {slowest:.2f} s")
    assert slowest < 1.0


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "br", "deflate", "gzip, br"])
@pytest.mark.parametrize("path", ["/processes/crop/estimate", "/jobs/crop1/statistics", "/stac/search", "/openeo/jobs"])
def test_a_compressed_body_is_refused_by_its_coding(client: httpx.Client, path: str, coding: str) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": coding}
    answer = client.post(path, content=gzip.compress(b"{}"), headers=headers)
    assert f"('{coding}')" in problem_of(answer, 415)["detail"]
    assert answer.headers["accept-encoding"] == "identity"


def test_a_body_that_is_not_compressed_may_say_so(client: httpx.Client) -> None:
    assert client.post("/stac/search", json={}, headers={"Content-Encoding": "identity"}).status_code == 200


@pytest.mark.parametrize(
    "body", [gzip.compress(b"{}", mtime=0), '{"inputs": "Müller"}'.encode("latin-1"), b"\xff\xfe\x00"]
)
def test_a_body_that_is_no_text_is_refused_with_what_it_may_be(client: httpx.Client, body: bytes) -> None:
    answer = client.post("/processes/crop/estimate", content=body, headers={"Content-Type": "application/json"})
    assert "not JSON in UTF-8" in problem_of(answer, 400)["detail"]


@pytest.mark.parametrize("body", [b"\xef\xbb\xbf{}", "{}".encode("utf-16"), b"{\r\n}\r\n"])
def test_marks_and_line_ends_of_other_systems_do_not_matter(client: httpx.Client, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    assert client.post("/stac/search", content=body, headers=headers).status_code == 200
