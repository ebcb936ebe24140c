"""`landcast jobs` against a real service."""

import json
from collections.abc import Callable

import pytest

from core.job import JobState
from ingest.io.meter import Spent
from tests.service import scene
from tests.service.conftest import Front
from workers.queue.cost.costs import add_cost
from workers.queue.ledger import open_ledger

Run = Callable[..., str]


def server(own: Front) -> tuple[str, str]:
    return "--server", str(own.client.base_url)


def test_jobs_are_listed_newest_first_and_by_state(own: Front, run: Run) -> None:
    assert run("jobs", "list", *server(own)).strip() == "No jobs yet."
    scene.half_done(own.settings, "crop", "half")
    scene.failed(own.settings, "canopy", "gone", "the archive went away")
    listed = run("jobs", "list", *server(own)).splitlines()
    assert [line.split()[0] for line in listed[1:]] == ["gone", "half"]
    assert "the archive went away" in listed[1]
    found = json.loads(run("jobs", "list", "--status", "failed,dismissed", "--json", *server(own)))
    assert [job["jobID"] for job in found] == ["gone"]
    assert run("jobs", "list", "--process", "ndvi-forecast", *server(own)).strip() == "No such jobs."


def test_a_job_is_shown_with_what_happened(own: Front, run: Run) -> None:
    scene.half_done(own.settings, "crop", "half")
    shown = run("jobs", "show", "half", "--log", *server(own))
    assert "running" in shown
    assert "tile-started" in shown
    whole = json.loads(run("jobs", "show", "half", "--log", "--json", *server(own)))
    assert (whole["jobID"], [e["event"] for e in whole["log"]]) == ("half", ["accepted", "tile-started"])


def test_a_job_is_shown_with_its_cost(own: Front, run: Run) -> None:
    scene.half_done(own.settings, "crop", "half")
    assert "cost: 0.0 s of workers, 0 pixels\n" in run("jobs", "show", "half", *server(own))
    with open_ledger(own.settings).engine.begin() as connection:
        spent = Spent(scene_reads=1200, processing_units=4.5)
        add_cost(connection, "half", seconds=3661.04, pixels=16384, spent=spent)
    shown = run("jobs", "show", "half", *server(own))
    assert "cost: 3,661.0 s of workers, 16,384 pixels, 1,200 scene reads, 4.500 processing units\n" in shown


def test_a_job_is_dismissed_and_a_failed_one_tried_again(own: Front, run: Run) -> None:
    scene.half_done(own.settings, "crop", "half")
    assert run("jobs", "dismiss", "half", *server(own)).strip() == "Job half is dismissed."
    assert open_ledger(own.settings).job("half").state is JobState.DISMISSED
    scene.failed(own.settings, "canopy", "gone", "the archive went away")
    assert run("jobs", "retry", "gone", *server(own)).strip() == "Job gone is running."


@pytest.mark.parametrize("command", ["show", "retry", "dismiss"])
def test_a_job_that_does_not_exist_is_said_in_one_sentence(
    own: Front, refused: Callable[..., str], command: str
) -> None:
    assert "no job 'nobody'" in refused("jobs", command, "nobody", *server(own))


def test_a_wrong_state_is_refused(own: Front, refused: Callable[..., str]) -> None:
    assert "'asleep' is not a valid value of 'status'" in refused("jobs", "list", "--status", "asleep", *server(own))
