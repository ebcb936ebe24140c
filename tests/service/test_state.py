from typing import Any

import pytest
from fastapi import FastAPI

from service import errors
from service.state import CurrentItems, CurrentKeys, CurrentSettings, FinishedJob, KnownJob
from tests.service.conftest import Front
from tests.service.scene import problem_of, serving
from workers.queue.items import Items
from workers.queue.ledger import open_ledger


@pytest.fixture
def app(front: Front) -> FastAPI:
    found = FastAPI()
    errors.register(found)
    ledger = open_ledger(front.settings)
    found.state.settings, found.state.ledger, found.state.keys = front.settings, ledger, "keys"
    found.state.items = Items(ledger.engine)
    return found


def test_a_route_receives_what_the_application_holds(app: FastAPI, front: Front) -> None:
    seen: list[Any] = []

    @app.get("/")
    def look(settings: CurrentSettings, items: CurrentItems, keys: CurrentKeys) -> None:
        seen.extend((settings, items, keys))

    with serving(app) as client:
        assert client.get("/").status_code == 200
    assert [seen[0], seen[2]] == [front.settings, "keys"]
    assert seen[1].extents() == {}, "where nobody has said who asks, nothing is seen"
    assert app.state.items.extents()


def test_a_route_receives_the_job_that_its_path_names(app: FastAPI) -> None:
    @app.get("/any/{job_id}")
    def any_job(job: KnownJob) -> str:
        return job.state

    @app.get("/finished/{job_id}")
    def finished(job: FinishedJob) -> str:
        return job.state

    with serving(app) as client:
        assert client.get("/any/running1").json() == "running"
        assert client.get("/finished/crop1").json() == "successful"
        assert problem_of(client.get("/finished/running1"), 404)["title"] == "Job not ready"
        assert problem_of(client.get("/any/nothing"), 404)["title"] == "Unknown job"
