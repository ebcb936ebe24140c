"""A job of another party does not exist: through every route, search, list and key of idempotency."""

import re
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from core.job import JobState
from service.access.owners import party_of
from service.app import ROUTERS
from tests.service.access.keyed import Keyed, make_key
from tests.service.scene import order, problem_of
from workers.queue.ledger import open_ledger

OF_JOBS = sorted(
    (method, route.path)
    for router in ROUTERS
    for route in router.routes
    for method in getattr(route, "methods", ())
    if "{job_id}" in getattr(route, "path", "")
)
"""All routes of jobs, also those that are added later."""
VALUES = {"name": "crop.tif", "layer": "class", "z": "1", "x": "1", "y": "1"}


def path_of(template: str, job_id: str) -> str:
    return re.sub(r"\{(\w+)[^}]*\}", lambda m: {"job_id": job_id, **VALUES}.get(m[1], "1"), template)


def test_the_routes_of_jobs_are_found() -> None:
    expected = {("GET", "/jobs/{job_id}"), ("DELETE", "/jobs/{job_id}"), ("HEAD", "/files/{job_id}/{name}")}
    assert expected | {("GET", "/jobs/{job_id}/events"), ("POST", "/jobs/{job_id}/retry")} <= set(OF_JOBS)


@pytest.mark.parametrize(("method", "template"), OF_JOBS)
@pytest.mark.parametrize("job_id", ["crop1", "running1", "old1"])
def test_a_job_of_another_party_is_like_one_that_is_not_there(
    guarded: Keyed, method: str, template: str, job_id: str
) -> None:
    body = {} if method in ("GET", "HEAD", "DELETE") else {"json": {}}
    answer = guarded.ask("farm", method, path_of(template, job_id), **body)
    absent = guarded.ask("farm", method, path_of(template, "absent1"), **body)
    assert answer.status_code == absent.status_code == 404
    assert answer.text.replace(job_id, "absent1") == absent.text
    assert open_ledger(guarded.settings).job(job_id).state is not JobState.DISMISSED


@pytest.mark.parametrize("path", ["/jobs/crop1", "/jobs/crop1/results", "/jobs/crop1/layers", "/files/crop1/crop.tif"])
def test_its_own_party_sees_it_with_every_key(guarded: Keyed, path: str) -> None:
    assert guarded.ask("forest", "GET", path).status_code == 200
    assert guarded.ask("reader", "GET", path).status_code == 200


def test_lists_hold_the_own_jobs_alone(guarded: Keyed) -> None:
    def ids(key: str) -> list[str]:
        return [j["jobID"] for j in guarded.ask(key, "GET", "/jobs").json()["jobs"]]

    assert ids("forest") == ["running1", "canopy1", "crop1"]
    assert ids("farm") == ["farm1"]
    page = guarded.ask("farm", "GET", "/jobs?limit=1&offset=0").json()
    assert [link["rel"] for link in page["links"]] == ["self"]


def test_jobs_that_were_ordered_without_a_key_belong_to_the_party_without_a_name(guarded: Keyed) -> None:
    key = make_key(guarded.settings, "successor", party="")
    assert [j["jobID"] for j in guarded.ask(key, "GET", "/jobs").json()["jobs"]] == ["old1"]
    problem_of(guarded.ask(key, "GET", "/jobs/crop1"), 404)
    guarded.store().revoke("successor")


def found(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [f["id"] for f in answer.json()["features"]]


def test_stac_searches_find_the_own_items_alone(guarded: Keyed) -> None:
    world = {"type": "Polygon", "coordinates": [[[5, 45], [15, 45], [15, 50], [6, 51], [5, 45]]]}
    for query in ("", "?ids=crop1,farm1,old1,canopy1", "?bbox=-180,-90,180,90", "?collections=crop,canopy"):
        assert found(guarded.ask("farm", "GET", f"/stac/search{query}")) == ["farm1"]
    for body in ({}, {"ids": ["crop1", "farm1"]}, {"intersects": world}, {"bbox": [5, 45, 15, 50]}):
        assert found(guarded.ask("farm", "POST", "/stac/search", json=body)) == ["farm1"]
    assert found(guarded.ask("farm", "GET", "/stac/collections/crop/items")) == ["farm1"]
    assert guarded.ask("farm", "GET", "/stac/search").json()["numberMatched"] == 1
    assert guarded.ask("farm", "GET", "/stac/search?limit=1").json()["numberMatched"] == 1
    token = f"{4_000_000_000.0!r}_crop1"
    assert found(guarded.ask("farm", "GET", f"/stac/search?token={token}")) == ["farm1"]
    assert found(guarded.ask("forest", "GET", "/stac/search")) == ["canopy1", "crop1"]


def test_items_and_extents_of_other_parties_do_not_show(guarded: Keyed) -> None:
    problem_of(guarded.ask("farm", "GET", "/stac/collections/crop/items/crop1"), 404)
    assert guarded.ask("farm", "GET", "/stac/collections/crop/items/farm1").status_code == 200
    canopy = guarded.ask("farm", "GET", "/stac/collections/canopy").json()
    assert canopy["extent"]["spatial"]["bbox"] == [[-180.0, -90.0, 180.0, 90.0]]
    assert guarded.ask("forest", "GET", "/stac/collections/canopy").json()["extent"] != canopy["extent"]


def test_an_order_belongs_to_its_party_and_idempotency_keys_do_not_reach_into_another(guarded: Keyed) -> None:
    def send(key: str) -> str:
        headers = {"Authorization": f"Bearer {guarded.keys[key]}", "Idempotency-Key": "same"}
        answer = guarded.client.post("/processes/crop/execution", json=order(), headers=headers)
        assert answer.status_code == 201
        return str(answer.json()["jobID"])

    first = send("orderer")
    assert send("forest") == first
    other = send("farm")
    assert other != first
    engine = open_ledger(guarded.settings).engine
    assert (party_of(engine, first), party_of(engine, other)) == ("forest", "farm")
    assert guarded.ask("farm", "DELETE", f"/jobs/{other}").json()["status"] == "dismissed"
    assert guarded.ask("orderer", "DELETE", f"/jobs/{first}").json()["status"] == "dismissed"
    hide(guarded, first, other)


def hide(guarded: Keyed, *job_ids: str) -> None:
    """Take jobs out of the lists that other tests look at."""
    from tests.service.access.keyed import give

    for job_id in job_ids:
        give(guarded.settings, job_id, "elsewhere")


def test_an_id_that_no_job_can_have_has_no_party(guarded: Keyed) -> None:
    assert party_of(open_ledger(guarded.settings).engine, "a\x00b") is None
    problem_of(guarded.ask("farm", "GET", "/jobs/%00"), 404)


def test_parties_that_list_jobs_at_the_same_time_see_their_own_alone(guarded: Keyed) -> None:
    seen = {"forest": {"crop1", "canopy1", "running1"}, "farm": {"farm1"}}

    def listed(party: str) -> tuple[str, set[str]]:
        answer = guarded.ask(party, "GET", "/jobs")
        return party, {job["jobID"] for job in answer.json()["jobs"]}

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(listed, [*seen] * 40))
    assert all(ids == seen[party] for party, ids in found)
