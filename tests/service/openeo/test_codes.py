"""Refusals of openEO that no route of it answers have its codes too; the real client reads them."""

from collections.abc import Iterator

import httpx
import openeo
import pytest
from openeo.rest import OpenEoApiError
from sqlalchemy import update

from tests.service import scene
from tests.service.access.keyed import make_key
from tests.service.conftest import Front
from tests.service.openeo.test_jobs import create
from workers.queue.ledger import open_ledger
from workers.queue.schema import jobs

HERE = "/openeo/jobs"


@pytest.fixture(scope="module")
def keyed(front: Front) -> Iterator[tuple[httpx.Client, dict[str, str]]]:
    """A client of the common service where it needs keys, and keys by name."""
    settings = front.settings.but(keys="required", quota_requests_per_minute=3)
    keys = {name: make_key(settings, f"{name} of codes", scope=name, party="") for name in ("read", "order")}
    with scene.served(settings) as client:
        yield client, keys


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/openeo/services", 404, "NotFound"),
        ("GET", "/openeo/x/y%0Az", 404, "NotFound"),
        ("PUT", "/openeo/process_graphs/a", 404, "NotFound"),
        ("PATCH", "/openeo/processes", 405, "FeatureUnsupported"),
        ("POST", "/.well-known/openeo", 405, "FeatureUnsupported"),
        ("GET", "/openeo/jobs/none", 404, "JobNotFound"),
        ("POST", "/openeo/jobs", 400, "RequestInvalid"),
    ],
)
def test_a_request_that_no_route_answers_has_a_code(
    client: httpx.Client, method: str, path: str, status: int, code: str
) -> None:
    found = scene.problem_of(client.request(method, path), status)
    assert (found["code"], found["message"]) == (code, found["detail"])


def test_another_host_and_a_long_path_have_codes_also_where_answers_are_compressed(client: httpx.Client) -> None:
    headers = {"Host": "elsewhere.example", "Accept-Encoding": "gzip"}
    assert scene.problem_of(client.get("/openeo/jobs", headers=headers), 421)["code"] == "RequestInvalid"
    answer = client.get(f"/openeo/{'a' * 900}", headers={"Accept-Encoding": "gzip"})
    assert (answer.headers["content-encoding"], scene.problem_of(answer, 404)["code"]) == ("gzip", "NotFound")


def test_a_body_that_is_too_large_has_a_code(client: httpx.Client) -> None:
    found = scene.problem_of(client.post("/openeo/validation", content=b" " * 5_000_000), 413)
    assert found["code"] == "RequestTooLarge"


def test_missing_wrong_weak_and_busy_keys_have_codes(keyed: tuple[httpx.Client, dict[str, str]]) -> None:
    client, keys = keyed

    def code(method: str, status: int, token: str | None) -> str:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return str(scene.problem_of(client.request(method, HERE, headers=headers), status)["code"])

    assert code("GET", 401, None) == "AuthenticationRequired"
    assert code("GET", 401, "basic//wrong") == "TokenInvalid"
    assert code("POST", 403, keys["read"]) == "PermissionsInsufficient"
    for _ in range(3):
        client.get(HERE, headers={"Authorization": f"Bearer {keys['read']}"})
    assert code("GET", 429, keys["read"]) == "RateLimitExceeded"


def test_other_refusals_have_no_code(client: httpx.Client) -> None:
    assert "code" not in scene.problem_of(client.get("/openeos"), 404)


def test_an_unexpected_error_has_a_code(own: Front) -> None:
    job_id = create(own.client).headers["openeo-identifier"]
    own.client.post(f"/openeo/jobs/{job_id}/results")
    with open_ledger(own.settings).engine.begin() as connection:
        connection.execute(update(jobs).where(jobs.c.id == job_id).values(document="{"))
    found = scene.problem_of(own.client.get(f"/openeo/jobs/{job_id}"), 500)
    assert (found["code"], found["message"]) == ("Internal", found["detail"])


def test_the_real_client_reads_the_code_of_what_is_not_supported(client: httpx.Client) -> None:
    connection = openeo.connect(str(client.base_url))
    with pytest.raises(OpenEoApiError) as found:
        connection.list_services()
    assert (found.value.http_status_code, found.value.code) == (404, "NotFound")
