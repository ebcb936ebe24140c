"""Result files of a store on object storage over HTTP: streamed, by ranges, without a copy on the service's disk."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from core.settings import Settings
from service.files import stored_response
from service.health import find_troubles
from service.links import COG
from tests.s3_server import URL as STORE
from tests.s3_server import S3Server
from tests.service import scene
from tests.service.scene import problem_of, served
from workers.queue.ledger import open_ledger
from workers.store import object_storage
from workers.store.folder import FileInFolder
from workers.store.open_store import open_store

URL = "/files/crop1/crop.tif"


@pytest.fixture
def settings(archive_folder: Path, tmp_path: Path, redis_url: str, s3: S3Server) -> Settings:
    archive = str(archive_folder / "archives" / "fields.nc")
    found = Settings(home=tmp_path / "home", archive=archive, redis_url=redis_url, tile_size=16)
    scene.finished(found, "crop", "crop1")
    remote = found.but(store=STORE)
    open_store(remote).put_result(found.home / "jobs" / "crop1", "jobs/crop1", lambda: None)
    return remote


@pytest.fixture
def content(settings: Settings) -> bytes:
    return (settings.home / "jobs" / "crop1" / "crop.tif").read_bytes()


@pytest.fixture
def client(settings: Settings) -> Iterator[httpx.Client]:
    with served(settings) as client:
        yield client


def test_a_file_comes_whole_and_head_says_the_same(client: httpx.Client, content: bytes) -> None:
    get, head = client.get(URL), client.head(URL)
    assert (get.content, head.content) == (content, b"")
    for name in ("content-length", "content-type", "etag", "accept-ranges", "last-modified"):
        assert head.headers[name] == get.headers[name]
    assert get.headers["content-type"] == COG
    again = client.get(URL, headers={"If-None-Match": get.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    ("wanted", "part"),
    [
        ("bytes=0-99", slice(0, 100)),
        ("bytes=100-", slice(100, None)),
        ("bytes=-50", slice(-50, None)),
        ("bytes=0-", slice(0, None)),
        ("bytes=0-99999999", slice(0, None)),
    ],
)
def test_a_range_is_given(client: httpx.Client, content: bytes, wanted: str, part: slice) -> None:
    answer = client.get(URL, headers={"Range": wanted})
    assert (answer.status_code, answer.content) == (206, content[part])
    first = part.indices(len(content))[0]
    assert answer.headers["content-range"] == f"bytes {first}-{first + len(answer.content) - 1}/{len(content)}"
    assert client.head(URL, headers={"Range": wanted}).headers["content-length"] == str(len(content)), (
        "GET alone has them"
    )


def test_several_ranges_are_answered_by_the_whole_file(client: httpx.Client, content: bytes) -> None:
    answer = client.get(URL, headers={"Range": "bytes=0-9, 100-109"})
    assert (answer.status_code, answer.content) == (200, content)


def test_wrong_ranges_are_refused(client: httpx.Client, content: bytes) -> None:
    problem_of(client.get(URL, headers={"Range": f"bytes={len(content)}-"}), 416)
    problem_of(client.get(URL, headers={"Range": "bytes=9-3"}), 400)
    assert client.get(URL, headers={"Range": "lines=1"}).status_code == 200, "other units are ignored"


def test_a_range_of_another_version_is_not_given(client: httpx.Client, content: bytes) -> None:
    etag = client.head(URL).headers["etag"]
    for tag, status in ((etag, 206), ('"older"', 200)):
        assert client.get(URL, headers={"Range": "bytes=0-9", "If-Range": tag}).status_code == status


def test_streaming_makes_no_copy_and_a_preview_one(client: httpx.Client, settings: Settings, content: bytes) -> None:
    client.get(URL)
    copies = settings.home / "cache" / "results"
    assert not copies.exists()
    assert client.get("/jobs/crop1/preview.png").content.startswith(b"\x89PNG")
    assert client.get("/jobs/crop1/preview.png?layer=p_crop").status_code == 200
    assert [p.read_bytes() for p in copies.rglob("crop.tif")] == [content]


def test_results_and_unknown_names_are_those_of_the_store(client: httpx.Client) -> None:
    assert set(client.get("/jobs/crop1/results").json()) == {
        "geotiff",
        "item",
        "quicklook",
        "style",
        "definition",
        "legend",
    }
    assert (
        "crop.json, crop.png, crop.qlr, crop.qml, crop.tif"
        in problem_of(client.get("/files/crop1/current"), 404)["detail"]
    )


def test_a_dismissed_job_is_gone_from_the_store(client: httpx.Client, s3: S3Server) -> None:
    assert client.delete("/jobs/crop1").json()["status"] == "dismissed"
    problem_of(client.get(URL), 404)
    assert s3.keys("jobs") == []


def test_a_store_that_is_away_is_said_and_the_service_goes_on(
    settings: Settings, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setattr(object_storage, "TRIES", 1)
    detail = problem_of(client.get(URL), 503)["detail"]
    assert detail == "The store of tiles and results is not available: it does not answer as it should."
    assert problem_of(client.get("/readyz"), 503)["checks"]["store"] == "it does not answer as it should"
    assert client.get("/jobs/crop1").json()["status"] == "successful"


def test_a_store_that_answers_is_ready(settings: Settings) -> None:
    assert find_troubles(open_ledger(settings), settings, None)["store"] == ""


def test_a_file_of_a_folder_is_sent_as_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    path.write_bytes(b"x")
    answer = stored_response(FileInFolder(path=path), kind="image/tiff", method="GET")
    assert type(answer).__name__ == "FileResponse"
