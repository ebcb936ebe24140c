"""Result files over HTTP, as GDAL, QGIS and download managers ask for them."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from service.links import COG
from tests.service import scene
from tests.service.conftest import Front
from tests.service.scene import problem_of
from workers.queue.ledger import open_ledger

URL = "/files/crop1/crop.tif"


@pytest.fixture
def content(front: Front) -> bytes:
    return (front.settings.home / "jobs" / "crop1" / "crop.tif").read_bytes()


def test_a_file_comes_whole_with_its_kind_and_tag(client: httpx.Client, content: bytes) -> None:
    answer = client.get(URL)
    assert answer.content == content
    assert answer.headers["content-type"] == COG
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["etag"].startswith('"')


def test_head_says_what_get_would(client: httpx.Client, content: bytes) -> None:
    head, get = client.head(URL), client.get(URL)
    assert head.content == b""
    for name in ("content-length", "content-type", "etag", "accept-ranges", "last-modified"):
        assert head.headers[name] == get.headers[name]
    assert int(head.headers["content-length"]) == len(content)


@pytest.mark.parametrize(
    ("wanted", "part"),
    [("bytes=0-99", slice(0, 100)), ("bytes=100-", slice(100, None)), ("bytes=-50", slice(-50, None))],
)
def test_a_range_is_given(client: httpx.Client, content: bytes, wanted: str, part: slice) -> None:
    answer = client.get(URL, headers={"Range": wanted})
    assert answer.status_code == 206
    assert answer.content == content[part]
    first = part.indices(len(content))[0]
    assert answer.headers["content-range"] == f"bytes {first}-{first + len(answer.content) - 1}/{len(content)}"


def test_several_ranges_are_given_at_once(client: httpx.Client, content: bytes) -> None:
    answer = client.get(URL, headers={"Range": "bytes=0-9, 100-109"})
    assert answer.status_code == 206
    assert content[:10] in answer.content
    assert content[100:110] in answer.content


def test_a_range_behind_the_end_is_refused(client: httpx.Client, content: bytes) -> None:
    answer = client.get(URL, headers={"Range": f"bytes={len(content)}-"})
    problem_of(answer, 416)
    assert answer.headers["content-range"] == f"bytes */{len(content)}"


@pytest.mark.parametrize("wanted", ["bytes=", "bytes=-", f"bytes=0-{9:099d}9", "bytes=9-5", "bytes=a-b"])
def test_an_unreadable_range_is_refused(client: httpx.Client, wanted: str) -> None:
    problem_of(client.get(URL, headers={"Range": wanted}), 400)


def test_the_unit_of_a_range_is_understood_in_any_case(client: httpx.Client, content: bytes) -> None:
    answer = client.get(URL, headers={"Range": "Bytes=100-199"})
    assert (answer.status_code, answer.content) == (206, content[100:200])


@pytest.mark.parametrize("wanted", ["lines=1-2", "lines", "items=a;b", "bytesize=0-9", ""])
def test_a_unit_of_ranges_that_is_not_known_is_ignored(client: httpx.Client, content: bytes, wanted: str) -> None:
    answer = client.get(URL, headers={"Range": wanted})
    assert (answer.status_code, answer.content) == (200, content)


def test_head_has_no_ranges(client: httpx.Client, content: bytes) -> None:
    answer = client.head(URL, headers={"Range": "bytes=0-9"})
    assert (answer.status_code, answer.headers["content-length"]) == (200, str(len(content)))


def test_a_range_of_another_file_is_not_judged(client: httpx.Client, content: bytes) -> None:
    headers = {"Range": f"bytes={len(content)}-", "If-Range": '"another"'}
    assert client.get(URL, headers=headers).content == content


def test_a_download_is_continued_only_if_the_file_is_the_same(client: httpx.Client, content: bytes) -> None:
    tag = client.head(URL).headers["etag"]
    same = client.get(URL, headers={"Range": "bytes=100-", "If-Range": tag})
    assert (same.status_code, same.content) == (206, content[100:])
    other = client.get(URL, headers={"Range": "bytes=100-", "If-Range": '"another"'})
    assert (other.status_code, other.content) == (200, content)


def test_an_unchanged_file_is_not_sent_again(client: httpx.Client) -> None:
    tag = client.head(URL).headers["etag"]
    answer = client.get(URL, headers={"If-None-Match": tag})
    assert (answer.status_code, answer.content) == (304, b"")
    assert client.get(URL, headers={"If-None-Match": '"another"'}).status_code == 200
    assert client.get(URL, headers={"If-None-Match": "*"}).status_code == 304
    assert client.get(URL, headers={"If-None-Match": tag[:-2]}).status_code == 200, "a part of a tag is no tag"
    modified = client.head(URL).headers["last-modified"]
    assert client.get(URL, headers={"If-Modified-Since": modified}).status_code == 304


def test_a_file_that_is_no_longer_the_expected_one_is_refused(client: httpx.Client) -> None:
    tag = client.head(URL).headers["etag"]
    for field in ("*", tag, f'"another", {tag}'):
        assert client.get(URL, headers={"If-Match": field}).status_code == 200
    answer = client.get(URL, headers={"If-Match": '"another"'})
    assert (tag in problem_of(answer, 412)["detail"], answer.headers["etag"]) == (True, tag)
    problem_of(client.get(URL, headers={"If-Unmodified-Since": "Thu, 01 Jan 2015 00:00:00 GMT"}), 412)


def test_a_complete_result_never_changes_and_one_with_a_gap_may(own: Front) -> None:
    scene.finished(own.settings, "crop", "crop1")
    assert "immutable" in own.client.head(URL).headers["cache-control"]
    assert (
        own.client.get("/jobs/crop1/preview.png").headers["cache-control"]
        == (own.client.head(URL).headers["cache-control"])
    )
    with open_ledger(own.settings).engine.begin() as connection:
        change = "UPDATE tiles SET state = 'failed' WHERE tile_key = (SELECT min(tile_key) FROM tiles)"
        connection.exec_driver_sql(change)
    assert own.client.head(URL).headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    "path",
    [
        "/files/crop1/nothing.tif",
        "/files/crop1/..%2F..%2Fledger.sqlite",
        "/files/crop1/%2Fetc%2Fpasswd",
        "/files/..%2F..%2F/ledger.sqlite",
        "/files/../ledger.sqlite",
        "/files/crop1/.hidden",
        "/files/crop1/link.tif",
        "/files/crop1/",
        "/files/crop1",
    ],
)
def test_nothing_but_result_files_is_given(own: Front, path: str) -> None:
    scene.finished(own.settings, "crop", "crop1")
    folder = own.settings.home / "jobs" / "crop1"
    (folder / ".hidden").write_text("hidden")
    (folder / "link.tif").symlink_to(own.settings.home / "ledger.sqlite")
    problem_of(own.client.get(path), 404)


@pytest.mark.parametrize("job_id", ["going", "gone"])
def test_files_of_jobs_that_are_not_successful_are_not_given(own: Front, job_id: str) -> None:
    scene.half_done(own.settings, "crop", "going")
    scene.half_done(own.settings, "crop", "gone")
    own.client.delete("/jobs/gone")
    folder = own.settings.home / "jobs" / job_id
    folder.mkdir(parents=True)
    (folder / "crop.tif").write_bytes(b"half")
    problem_of(own.client.get(f"/files/{job_id}/crop.tif"), 404)


def test_gdal_reads_a_window_over_http(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    rasterio: Any = pytest.importorskip("rasterio")
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with rasterio.Env(GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR"), rasterio.open(f"{client.base_url}{URL}") as source:
        assert source.descriptions[0] == "class"
        assert source.read(1, window=((0, 2), (0, 3))).shape == (2, 3)


def test_the_file_item_points_at_files_beside_it(client: httpx.Client, front: Front) -> None:
    item = client.get("/files/crop1/crop.json").json()
    names = {Path(a["href"]).name for a in item["assets"].values()}
    assert names <= {p.name for p in (front.settings.home / "jobs" / "crop1").iterdir()}
