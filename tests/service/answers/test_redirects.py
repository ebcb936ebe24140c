"""Redirects of trailing slashes behind a proxy."""

import httpx

from tests.service.conftest import Front
from tests.service.scene import served

PUBLIC = "https://localhost/landcast"


def test_a_redirect_keeps_the_public_url(front: Front) -> None:
    with served(front.settings.but(public_url=f"{PUBLIC}/")) as client:
        for path in ("/jobs", "/stac", "/stac/collections/crop/items"):
            answer = client.get(f"{path}/?limit=1", headers={"Host": "localhost"})
            assert (answer.status_code, answer.headers["location"]) == (307, f"{PUBLIC}{path}?limit=1")


def test_a_redirect_keeps_the_root_path_of_a_proxy(front: Front) -> None:
    with served(front.settings, prefix="/landcast") as client:
        location = client.get("/landcast/jobs/").headers["location"]
        assert httpx.URL(location).path == "/landcast/jobs"
        assert client.get(location).status_code == 200


def test_a_redirect_without_a_proxy_leads_to_the_service(client: httpx.Client) -> None:
    assert client.get(client.get("/jobs/").headers["location"]).status_code == 200
