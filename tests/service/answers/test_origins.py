"""Other web sites: none by default, those of the settings, and what they may do."""

from collections.abc import Iterator

import httpx
import pytest

from tests.service.conftest import Front
from tests.service.scene import problem_of, served

MAPS, EVIL = "https://maps.example.org", "https://evil.example"
PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type,authorization"}


@pytest.fixture(scope="module")
def shared(front: Front) -> Iterator[httpx.Client]:
    """A client of a service that one other site may use."""
    with served(front.settings.but(cors_origins=f"{MAPS} https://other.example.org")) as found:
        yield found


def test_by_default_no_other_site_may_read(client: httpx.Client) -> None:
    answer = client.get("/jobs", headers={"Origin": MAPS})
    assert [name for name in answer.headers if name.startswith("access-control")] == []
    assert client.options("/jobs", headers={"Origin": MAPS, **PREFLIGHT}).status_code == 405


def test_a_site_of_the_settings_may_read_and_see_headers(shared: httpx.Client) -> None:
    answer = shared.get("/jobs", headers={"Origin": MAPS})
    assert answer.headers["access-control-allow-origin"] == MAPS
    assert "Location" in answer.headers["access-control-expose-headers"]
    assert "access-control-allow-credentials" not in answer.headers


def test_a_site_of_the_settings_may_order(shared: httpx.Client) -> None:
    answer = shared.options("/processes/crop/execution", headers={"Origin": MAPS, **PREFLIGHT})
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, MAPS)
    sent = shared.post("/processes/crop/estimate", json={"inputs": {}}, headers={"Origin": MAPS})
    problem_of(sent, 400)
    assert sent.headers["access-control-allow-origin"] == MAPS, "scripts read refusals as well"


def test_others_may_not(shared: httpx.Client) -> None:
    assert "access-control-allow-origin" not in shared.get("/jobs", headers={"Origin": EVIL}).headers
    assert shared.options("/jobs", headers={"Origin": EVIL, **PREFLIGHT}).status_code == 400
    problem_of(shared.delete("/jobs/crop1", headers={"Origin": EVIL}), 403)


def test_all_sites_may_read_but_none_may_change_anything_where_all_are_allowed(front: Front) -> None:
    with served(front.settings.but(cors_origins="*")) as client:
        assert client.get("/jobs", headers={"Origin": EVIL}).headers["access-control-allow-origin"] == "*"
        problem_of(client.delete("/jobs/crop1", headers={"Origin": EVIL}), 403)


def test_a_site_of_the_settings_may_use_every_method_that_the_service_has(shared: httpx.Client) -> None:
    paths = shared.get("/openapi.json").json()["paths"].values()
    methods = {method.upper() for operations in paths for method in operations if method != "parameters"}
    assert "PATCH" in methods
    for method in methods:
        asked = {"Origin": MAPS, "Access-Control-Request-Method": method}
        assert shared.options("/standing-orders/a", headers=asked).status_code == 200


def test_a_script_may_read_why_there_are_no_values_and_which_job_openeo_has_made(shared: httpx.Client) -> None:
    shown = shared.get("/jobs", headers={"Origin": MAPS}).headers["access-control-expose-headers"]
    assert {"X-No-Data", "OpenEO-Identifier", "X-Request-ID"} <= set(shown.split(", "))
