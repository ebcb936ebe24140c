"""`/openapi.json` of a running service."""

from typing import Any

import httpx
import pytest
from openapi_spec_validator import validate

from tests.service.conftest import Front
from tests.service.scene import problem_of, served

PUBLIC = "https://localhost/landcast"


def test_every_link_to_the_definition_is_of_the_kind_that_it_names(client: httpx.Client) -> None:
    for page in ("/", "/stac"):
        links = [x for x in client.get(page).json()["links"] if x["rel"] == "service-desc"]
        assert [x["type"][-3:] for x in links] == ["3.1", "3.0"]
        for link in links:
            answer = client.get(link["href"])
            assert answer.headers["content-type"] == link["type"]
            validate(answer.json())
            assert answer.json()["openapi"].startswith(link["type"][-3:])


def test_another_version_is_refused(client: httpx.Client) -> None:
    problem_of(client.get("/openapi.json?version=2.0"), 400)


def test_the_server_is_the_public_url(front: Front) -> None:
    with served(front.settings.but(public_url=f"{PUBLIC}/")) as client:
        assert client.get("/openapi.json").json()["servers"] == [{"url": PUBLIC}]
    with served(front.settings, prefix="/landcast") as client:
        (server,) = client.get("/landcast/openapi.json").json()["servers"]
        assert client.get(f"{server['url']}/healthz").status_code == 200


def test_owslib_reads_processes_jobs_and_the_definition(client: httpx.Client) -> None:
    processes: Any = pytest.importorskip("owslib.ogcapi.processes")
    service = processes.Processes(str(client.base_url))
    assert service.api()["openapi"].startswith("3.0")
    assert {p["id"] for p in service.processes()} >= {"crop", "canopy", "ndvi-forecast"}
    assert "region" in service.process("crop")["inputs"]
