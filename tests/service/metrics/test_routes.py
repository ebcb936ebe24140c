"""`GET /metrics` of a running service, read by Prometheus' own parser."""

import httpx
from prometheus_client.parser import text_string_to_metric_families

from core.settings import Settings
from tests.service import scene
from tests.service.access.keyed import bearer, make_key
from tests.service.conftest import Front
from tests.service.scene import problem_of, served


def figures(client: httpx.Client, **headers: str) -> dict[tuple[str, ...], float]:
    answer = client.get("/metrics", headers=headers)
    assert answer.headers["content-type"].startswith("text/plain")
    families = text_string_to_metric_families(answer.raise_for_status().text)
    return {(s.name, *(value for _, value in sorted(s.labels.items()))): s.value for f in families for s in f.samples}


def test_jobs_tiles_queue_and_workers_are_counted(own: Front) -> None:
    scene.half_done(own.settings, "crop", "half")
    scene.finished(own.settings, "crop", "done")
    found = figures(own.client)
    assert (found["landcast_jobs", "running"], found["landcast_jobs", "successful"]) == (1, 1)
    assert found["landcast_tiles", "running"] == 1
    assert found["landcast_up", "ledger"] == found["landcast_up", "queue"] == 1
    assert found["landcast_workers",] == 0


def test_requests_are_counted_by_route_and_never_by_what_a_client_wrote(own: Front) -> None:
    own.client.get("/jobs/some-text")
    own.client.get("/nothing/some-text")
    own.client.request("SHOUT", "/jobs")
    found = figures(own.client)
    assert found["landcast_http_requests_total", "GET", "/jobs/{job_id}", "404"] == 1
    assert found["landcast_http_requests_total", "GET", "other", "404"] >= 1
    assert not [key for key in found if "some-text" in " ".join(key) or "SHOUT" in key]


def test_a_queue_that_is_away_is_said_to_be_away(own: Front) -> None:
    with served(own.settings.but(redis_url="redis://127.0.0.1:9/0")) as client:
        found = figures(client)
    assert (found["landcast_up", "queue"], found["landcast_up", "ledger"]) == (0, 1)
    assert ("landcast_workers",) not in found


def test_where_keys_are_needed_it_needs_the_scope_admin(own: Front) -> None:
    settings: Settings = own.settings.but(keys="required")
    reader, admin = make_key(settings, "reader", "read"), make_key(settings, "admin", "admin")
    with served(settings) as client:
        problem_of(client.get("/metrics"), 401)
        problem_of(client.get("/metrics", headers=bearer(reader)), 403)
        assert figures(client, **bearer(admin))["landcast_up", "ledger"] == 1
