"""Following jobs: states, progress, pages of the list, results, dismissal."""

import json
from typing import Any

import httpx
import pytest
from starlette.concurrency import anyio

from ingest.io.meter import Spent
from tests.service import scene
from tests.service.conftest import Front
from tests.service.scene import order, problem_of
from workers.queue.cost.costs import add_cost
from workers.queue.ledger import open_ledger


def test_jobs_are_listed_newest_first(client: httpx.Client) -> None:
    jobs = client.get("/jobs").json()["jobs"]
    assert [j["jobID"] for j in jobs] == ["running1", "canopy1", "failed1", "forecast1", "crop1"]
    assert all(j["type"] == "process" for j in jobs)


def test_the_list_is_given_in_pages(client: httpx.Client) -> None:
    seen, url = [], "/jobs?limit=2"
    while url:
        page = client.get(url).json()
        seen += [j["jobID"] for j in page["jobs"]]
        url = next((x["href"] for x in page["links"] if x["rel"] == "next"), "")
    assert seen == ["running1", "canopy1", "failed1", "forecast1", "crop1"]
    last = client.get("/jobs?limit=2&offset=4").json()
    assert [x["rel"] for x in last["links"]] == ["self", "prev"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("status=failed", ["failed1"]),
        ("status=failed,running", ["running1", "failed1"]),
        ("status=failed&status=running", ["running1", "failed1"]),
        ("processID=canopy", ["canopy1", "failed1"]),
        ("processID=canopy&status=successful", ["canopy1"]),
        ("processID=gold", []),
        ("datetime=2020-01-01T00:00:00Z/..", ["running1", "canopy1", "failed1", "forecast1", "crop1"]),
        ("datetime=../2020-01-01T00:00:00Z", []),
        ("type=process&processID=crop", ["running1", "crop1"]),
        ("minDuration=0", ["running1", "canopy1", "failed1", "forecast1", "crop1"]),
        ("maxDuration=86400&status=successful", ["canopy1", "forecast1", "crop1"]),
        ("minDuration=86400", []),
        ("limit=100000", ["running1", "canopy1", "failed1", "forecast1", "crop1"]),
    ],
)
def test_the_list_is_filtered(client: httpx.Client, query: str, expected: list[str]) -> None:
    assert [j["jobID"] for j in client.get(f"/jobs?{query}").json()["jobs"]] == expected


def test_a_list_of_jobs_waits_for_one_thread_alone(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, run_sync = [], anyio.to_thread.run_sync

    async def counted(work: Any, *arguments: Any, **options: Any) -> Any:
        asked.append(work)
        return await run_sync(work, *arguments, **options)

    monkeypatch.setattr(anyio.to_thread, "run_sync", counted)
    client.get("/jobs").raise_for_status()
    assert len(asked) == 1, "where many clients ask at once, each wait for a thread takes longer than all else"


def test_pages_keep_the_filter(client: httpx.Client) -> None:
    time = "datetime=2020-01-01T00:00:00%2B02:00/..&minDuration=0&type=process"
    seen, url = [], f"/jobs?limit=1&status=successful&status=running&{time}"
    while url:
        page = client.get(url).json()
        seen += [j["jobID"] for j in page["jobs"]]
        url = next((x["href"] for x in page["links"] if x["rel"] == "next"), "")
    assert seen == ["running1", "canopy1", "forecast1", "crop1"]


@pytest.mark.parametrize(
    "query",
    [
        "status=done",
        "datetime=2024-01-01",
        "limit=0",
        "status=",
        "type=service",
        "minDuration=-1",
        "maxDuration=inf",
        "minDuration=nan",
    ],
)
def test_a_filter_that_is_none_is_refused(client: httpx.Client, query: str) -> None:
    problem_of(client.get(f"/jobs?{query}"), 400)


def test_a_running_job_says_how_far_it_is(client: httpx.Client) -> None:
    info = client.get("/jobs/running1").json()
    assert info["status"] == "running"
    assert info["tiles"] == 6
    assert info["progress"] == round(45 / 6)
    assert info["message"] == "0 of 6 tiles"
    assert info["created"] <= info["started"] <= info["updated"]
    assert "finished" not in info


def test_a_job_with_a_gap_says_where_and_why_and_a_retry_keeps_its_map(own: Front) -> None:
    ledger = open_ledger(own.settings)
    scene.finished(own.settings, "crop", "gappy1")
    with ledger.engine.begin() as connection:
        first = "SELECT min(tile_key) FROM tiles WHERE job_id = 'gappy1'"
        change = f"UPDATE tiles SET state = 'failed', error = 'its worker died' WHERE tile_key = ({first})"
        connection.exec_driver_sql(change)
    info = own.client.get("/jobs/gappy1").json()
    assert (info["status"], info["complete"], info["tilesFailed"]) == ("successful", False, 1)
    (gap,) = info["gaps"]
    assert (gap["geometry"]["type"], gap["properties"]["reason"]) == ("Polygon", "its worker died")
    before = own.client.get("/files/gappy1/crop.tif").content
    answer = own.client.post("/jobs/gappy1/retry")
    assert (answer.status_code, answer.json()["status"]) == (202, "running")
    again = own.client.get("/jobs/gappy1").json()
    assert "finished" not in again
    assert own.client.get("/files/gappy1/crop.tif").content == before
    assert "geotiff" in own.client.get("/jobs/gappy1/results").json()
    assert own.client.post("/jobs/gappy1/retry").status_code == 202
    assert [t.state for t in ledger.tiles("gappy1")].count("open") == 1


def test_a_complete_job_has_no_gaps_and_nothing_to_retry(own: Front) -> None:
    scene.finished(own.settings, "crop", "whole1")
    info = own.client.get("/jobs/whole1").json()
    assert (info["complete"], "gaps" in info) == (True, False)
    assert own.client.post("/jobs/whole1/retry").json()["status"] == "successful"
    problem_of(own.client.post("/jobs/none/retry"), 404)


def test_a_dismissed_job_cannot_be_tried_again(own: Front) -> None:
    scene.finished(own.settings, "crop", "gone1")
    assert own.client.delete("/jobs/gone1").json()["status"] == "dismissed"
    found = problem_of(own.client.post("/jobs/gone1/retry"), 409)
    assert found["detail"] == "Job 'gone1' was dismissed and cannot be tried again; order it anew."
    assert own.client.get("/jobs/gone1").json()["status"] == "dismissed"


def test_all_or_nothing_is_an_input_that_comes_back(own: Front) -> None:
    first = own.client.post("/processes/crop/execution", json=order(fail_on_gaps=True)).json()
    assert own.client.get(f"/jobs/{first['jobID']}").json()["inputs"]["fail_on_gaps"] is True
    problem_of(own.client.post("/processes/crop/execution", json=order(fail_on_gaps="perhaps")), 400)


def test_a_title_comes_back_with_place_and_days_in_the_list(own: Front) -> None:
    body = order(title="  Nordacker <b>7</b> ", period="2021-03-01/2022-06-30")
    first = own.client.post("/processes/crop/execution", json=body).json()
    [listed] = own.client.get("/jobs").json()["jobs"]
    for job in (first, listed, own.client.get(f"/jobs/{first['jobID']}").json()):
        assert job["title"] == "Nordacker <b>7</b>"
        assert job["subject"] == "2021-03-01 to 2022-06-30"
        assert job["place"] == pytest.approx([10.34385, 48.02402], abs=1e-5)
    assert own.client.get(f"/jobs/{first['jobID']}").json()["inputs"]["title"] == "Nordacker <b>7</b>"


@pytest.mark.parametrize("title", ["a" * 81, "two\nlines", 7, ["a"]])
def test_a_title_is_one_short_line(client: httpx.Client, title: object) -> None:
    found = problem_of(client.post("/processes/crop/estimate", json=order(title=title)), 400)
    assert "one line of text, 80 characters at most" in found["detail"]


def test_priority_and_limit_are_inputs_that_come_back(own: Front) -> None:
    first = own.client.post("/processes/crop/execution", json=order(priority="high", max_seconds=60)).json()
    inputs = own.client.get(f"/jobs/{first['jobID']}").json()["inputs"]
    assert (inputs["priority"], inputs["max_cost"]) == ("high", {"seconds": 60})
    plain = own.client.post("/processes/crop/execution", json=order(priority="normal")).json()
    inputs = own.client.get(f"/jobs/{plain['jobID']}").json()["inputs"]
    assert not {"priority", "max_cost", "max_seconds"} & set(inputs)


@pytest.mark.parametrize(
    ("wrong", "part"),
    [
        ({"priority": "urgent"}, "low, normal, high"),
        ({"max_seconds": 0}, "a number of seconds of workers above 0 and below 1e+10"),
        ({"max_seconds": "a lot"}, "'a lot' is not a valid value of 'max_seconds'"),
        ({"max_seconds": True}, "above 0"),
        ({"max_cost": 60}, "it is an object of limits"),
        ({"max_cost": {}}, "of seconds, pixels, scene_reads, read_bytes, processing_units"),
        ({"max_cost": ["seconds"]}, "it is an object of limits"),
        ({"max_cost": {"euros": 5}}, "'euros' is not a valid value of 'max_cost': the parts of a cost are seconds,"),
        ({"max_cost": {"pixels": 0}}, "'max_cost.pixels': it is a number of pixels above 0 and below 1e+15"),
        ({"max_cost": {"pixels": -3}}, "above 0"),
        ({"max_cost": {"pixels": 10**300}}, "below 1e+15"),
        ({"max_cost": {"seconds": None}}, "'max_cost.seconds'"),
        ({"max_cost": {"processing_units": "5"}}, "a number of processing units"),
        ({"max_cost": {"seconds": 5}, "max_seconds": 5}, "give one of the two"),
    ],
)
def test_a_priority_or_limit_that_is_none_is_refused(own: Front, wrong: dict[str, object], part: str) -> None:
    found = problem_of(own.client.post("/processes/crop/execution", json=order(**wrong)), 400)
    assert part in found["detail"]
    assert found["detail"].count(". ") == 0


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_a_limit_that_is_no_number_is_refused(own: Front, number: str) -> None:
    body = json.dumps(order(max_cost={"seconds": 7})).replace(": 7", f": {number}")
    headers = {"Content-Type": "application/json"}
    problem_of(own.client.post("/processes/crop/execution", content=body, headers=headers), 400)


def test_a_limit_may_be_given_in_parts(own: Front) -> None:
    given = {"max_seconds": 60, "max_cost": {"processing_units": 2.5, "pixels": 10**6}}
    found = own.client.post("/processes/crop/execution", json=order(**given)).json()
    inputs = own.client.get(f"/jobs/{found['jobID']}").json()["inputs"]
    assert inputs["max_cost"] == {"seconds": 60, "pixels": 10**6, "processing_units": 2.5}
    assert own.client.post("/processes/crop/execution", json={"inputs": inputs}).status_code == 201


def test_a_job_says_what_it_cost(own: Front) -> None:
    scene.half_done(own.settings, "crop", "half")
    nothing = {"seconds": 0, "pixels": 0, "sceneReads": 0, "readBytes": 0, "processingUnits": 0}
    assert own.client.get("/jobs/half").json()["cost"] == nothing
    ledger = open_ledger(own.settings)
    with ledger.engine.begin() as connection:
        spent = Spent(scene_reads=3, read_bytes=2000, processing_units=0.12345)
        add_cost(connection, "half", seconds=12.345, pixels=100, spent=spent)
    assert own.client.get("/jobs/half").json()["cost"] == {
        "seconds": 12.3,
        "pixels": 100,
        "sceneReads": 3,
        "readBytes": 2000,
        "processingUnits": 0.123,
    }


def test_the_inputs_of_a_job_order_the_same_again(own: Front) -> None:
    body = order(period="2021-03-01/2022-06-30")
    first = own.client.post("/processes/crop/execution", json=body).json()
    inputs = own.client.get(f"/jobs/{first['jobID']}").json()["inputs"]
    assert "archive" not in inputs
    again = own.client.post("/processes/crop/execution", json={"inputs": inputs}).json()
    assert open_ledger(own.settings).job(again["jobID"]).order == open_ledger(own.settings).job(first["jobID"]).order


def test_results_link_to_files_that_are_there(client: httpx.Client) -> None:
    results = client.get("/jobs/forecast1/results").json()
    assert results.keys() == {"geotiff", "item", "quicklook", "plot", "style", "definition"}
    for result in results.values():
        head = client.head(result["href"])
        assert head.status_code == 200
        assert head.headers["content-type"] == result["type"]


def test_a_finished_job_links_to_its_results_and_its_item(client: httpx.Client) -> None:
    links = {x["rel"]: x["href"] for x in client.get("/jobs/crop1").json()["links"]}
    assert client.get(links["http://www.opengis.net/def/rel/ogc/1.0/results"]).status_code == 200
    assert client.get(links["item"]).json()["id"] == "crop1"


def test_results_of_an_unfinished_job_are_not_ready(client: httpx.Client) -> None:
    found = problem_of(client.get("/jobs/running1/results"), 404)
    assert found["type"] == "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/result-not-ready"


def test_results_of_a_failed_job_say_why(client: httpx.Client) -> None:
    assert "no clear observation" in problem_of(client.get("/jobs/failed1/results"), 500)["detail"]


@pytest.mark.parametrize("path", ["/jobs/no", "/jobs/no/results", "/jobs/no/layers", "/jobs/no/preview.png"])
def test_an_unknown_job_is_not_found(client: httpx.Client, path: str) -> None:
    assert problem_of(client.get(path), 404)["type"].endswith("no-such-job")


def test_a_dismissed_job_stops(own: Front) -> None:
    scene.half_done(own.settings, "crop", "going")
    assert own.client.delete("/jobs/going").json()["status"] == "dismissed"
    assert own.client.get("/jobs/going").json()["status"] == "dismissed"
    problem_of(own.client.get("/jobs/going/results"), 404)


def test_dismissing_a_finished_job_withdraws_its_files_and_item(own: Front) -> None:
    scene.finished(own.settings, "crop", "old")
    href = own.client.get("/jobs/old/results").json()["geotiff"]["href"]
    assert own.client.delete("/jobs/old").status_code == 200
    problem_of(own.client.get(href), 404)
    assert own.client.get("/stac/search").json()["features"] == []
    assert not (own.settings.home / "jobs" / "old").exists()


def test_an_unknown_job_cannot_be_dismissed(client: httpx.Client) -> None:
    problem_of(client.delete("/jobs/no"), 404)


def test_a_job_states_what_its_archive_was_taken_for_without_its_path(own: Front) -> None:
    job = own.client.post("/processes/crop/execution", json=order(period="2021-03-01/2022-06-30")).json()
    lines = own.client.get(f"/jobs/{job['jobID']}").json()["input"]
    assert lines[0].startswith("fields.nc: cube with")
    assert any(line.startswith("bands: B04, B08") for line in lines)
    assert any(line.startswith("Note: No cloud mask was found") for line in lines)
    assert str(own.settings.home.parent) not in "".join(lines)
    assert "input" not in own.client.get("/jobs").json()["jobs"][0]


@pytest.mark.parametrize("name", ["state", "process", "Status", "f", "page"])
def test_a_parameter_that_filters_nothing_is_refused(client: httpx.Client, name: str) -> None:
    found = problem_of(client.get("/jobs", params={name: "running"}), 400)
    assert f"'{name}'" in found["detail"]
    assert "status, processID" in found["detail"]
