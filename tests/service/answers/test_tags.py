"""ETags of JSON documents."""

import httpx
import pytest

from tests.service import scene
from tests.service.conftest import Front
from tests.service.scene import problem_of


@pytest.mark.parametrize("path", ["/jobs", "/jobs/crop1", "/stac/search", "/openapi.json", "/processes/crop"])
def test_a_document_that_has_not_changed_is_not_sent_again(client: httpx.Client, path: str) -> None:
    tag = client.get(path).headers["etag"]
    assert tag.startswith('W/"')
    answer = client.get(path, headers={"If-None-Match": tag})
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
    assert client.head(path, headers={"If-None-Match": tag}).status_code == 304
    problem_of(client.get(path, headers={"If-Match": '"another"'}), 412)


def test_a_tag_changes_with_the_document(own: Front) -> None:
    tag = own.client.get("/jobs").headers["etag"]
    scene.half_done(own.settings, "crop", "going")
    answer = own.client.get("/jobs", headers={"If-None-Match": tag})
    assert (answer.status_code, answer.json()["jobs"][0]["jobID"]) == (200, "going")


def test_refusals_and_streams_have_no_tag(client: httpx.Client) -> None:
    assert "etag" not in client.get("/jobs/no").headers
    assert "etag" not in client.get("/jobs/crop1/events").headers
    assert "etag" not in client.post("/stac/search", json={}).headers
