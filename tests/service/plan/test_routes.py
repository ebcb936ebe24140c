"""The plan of a job as GeoJSON."""

import httpx
from shapely import union_all
from shapely.geometry import shape

from tests.service import scene
from tests.service.conftest import Front
from tests.service.scene import problem_of
from workers.queue.ledger import open_ledger


def test_the_plan_has_each_tile_with_its_state(own: Front) -> None:
    scene.half_done(own.settings, "crop", "half")
    answer = own.client.get("/jobs/half/plan")
    assert answer.headers["content-type"] == "application/geo+json"
    plan, tasks = answer.json(), open_ledger(own.settings).tiles("half")
    assert {f["id"] for f in plan["features"]} == {t.tile_key for t in tasks}
    assert (plan["numberMatched"], plan["numberReturned"]) == (len(tasks), len(tasks))
    states = sorted(f["properties"]["status"] for f in plan["features"])
    assert states == ["open"] * (len(tasks) - 1) + ["running"]
    region = shape(own.client.get("/jobs/half").json()["inputs"]["region"])
    assert union_all([shape(f["geometry"]) for f in plan["features"]]).buffer(1e-7).contains(region)


def test_the_reason_of_a_failure_is_stated_without_paths(own: Front) -> None:
    scene.accepted(own.settings, "crop", "faulty")
    ledger = open_ledger(own.settings)
    key = ledger.tiles("faulty")[0].tile_key
    assert ledger.claim_tile("faulty", key, "w", 60)
    ledger.fail_tile("faulty", key, "w", f"{own.settings.home.absolute()}/x.tif cannot be read")
    (found,) = [f for f in own.client.get("/jobs/faulty/plan").json()["features"] if f["id"] == key]
    assert found["properties"]["attempts"] == 1
    assert "cannot be read" in found["properties"]["reason"]
    assert str(own.settings.home.parent) not in found["properties"]["reason"]


def test_a_plan_is_given_in_pages(client: httpx.Client) -> None:
    whole = [f["id"] for f in client.get("/jobs/crop1/plan").json()["features"]]
    seen, url = [], "/jobs/crop1/plan?limit=2"
    while url:
        page = client.get(url).json()
        assert len(page["features"]) <= 2
        seen += [f["id"] for f in page["features"]]
        url = next((x["href"] for x in page["links"] if x["rel"] == "next"), "")
    assert seen == whole
    assert len(whole) > 2


def test_a_job_that_is_not_planned_has_no_tiles_and_one_that_does_not_exist_no_plan(own: Front) -> None:
    job_id = own.client.post("/processes/crop/execution", json=scene.order()).json()["jobID"]
    assert own.client.get(f"/jobs/{job_id}/plan").json()["features"] == []
    problem_of(own.client.get("/jobs/none/plan"), 404)
    problem_of(own.client.get("/jobs/none/plan?limit=0"), 404)
