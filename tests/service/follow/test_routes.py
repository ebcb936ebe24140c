"""The log of a job, its estimate, and when its stream answers at once."""

import httpx
import pytest

from tests.service import scene
from tests.service.conftest import Front
from tests.service.scene import problem_of
from workers.queue.ledger import open_ledger


def test_the_log_says_what_happened_to_each_tile_and_why(own: Front) -> None:
    scene.accepted(own.settings, "crop", "logged")
    ledger = open_ledger(own.settings)
    first, second = [t.tile_key for t in ledger.tiles("logged")][:2]
    assert ledger.claim_tile("logged", first, "w", 60)
    ledger.fail_tile("logged", first, "w", f"{own.settings.home.absolute()}/cache/x.tif cannot be read")
    assert ledger.claim_tile("logged", second, "w", 60)
    assert ledger.finish_tile("logged", second, "w", seconds=1.5, pixels=10)
    events = own.client.get("/jobs/logged/log").json()["events"]
    assert [e["event"] for e in events] == ["accepted", "tile-started", "tile-failed", "tile-started", "tile-done"]
    assert events[2]["tile"] == first
    assert "cannot be read" in events[2]["reason"]
    assert str(own.settings.home.parent) not in events[2]["reason"]
    assert (events[4]["seconds"], "reason" in events[4], "tile" in events[0]) == (1.5, False, False)
    assert events[0]["time"].endswith("Z")


def test_the_log_is_given_in_pages(client: httpx.Client) -> None:
    numbers, url = [], "/jobs/crop1/log?limit=5"
    while url:
        page = client.get(url).json()
        numbers += [e["number"] for e in page["events"]]
        url = next((x["href"] for x in page["links"] if x["rel"] == "next"), "")
    assert numbers == list(range(1, 15))


def test_a_job_states_its_stage_and_the_time_that_is_left_once_it_is_known(own: Front) -> None:
    scene.accepted(own.settings, "crop", "timed")
    assert own.client.get("/jobs/timed").json()["stage"] == "waiting"
    ledger = open_ledger(own.settings)
    for task in ledger.tiles("timed")[:2]:
        assert ledger.claim_tile("timed", task.tile_key, "w", 60)
        assert "secondsLeft" not in own.client.get("/jobs/timed").json()
        assert ledger.finish_tile("timed", task.tile_key, "w")
    with ledger.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE job_events SET moment = moment - 100")
    found = own.client.get("/jobs/timed").json()
    assert found["stage"] == "tiles"
    assert 150 < found["secondsLeft"] < 400
    assert found["estimatedCompletion"] > found["updated"]
    assert "stage" not in own.client.delete("/jobs/timed").json()


@pytest.mark.parametrize("what", ["log", "events"])
def test_what_happened_to_an_unknown_job_is_not_found(client: httpx.Client, what: str) -> None:
    problem_of(client.get(f"/jobs/none/{what}"), 404)
    problem_of(client.get(f"/jobs/crop1/{what}", params={"after": -1}), 400)


def test_a_client_that_has_everything_of_an_ended_job_is_sent_nothing(client: httpx.Client) -> None:
    last = client.get("/jobs/crop1/log").json()["events"][-1]["number"]
    assert client.get("/jobs/crop1/events", headers={"Last-Event-ID": str(last)}).status_code == 204
    assert client.get("/jobs/crop1/events", headers={"Last-Event-ID": str(last - 1)}).status_code == 200
