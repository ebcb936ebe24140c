"""Fields over REST: described, estimated, ordered, fetched; what a job without a map answers; who sees what."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.settings import Settings
from service.results import FIELD_OUTPUTS
from tests.service import scene
from tests.service.access.keyed import Keyed, make_key
from tests.service.conftest import Front
from tests.service.scene import problem_of
from tests.workers.fields.jobs import carried_out, collection, crossed, feature, square
from workers.queue.ledger import open_ledger
from workers.queue.uploads.uploads import upload_of

FIELDS = collection([feature(square(5, 5), plot="north", name="N"), feature(square(20, 10), plot="south")])
INPUTS: dict[str, Any] = {"fields": FIELDS, "id": "plot", "products": ["ndvi-forecast"], "dates": ["2022-11-15"]}
WITHOUT_MAP = (
    "layers",
    "preview.png",
    "plan",
    "tilejson.json",
    "wmts",
    "tiles/ndvi/1/1/1.png",
    "point?lon=10&lat=48",
    "point/history?lon=10&lat=48",
)


def post(client: httpx.Client, what: str = "execution", **inputs: Any) -> httpx.Response:
    body = json.dumps({"inputs": {**INPUTS, **inputs}})  # with NaN, which httpx refuses
    return client.post(f"/processes/fields/{what}", content=body, headers={"Content-Type": "application/json"})


def finished(front: Front, **further: Any) -> str:
    """Order fields over REST and carry the order out; return the id of the job."""
    answer = front.client.post("/processes/fields/execution", json={"inputs": INPUTS, **further})
    assert answer.status_code == 201, answer.text
    job_id: str = answer.json()["jobID"]
    assert carried_out(front.settings, open_ledger(front.settings).job(job_id)).message == "done"
    return job_id


def test_the_process_is_listed_and_described(client: httpx.Client) -> None:
    listed = client.get("/processes").json()["processes"]
    (summary,) = [p for p in listed if p["id"] == "fields"]
    described = client.get(summary["links"][0]["href"]).json()
    assert {**described, **summary} == described
    assert described["inputs"]["fields"]["minOccurs"] == 1
    assert set(described["outputs"]) == {o.id for o in FIELD_OUTPUTS}


def test_an_order_becomes_a_job_with_tables(own: Front) -> None:
    job_id = finished(own)
    job = own.client.get(f"/jobs/{job_id}").json()
    assert (job["status"], job["processID"], job["subject"], job["complete"]) == (
        "successful",
        "fields",
        "issued 2022-10-23",
        True,
    )
    assert job["inputs"]["fields"] == {**job["inputs"]["fields"], "count": 2}
    assert {n: job["inputs"][n] for n in ("id", "products", "dates")} == {
        n: INPUTS[n] for n in ("id", "products", "dates")
    }
    assert "archive" not in job["inputs"]
    assert "item" not in {link["rel"] for link in job["links"]}
    results = own.client.get(f"/jobs/{job_id}/results").json()
    assert list(results) == [o.id for o in FIELD_OUTPUTS]
    for output in FIELD_OUTPUTS:
        file = own.client.get(results[output.id]["href"])
        assert file.status_code == 200
        assert file.headers["content-type"] == output.kind == results[output.id]["type"]
    lines = own.client.get(results["csv"]["href"]).text.splitlines()
    assert lines[0].startswith("plot,name,date,ndvi_mean")
    assert {line.split(",")[0] for line in lines[1:]} == {"north", "south"}
    found = own.client.get(results["geojson"]["href"]).json()
    assert found["features"][0]["properties"]["plot"] == "north"
    assert own.client.get(results["csv"]["href"], headers={"Range": "bytes=0-3"}).text == "plot"


def test_the_outputs_that_an_order_names_are_those_of_its_results(own: Front) -> None:
    job_id = finished(own, outputs={"geojson": {}, "csv": {}})
    assert set(own.client.get(f"/jobs/{job_id}/results").json()) == {"csv", "geojson"}
    problem_of(own.client.get(f"/files/{job_id}/fields.gpkg"), 404)
    body = {"inputs": INPUTS, "outputs": {"geotiff": {}}}
    found = problem_of(own.client.post("/processes/fields/execution", json=body), 400)
    assert "'fields' has csv, geoparquet, geojson" in found["detail"]


def test_paths_of_maps_answer_one_sentence(own: Front) -> None:
    job_id = finished(own)
    waiting = post(own.client).json()["jobID"]
    for path in WITHOUT_MAP:
        for own_id in (job_id, waiting):
            found = problem_of(own.client.get(f"/jobs/{own_id}/{path}"), 404)
            assert found["detail"].startswith(f"Job '{own_id}' answers fields with a table and has no map: GET /jobs/")
    assert "no map" in problem_of(own.client.post(f"/jobs/{job_id}/statistics", json=FIELDS), 404)["detail"]
    problem_of(own.client.get(f"/stac/collections/fields/items/{job_id}"), 404)
    assert own.client.get("/stac/search").json()["numberMatched"] == 0
    for path in ("log", "results"):
        assert own.client.get(f"/jobs/{job_id}/{path}").status_code == 200
    shared = own.client.post(f"/jobs/{job_id}/share", json={}).json()
    assert {link["rel"] for link in shared["links"]} == {"enclosure"}
    assert own.client.get("/jobs?processID=fields").json()["jobs"][1]["jobID"] == job_id


def test_fields_that_cannot_be_measured_have_lines_and_jobs_that_fail_can_be_retried(own: Front) -> None:
    mixed = collection([feature(crossed(), plot="x"), feature(square(5, 5), plot="y"), feature(None, plot="z")])
    job_id = post(own.client, fields=mixed).json()["jobID"]
    carried_out(own.settings, open_ledger(own.settings).job(job_id))
    text = own.client.get(f"/files/{job_id}/fields.csv").text
    assert "not measured: its outline crosses itself" in text
    assert own.client.post(f"/jobs/{job_id}/retry").json()["status"] == "successful"
    lost = post(own.client).json()["jobID"]
    with open_ledger(own.settings).engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM job_uploads")
    carried_out(own.settings, open_ledger(own.settings).job(lost))
    failed = own.client.get(f"/jobs/{lost}").json()
    assert (failed["status"], failed.get("gaps")) == ("failed", None)
    assert own.client.post(f"/jobs/{lost}/retry").json()["status"] == "running"


@pytest.mark.parametrize(
    ("inputs", "part"),
    [
        ({"fields": collection([])}, "it holds no features"),
        ({"fields": collection([feature(crossed(), plot=1)])}, "crosses itself"),
        ({"fields": collection([feature({"type": "Point", "coordinates": [10, 48]}, plot=1)])}, "it is a Point"),
        ({"fields": collection([feature(square(5, 5))] * 10_001)}, "10,000 fields at most"),
        ({"fields": {"href": "https://example.org/f.json"}}, "by reference"),
        ({"fields": square(5, 5)}, "send a GeoJSON FeatureCollection"),
        ({"archive": "/etc"}, "archive"),
        ({"id": "owner"}, "plot, name"),
        ({"region": square(5, 5)}, "the inputs are"),
    ],
)
def test_an_order_that_is_wrong_is_refused_alike_by_estimate_and_execution(
    own: Front, inputs: dict[str, Any], part: str
) -> None:
    for what in ("estimate", "execution"):
        assert part in problem_of(post(own.client, what, **inputs), 400)["detail"]
    assert open_ledger(own.settings).count() == 0


def test_a_body_of_more_than_4_mib_is_refused(own: Front) -> None:
    large = collection([feature(square(5, 5), note="x" * 4_200_000)])
    assert "4 MiB" in problem_of(post(own.client, fields=large), 413)["detail"]


def test_nan_is_no_coordinate_and_no_id(own: Front) -> None:
    broken = {"type": "Polygon", "coordinates": [[[float("nan"), 48], [10, 48.1], [10.1, 48.1], [10, 48]]]}
    answer = post(own.client, fields=collection([feature(broken), feature(square(5, 5), plot=float("nan"))]))
    assert answer.status_code == 201, answer.text


def test_an_estimate_orders_nothing(own: Front) -> None:
    found = post(own.client, "estimate").json()
    assert (found["tiles"], found["scenes"]) == (1, 41)
    assert own.client.get("/jobs").json()["jobs"] == []


def test_dismissal_removes_files_and_fields(own: Front) -> None:
    job_id = finished(own)
    waiting = post(own.client).json()["jobID"]
    for each in (job_id, waiting):
        assert own.client.delete(f"/jobs/{each}").json()["status"] == "dismissed"
        assert upload_of(open_ledger(own.settings).engine, each) is None
    problem_of(own.client.get(f"/files/{job_id}/fields.csv"), 404)
    assert not (own.settings.home / "jobs" / job_id).exists()


@pytest.fixture
def guarded(archive_folder: Path, redis_url: str, tmp_path: Path) -> Iterator[Keyed]:
    archive = str(archive_folder / "archives" / "fields.nc")
    settings = Settings(home=tmp_path / "home", archive=archive, redis_url=redis_url, keys="required")
    keys = {n: make_key(settings, n, s) for n, s in (("farm", "read,order"), ("forest", "read,order"), ("eye", "read"))}
    with scene.served(settings) as client:
        yield Keyed(settings, client, keys)


def test_fields_and_answers_belong_to_the_party_that_sent_them(guarded: Keyed) -> None:
    body = {"inputs": INPUTS}
    assert guarded.ask("eye", "POST", "/processes/fields/execution", json=body).status_code == 403
    assert guarded.ask("eye", "POST", "/processes/fields/estimate", json=body).status_code == 200
    assert guarded.client.get("/processes/fields").status_code == 401
    job_id = guarded.ask("farm", "POST", "/processes/fields/execution", json=body).json()["jobID"]
    carried_out(guarded.settings, open_ledger(guarded.settings).job(job_id))
    for path in (f"/jobs/{job_id}", f"/jobs/{job_id}/results", f"/files/{job_id}/fields.csv", f"/jobs/{job_id}/log"):
        assert guarded.ask("farm", "GET", path).status_code == 200
        assert guarded.ask("forest", "GET", path).status_code == 404
    assert guarded.ask("forest", "GET", f"/jobs/{job_id}/layers").json()["title"] == "Unknown job"
    assert guarded.ask("forest", "DELETE", f"/jobs/{job_id}").status_code == 404
