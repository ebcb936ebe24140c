"""gzip: what is compressed, what is not, and what that does to ETags."""

import httpx
import pytest

from service.answers.compression import SMALLEST, route_path

GZIP = {"Accept-Encoding": "gzip"}
PLAIN = {"Accept-Encoding": "identity"}


@pytest.mark.parametrize("path", ["/stac/search", "/openapi.json", "/page/style.css", "/?f=html"])
def test_documents_are_sent_compressed_to_those_who_take_it(client: httpx.Client, path: str) -> None:
    small, plain = client.get(path, headers=GZIP), client.get(path, headers=PLAIN)
    assert small.headers["content-encoding"] == "gzip"
    assert "accept-encoding" in small.headers["vary"].lower()
    assert int(small.headers["content-length"]) < len(plain.content) / 2
    assert "content-encoding" not in plain.headers
    assert small.content == plain.content


def test_a_compressed_answer_has_no_strong_tag_and_is_known_by_its_own(client: httpx.Client) -> None:
    small, plain = (client.get("/page/style.css", headers=h).headers["etag"] for h in (GZIP, PLAIN))
    assert small == f"W/{plain}"
    for tag in (small, plain):
        assert client.get("/page/style.css", headers={**GZIP, "If-None-Match": tag}).status_code == 304


@pytest.mark.parametrize("path", ["/files/crop1/crop.tif", "/files/crop1/crop.json", "/jobs/crop1/preview.png"])
def test_files_and_pictures_are_sent_as_they_are(client: httpx.Client, path: str) -> None:
    answer = client.get(path, headers=GZIP)
    assert "content-encoding" not in answer.headers
    assert not answer.headers.get("etag", "").startswith("W/")


def test_a_range_is_of_the_file_itself(client: httpx.Client) -> None:
    whole = client.get("/files/crop1/crop.json").content
    assert len(whole) > SMALLEST
    part = client.get("/files/crop1/crop.json", headers={**GZIP, "Range": "bytes=5-1499"})
    assert (part.status_code, part.content) == (206, whole[5:1500])


def test_streams_of_events_are_not_held_back(client: httpx.Client) -> None:
    with client.stream("GET", "/jobs/crop1/events", headers=GZIP) as answer:
        assert "content-encoding" not in answer.headers
        assert next(answer.iter_bytes())


def test_the_path_of_a_route_is_below_the_root_path() -> None:
    for root, path in (("", "/files/a"), ("/landcast", "/landcast/files/a"), ("/landcast", "/files/a")):
        assert route_path({"root_path": root, "path": path}) == "/files/a"
