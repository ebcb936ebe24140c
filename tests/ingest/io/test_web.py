"""JSON fetched from catalogues: checked addresses, busy hosts, refusals."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import ArchiveUnavailable, UntrustedAddress
from ingest.io.hosts import Hosts
from ingest.io.web import MAX_MESSAGE, describe_refusal, fetch, open_session
from tests.ingest.remote_files import FolderServer, serve


@pytest.fixture
def server(tmp_path: Path) -> Iterator[FolderServer]:
    (tmp_path / "a.json").write_text('{"id": "a"}')
    (tmp_path / "cube.nc").write_bytes(b"CDF" + bytes(3_000_000))
    with serve(tmp_path) as running:
        yield running


def fetched(server: FolderServer, name: str, *, tries: int = 3) -> tuple[int, str]:
    hosts = Hosts(name="loopback", allowed=(server.url.removeprefix("http://"),))
    session = open_session(hosts, tries=tries, per_second=1000)
    return fetch(session, f"{server.url}/{name}", archive="loopback")


def test_status_and_text_of_an_answer_are_returned(server: FolderServer) -> None:
    assert fetched(server, "a.json") == (200, '{"id": "a"}')
    assert fetched(server, "gone.json")[0] == 404


def test_only_the_beginning_of_a_file_that_is_not_json_is_fetched(server: FolderServer) -> None:
    status, text = fetched(server, "cube.nc")
    assert (status, text[:3]) == (200, "CDF")
    assert len(text) < 200_000


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_host_is_requested_again(server: FolderServer, status: int) -> None:
    server.faults.statuses, server.faults.headers = [status], {"Retry-After": "0"}
    assert fetched(server, "a.json")[0] == 200
    assert len(server.faults.requested) == 2


def test_a_host_that_stays_busy_is_unavailable(server: FolderServer) -> None:
    server.faults.statuses, server.faults.headers = [503] * 9, {"Retry-After": "0"}
    with pytest.raises(ArchiveUnavailable, match=r"HTTP 503 \(tried 2 times\)"):
        fetched(server, "a.json", tries=2)
    assert len(server.faults.requested) == 2


def test_a_refusal_is_not_repeated(server: FolderServer) -> None:
    server.faults.statuses = [403]
    assert fetched(server, "a.json")[0] == 403
    assert len(server.faults.requested) == 1


def test_an_address_that_is_not_allowed_is_never_requested(server: FolderServer) -> None:
    session = open_session(Hosts(name="other", allowed=("example.com",)), tries=1)
    with pytest.raises(UntrustedAddress):
        fetch(session, f"{server.url}/a.json", archive="other")
    assert server.faults.requested == []


def test_a_host_that_is_not_there_is_unavailable() -> None:
    session = open_session(Hosts(name="gone", allowed=("127.0.0.1:9",)), tries=1)
    with pytest.raises(ArchiveUnavailable, match="gone"):
        fetch(session, "http://127.0.0.1:9/a.json", archive="gone")


def test_a_refusal_carries_the_message_of_the_host_in_one_short_line() -> None:
    assert describe_refusal(401, "no\n  key given").endswith("HTTP 401: no key given")
    assert describe_refusal(500, "<html>a page</html>").endswith("HTTP 500")
    assert len(describe_refusal(400, "x" * 5000)) < MAX_MESSAGE + 60
