"""HEAD on every path that answers GET."""

import httpx
import pytest

from tests.service.scene import problem_of

PATHS = ("/", "/?f=html", "/healthz", "/jobs", "/jobs/crop1/preview.png", "/stac/search", "/page/style.css", "/nothing")


@pytest.mark.parametrize("path", PATHS)
def test_head_has_the_headers_of_get_and_no_body(client: httpx.Client, path: str) -> None:
    head, get = client.head(path), client.get(path)
    assert head.content == b""
    assert head.status_code == get.status_code
    own = ("date", "server", "x-request-id")
    assert {k: v for k, v in head.headers.items() if k not in own} == {
        k: v for k, v in get.headers.items() if k not in own
    }


def test_a_stream_that_would_go_on_ends_with_its_headers(client: httpx.Client) -> None:
    answer = client.head("/jobs/running1/events", timeout=10)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"].startswith("text/event-stream")


def test_head_is_among_the_methods_that_are_allowed_where_get_is(client: httpx.Client) -> None:
    answer = client.put("/jobs/crop1")
    problem_of(answer, 405)
    assert answer.headers["allow"] == "DELETE, GET, HEAD"
    assert client.head("/processes/crop/execution").status_code == 405
