"""Which hosts a service on this machine answers to, and the headers of its answers."""

import socket
from collections.abc import Iterator

import httpx
import pytest

from core.settings import Settings
from service.access.hosts import is_loopback
from service.page import content_security_policy
from tests.service.access.keyed import bearer, make_key
from tests.service.conftest import Front
from tests.service.scene import problem_of, served

EVIL = "evil.example"


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("LOCALHOST", True), ("0.0.0.0", False), ("", False)],
)
def test_addresses_of_this_machine_are_known(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


@pytest.fixture(scope="module")
def client(front: Front) -> Iterator[httpx.Client]:
    """A client of a service with a public address and one further host."""
    settings = front.settings.but(public_url="https://eo.example.org/landcast", hosts="box.lan other.lan")
    with served(settings) as found:
        found.headers.update(bearer(make_key(settings, "of public hosts", party="")))
        yield found


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1:80", "[::1]:8000", "eo.example.org", "BOX.lan:9", "other.lan."]
)
def test_own_hosts_are_answered(client: httpx.Client, host: str) -> None:
    assert client.get("/jobs", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", [EVIL, f"127.0.0.1.{EVIL}", f"localhost.{EVIL}:80", "box", "[::1", "10.0.0.1", ""])
@pytest.mark.parametrize("method", ["GET", "DELETE", "POST"])
def test_another_host_is_refused(client: httpx.Client, method: str, host: str) -> None:
    answer = client.request(method, "/jobs/crop1", headers={"Host": host})
    assert answer.status_code in (400, 421)  # 400: the server itself refuses a header that is none
    if answer.status_code == 421:
        assert "LANDCAST_HOSTS" in problem_of(answer, 421)["detail"]


@pytest.mark.parametrize(
    "origin",
    [
        f"https://{EVIL}",
        "null",
        "http://127.0.0.1.evil.example",
        "file://",
        "http://127.0.0.1:1",  # another server of this machine
        "http://localhost",
        "http://127.0.0.1:80.evil.example",
    ],
)
def test_a_page_of_another_site_changes_nothing(client: httpx.Client, origin: str) -> None:
    answer = client.delete("/jobs/crop1", headers={"Origin": origin})
    assert "may not change" in problem_of(answer, 403)["detail"]
    assert client.get("/jobs/crop1", headers={"Origin": origin}).json()["status"] == "successful"


@pytest.mark.parametrize(
    "origin", ["http://127.0.0.1:{port}", "http://localhost:{port}", "https://eo.example.org", None]
)
def test_own_pages_and_programs_may_change(client: httpx.Client, origin: str | None) -> None:
    headers = {} if origin is None else {"Origin": origin.format(port=client.base_url.port)}
    assert client.post("/stac/search", json={}, headers=headers).status_code == 200


def test_a_service_for_other_machines_answers_to_any_host(front: Front) -> None:
    key = make_key(front.settings, "of any host")
    with served(front.settings.but(host="0.0.0.0")) as found:
        assert found.get("/jobs", headers={"Host": EVIL, **bearer(key)}).status_code == 200


@pytest.mark.parametrize("path", ["/", "/jobs", "/nothing", "/page/main.js", "/files/crop1/crop.tif", "/?f=html"])
def test_every_answer_has_the_headers_that_browsers_heed(client: httpx.Client, path: str) -> None:
    headers = client.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    policy = headers["content-security-policy"]
    assert policy == content_security_policy(Settings()) if "html" in path else policy.startswith("default-src 'none'")


def test_refusals_of_hosts_and_bodies_have_them_too(client: httpx.Client) -> None:
    assert client.get("/jobs", headers={"Host": EVIL}).headers["x-content-type-options"] == "nosniff"
    assert client.post("/stac/search", content=b" " * 5_000_000).headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("lines", "status"), [("", b"200"), ("Host: \r\n", b"421"), (f"Origin: http://{EVIL}\r\n", b"421")]
)
def test_a_probe_by_http_1_0_names_no_host_as_browsers_always_do(
    client: httpx.Client, lines: str, status: bytes
) -> None:
    with socket.create_connection((client.base_url.host, client.base_url.port), timeout=10) as connection:
        connection.sendall(f"GET /healthz HTTP/1.0\r\n{lines}\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(4096), b""))
    assert answer.split()[1] == status
