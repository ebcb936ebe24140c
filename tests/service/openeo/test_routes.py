"""openEO before there are jobs: what a client asks first, credentials, validation."""

from collections.abc import Iterator

import httpx
import pytest

from tests.service import scene
from tests.service.access.keyed import make_key
from tests.service.conftest import Front
from tests.service.openeo.test_graph import graph


@pytest.fixture(scope="module")
def keyed(front: Front) -> Iterator[tuple[httpx.Client, str]]:
    """A client of the common service where it needs keys, and a key."""
    settings = front.settings.but(keys="required")
    key = make_key(settings, "who speaks openEO", party="")
    with scene.served(settings) as client:
        yield client, key


def test_the_api_is_found_from_the_root(client: httpx.Client) -> None:
    (version,) = client.get("/.well-known/openeo").json()["versions"]
    assert version["api_version"] == "1.2.0"
    assert client.get(f"{version['url']}/").json()["api_version"] == "1.2.0"


def test_only_what_holds_no_data_needs_no_key(keyed: tuple[httpx.Client, str]) -> None:
    client, _ = keyed
    for path in ("/.well-known/openeo", "/openeo/", "/openeo/file_formats", "/openeo/processes"):
        assert client.get(path).status_code == 200
    for path in ("/openeo/collections", "/openeo/jobs", "/openeo/jobs/a", "/openeo/credentials/oidc", "/openeo/x"):
        assert client.get(path).status_code == 401
    assert client.post("/openeo/validation", json={}).status_code == 401


def test_a_key_as_password_gives_a_token(keyed: tuple[httpx.Client, str]) -> None:
    client, key = keyed
    token = client.get("/openeo/credentials/basic", auth=("anyone", key)).json()["access_token"]
    for text in (f"basic//{token}", token):
        assert client.get("/openeo/jobs", headers={"Authorization": f"Bearer {text}"}).status_code == 200


@pytest.mark.parametrize("header", ["", "Basic", "Basic !", "Basic YTpi", "Basic /w==", "Bearer a", "Basic YQ=="])
def test_other_credentials_are_refused(keyed: tuple[httpx.Client, str], header: str) -> None:
    client, _ = keyed
    found = scene.problem_of(client.get("/openeo/credentials/basic", headers={"Authorization": header}), 403)
    assert found["code"] == "CredentialsInvalid"


def test_a_wrong_token_is_refused(keyed: tuple[httpx.Client, str]) -> None:
    client, _ = keyed
    scene.problem_of(client.get("/openeo/jobs", headers={"Authorization": "Bearer basic//wrong"}), 401)


def test_archives_are_collections(client: httpx.Client) -> None:
    (found,) = client.get("/openeo/collections").json()["collections"]
    assert found["id"] == "default"
    assert found["cube:dimensions"]["t"]["extent"][0].startswith("2021-03-01")
    assert client.get("/openeo/collections/default").json() == found
    refused = scene.problem_of(client.get("/openeo/collections/nowhere"), 404)
    assert (refused["code"], refused["message"]) == ("CollectionNotFound", refused["detail"])


def test_validation_finds_what_is_wrong_and_orders_nothing(client: httpx.Client) -> None:
    def errors(**changes: object) -> list[str]:
        body = {"process_graph": graph(load__id="default", **changes)}
        return [e["code"] for e in client.post("/openeo/validation", json=body).json()["errors"]]

    assert errors() == []
    assert errors(save__format="PNG") == ["FormatUnsupported"]
    assert errors(make__date="soon") == ["InvalidPeriod"]
    assert errors(make__height=3) == ["InvalidOption"]
    assert errors(load__spatial_extent=scene.ELSEWHERE) == ["RegionOutsideArchive"]
    assert client.get("/openeo/jobs").json()["jobs"] == []


def test_a_body_that_is_no_process_is_refused_with_a_code(client: httpx.Client) -> None:
    found = scene.problem_of(client.post("/openeo/validation", json={"graph": 1}), 400)
    assert found["code"] == "RequestInvalid"
