"""openEO jobs, from creation to deletion; and the real client of openEO, with the sample archive and a worker."""

from pathlib import Path
from typing import Any

import httpx
import pytest
import rasterio

from core.job import JobState
from core.settings import Settings
from service.process.supervisor import Supervisor
from tests.service import scene
from tests.service.access.keyed import make_key
from tests.service.conftest import Front
from tests.service.openeo.test_graph import graph
from workers.queue.ledger import open_ledger


def create(client: httpx.Client, headers: dict[str, str] | None = None, **members: Any) -> httpx.Response:
    body = {"process": {"process_graph": graph(load__id="default")}, "title": "Stand", **members}
    return client.post("/openeo/jobs", json=body, headers=headers)


def test_a_job_waits_until_it_is_started(own: Front) -> None:
    client = own.client
    created = create(client)
    assert created.status_code == 201
    job_id = created.headers["openeo-identifier"]
    here = f"/openeo/jobs/{job_id}"
    assert created.headers["location"].endswith(here)
    found = client.get(here).json()
    assert (found["status"], found["title"]) == ("created", "Stand")
    assert found["process"]["process_graph"] == graph(load__id="default")
    assert client.get(f"{here}/logs").json()["logs"] == []
    refused = scene.problem_of(client.get(f"{here}/results"), 404)
    assert (refused["code"], "is not started" in refused["detail"]) == ("JobNotFinished", True)
    scene.problem_of(client.get(f"/jobs/{job_id}"), 404)

    assert client.post(f"{here}/results").status_code == 202
    assert client.post(f"{here}/results").status_code == 202
    assert client.get(here).json()["status"] == "queued"
    assert client.get(f"/jobs/{job_id}").json()["title"] == "Stand"
    assert [j["status"] for j in client.get("/openeo/jobs").json()["jobs"]] == ["queued"]
    assert client.get(f"{here}/logs").json()["logs"][0]["message"] == "accepted"
    assert scene.problem_of(client.get(f"{here}/results"), 404)["code"] == "JobNotFinished"

    scene.end(own.settings, job_id)
    assert client.get(here).json()["status"] == "finished"
    assert {line["level"] for line in client.get(f"{here}/logs").json()["logs"]} == {"info"}
    assets = client.get(f"{here}/results").json()["assets"]
    assert client.get(assets["canopy.tif"]["href"]).status_code == 200
    assert client.delete(f"{here}/results").status_code == 204
    assert client.get(here).json()["status"] == "finished"
    assert client.delete(here).status_code == 204
    scene.problem_of(client.get(here), 404)
    assert client.get(f"/jobs/{job_id}").json()["status"] == "dismissed"


def test_a_stopped_job_is_not_started_again_and_a_failed_one_is(own: Front) -> None:
    client = own.client
    stopped, failing = (create(client).headers["openeo-identifier"] for _ in range(2))
    for job_id in (stopped, failing):
        client.post(f"/openeo/jobs/{job_id}/results")
    assert client.delete(f"/openeo/jobs/{stopped}/results").status_code == 204
    assert client.get(f"/openeo/jobs/{stopped}").json()["status"] == "canceled"
    assert scene.problem_of(client.post(f"/openeo/jobs/{stopped}/results"), 400)["code"] == "JobCanceled"
    open_ledger(own.settings).close_job(failing, JobState.FAILED, "The archive was away.")
    assert client.get(f"/openeo/jobs/{failing}").json()["status"] == "error"
    assert client.post(f"/openeo/jobs/{failing}/results").status_code == 202
    assert client.get(f"/openeo/jobs/{failing}").json()["status"] in ("queued", "running")


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"process": {}}, "ProcessGraphInvalid"),
        ({"process": 5}, "RequestInvalid"),
        ({"plan": "gold"}, "RequestInvalid"),
        ({"budget": 5}, "RequestInvalid"),
        ({"title": "x" * 81}, "RequestInvalid"),
        ({"title": "two\nlines"}, "InvalidOption"),
        ({"job_options": {}}, "RequestInvalid"),
        ({"process": {"process_graph": graph(load__id="/etc/passwd")}}, "UnknownArchive"),
    ],
)
def test_a_wrong_job_is_refused_with_a_code(client: httpx.Client, members: dict[str, Any], code: str) -> None:
    found = scene.problem_of(create(client, **members), 400)
    assert found["code"] in (code, "CollectionNotFound" if code == "UnknownArchive" else code)
    assert found["message"] == found["detail"]


def test_a_party_does_not_see_or_start_jobs_of_another(front: Front) -> None:
    settings = front.settings.but(keys="required")
    ours, theirs = (
        {"Authorization": f"Bearer basic//{make_key(settings, f'openEO of {party}', party=party)}"}
        for party in ("ours", "theirs")
    )
    with scene.served(settings) as client:
        here = f"/openeo/jobs/{create(client, ours).headers['openeo-identifier']}"
        assert client.get(here, headers=ours).status_code == 200
        assert client.get("/openeo/jobs", headers=theirs).json()["jobs"] == []
        scene.problem_of(client.get(here, headers=theirs), 404)
        scene.problem_of(client.post(f"{here}/results", headers=theirs), 404)
        scene.problem_of(client.delete(here, headers=theirs), 404)
        assert client.delete(here, headers=ours).status_code == 204


def test_files_of_a_result_open_without_a_token_for_a_day(own: Front) -> None:
    settings = own.settings.but(keys="required")
    ours = {"Authorization": f"Bearer basic//{make_key(settings, 'whose files open', party='ours')}"}
    with scene.served(settings) as client:
        here = f"/openeo/jobs/{create(client, ours).headers['openeo-identifier']}"
        assert client.post(f"{here}/results", headers=ours).status_code == 202
        scene.end(settings, here.rsplit("/", 1)[-1])
        asset = client.get(f"{here}/results", headers=ours).json()["assets"]["canopy.tif"]
        assert client.get(asset["href"]).status_code == 200
        assert client.get(asset["href"].partition("?")[0]).status_code == 401
        assert client.get(f"{here}/results").status_code == 401


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_the_client_of_openeo_makes_a_canopy_map(sample_home: Path, tmp_path: Path) -> None:
    openeo: Any = pytest.importorskip("openeo")
    settings = Settings(home=sample_home, keys="required")
    key = make_key(settings, "the client of openEO", party="openeo")
    with Supervisor(settings) as supervisor:
        connection = openeo.connect(supervisor.url)
        connection.authenticate_basic("anyone", key)
        extent = {"west": 10.434, "south": 50.566, "east": 10.436, "north": 50.567}
        cube = connection.load_collection("sample", spatial_extent=extent, temporal_extent=["2021-03-01", "2022-10-01"])
        cube = cube.process("landcast_canopy", data=cube, date="2022-09-30").save_result("GTiff")
        assert connection.validate_process_graph(cube) == []
        job = cube.create_job(title="Stand")
        assert job.status() == "created"
        job.start_and_wait(print=lambda text: None, max_poll_interval=2)
        files = job.get_results().download_files(tmp_path)
        assert [j["id"] for j in connection.list_jobs()] == [job.job_id]
        job.delete()
        assert connection.list_jobs() == []
    (raster,) = (path for path in files if path.suffix == ".tif")
    with rasterio.open(raster) as found:
        assert found.descriptions[0] == "class"
        assert set(found.read(1).ravel().tolist()) <= {0, 1, 2, 255}
