"""Every request is checked for its key: missing, wrong, ended, too weak, or in the wrong place."""

import logging

import httpx
import pytest
from sqlalchemy.exc import OperationalError

from service.access.check import Access
from service.app import create_app
from tests.service import scene
from tests.service.access.keyed import Keyed, bearer, make_key
from tests.service.scene import order, problem_of

PRIVATE = [
    "/jobs",
    "/processes",
    "/archives",
    "/stac",
    "/version",
    "/openapi.json",
    "/conformance",
    "/nothing",
    "/jobs/crop1",
]


@pytest.mark.parametrize("path", PRIVATE)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS"])
def test_without_a_key_nothing_is_answered(guarded: Keyed, method: str, path: str) -> None:
    answer = guarded.client.request(method, path)
    assert "Authorization: Bearer KEY" in problem_of(answer, 401)["detail"]
    assert answer.headers["www-authenticate"].startswith("Bearer ")
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["/", "/?f=html", "/healthz", "/page/main.js", "/page/leaflet/leaflet.js"])
def test_the_page_and_probes_are_answered_without_a_key(guarded: Keyed, path: str) -> None:
    assert guarded.client.get(path).status_code == 200


@pytest.mark.parametrize(
    "path", ["/page/../jobs", "/page/%2e%2e/jobs", "//jobs", "/healthz/../jobs", "/page/..%2fapp.py"]
)
def test_no_way_round_by_the_path(guarded: Keyed, path: str) -> None:
    port = guarded.client.base_url.port
    raw = httpx.URL(f"http://127.0.0.1:{port}").copy_with(raw_path=path.encode())
    assert guarded.client.get(raw).status_code in (401, 404)


def test_a_key_opens_what_its_scopes_say(guarded: Keyed) -> None:
    assert guarded.ask("reader", "GET", "/jobs").status_code == 200
    assert guarded.ask("reader", "POST", "/processes/crop/estimate", json=order()).status_code == 200
    for method, path in [
        ("POST", "/processes/crop/execution"),
        ("DELETE", "/jobs/crop1"),
        ("POST", "/jobs/crop1/retry"),
    ]:
        answer = guarded.ask("reader", method, path)
        assert "scope 'order'" in problem_of(answer, 403)["detail"]
        assert 'error="insufficient_scope", scope="order"' in answer.headers["www-authenticate"]
    assert "scope 'read'" in problem_of(guarded.ask("orderer", "GET", "/jobs"), 403)["detail"]
    assert "scope 'admin'" in problem_of(guarded.ask("forest", "GET", "/metrics"), 403)["detail"]
    assert guarded.ask("admin", "GET", "/metrics").status_code != 403
    problem_of(guarded.ask("admin", "GET", "/jobs"), 403)


@pytest.mark.parametrize(
    "header",
    ["Bearer", "Bearer x", "Bearer {0}x", "Bearer {0} {0}", "Basic {0}", "{0}", "Bearer null", "Token {0}"],
)
def test_headers_that_hold_no_key_are_refused(guarded: Keyed, header: str) -> None:
    problem_of(guarded.client.get("/jobs", headers={"Authorization": header.format(guarded.keys["forest"])}), 401)


def test_the_scheme_may_be_in_any_case(guarded: Keyed) -> None:
    assert (
        guarded.client.get("/jobs", headers={"Authorization": f"bearer  {guarded.keys['forest']}"}).status_code == 200
    )


def test_a_key_that_was_revoked_or_has_expired_is_refused_at_once_in_the_same_words(guarded: Keyed) -> None:
    key = make_key(guarded.settings, "temporary")
    assert guarded.ask(key, "GET", "/jobs").status_code == 200
    guarded.store().revoke("temporary")
    revoked = problem_of(guarded.ask(key, "GET", "/jobs"), 401)
    unknown = problem_of(guarded.ask("landcast_ffffffff_" + "A" * 43, "GET", "/jobs"), 401)
    assert revoked == unknown


def test_a_body_is_not_read_before_the_key_is_checked(guarded: Keyed) -> None:
    answer = guarded.client.post("/processes/crop/execution", content=b" " * 5_000_000)
    assert answer.status_code == 401


@pytest.mark.parametrize(
    "where", ["/jobs?key={0}", "/jobs?access_token={0}", "/jobs/{0}", "/healthz?{0}", "/?x=%6c{1}"]
)
def test_a_key_in_a_url_is_refused_and_logged_nowhere(
    guarded: Keyed, where: str, caplog: pytest.LogCaptureFixture
) -> None:
    key = guarded.keys["forest"]
    with caplog.at_level(logging.DEBUG):
        answer = guarded.ask("forest", "GET", where.format(key, key[1:]))
    assert "does not belong in a URL" in problem_of(answer, 400)["detail"]
    assert key not in answer.text
    own = [r.getMessage() for r in caplog.records if not r.name.startswith(("httpx", "httpcore"))]
    assert [text for text in own if key[20:] in text] == []


def test_the_log_of_a_failing_request_holds_no_key(guarded: Keyed, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        guarded.ask("forest", "GET", "/jobs/none")
        guarded.ask("forest", "POST", "/processes/crop/execution", json={"inputs": {"region": 5}})
        guarded.ask("forest", "POST", "/processes/crop/execution", content=b"{")
    own = [r.getMessage() for r in caplog.records if not r.name.startswith(("httpx", "httpcore"))]
    assert [text for text in own if guarded.keys["forest"][20:] in text] == []


def test_on_this_machine_no_key_is_needed_and_a_wrong_one_still_refused(guarded: Keyed) -> None:
    with scene.served(guarded.settings.but(keys="auto")) as client:
        assert [j["jobID"] for j in client.get("/jobs").json()["jobs"]] == [
            "old1",
            "farm1",
            "running1",
            "canopy1",
            "crop1",
        ]
        mine = client.get("/jobs", headers=bearer(guarded.keys["farm"])).json()["jobs"]
        assert [j["jobID"] for j in mine] == ["farm1"]
        problem_of(client.get("/jobs", headers=bearer("wrong")), 401)
        assert client.get("/jobs", headers={"Authorization": "Basic dTpw"}).status_code == 200


def test_without_any_key_a_service_for_other_machines_answers_nobody(guarded: Keyed) -> None:
    """Also if it was started otherwise than by `landcast serve`, which refuses."""
    with scene.served(guarded.settings.but(host="0.0.0.0", keys="auto")) as client:
        problem_of(client.get("/jobs"), 401)


def test_a_ledger_that_is_away_is_503_and_opens_nothing(guarded: Keyed, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OperationalError("SELECT", {}, Exception("gone"))

    monkeypatch.setattr(Access, "check", fail)
    problem_of(guarded.ask("forest", "GET", "/jobs"), 503)


def test_every_route_but_the_public_ones_says_that_it_needs_a_key(guarded: Keyed) -> None:
    paths = create_app(guarded.settings, reconcile=False).openapi()["paths"]
    without = [path for path, operations in paths.items() for o in operations.values() if "security" not in o]
    of_openeo = ["/openeo/", "/openeo/credentials/basic", "/openeo/file_formats", "/openeo/processes"]
    assert sorted(set(without)) == ["/", "/.well-known/openeo", "/healthz", *of_openeo, "/readyz"]
