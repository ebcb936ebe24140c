import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from cli.client import Client, JobStatus, Link, ended_well
from core.errors import InternalError, JobFailed, RequestError, WorkerUnavailable
from core.job import JobState

CONTENT = bytes(range(256)) * 4000
ETAG = '"abc"'


class Files(http.server.BaseHTTPRequestHandler):
    """Answers Range; breaks off the first answers after some bytes."""

    breaks = 0
    ranges: list[str]

    def do_GET(self) -> None:
        start = 0
        self.ranges.append(self.headers.get("Range") or "")
        if self.headers.get("Range") and self.headers.get("If-Range") == ETAG:
            start = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-"))
            self.send_response(206)
        else:
            self.send_response(200)
        body = CONTENT[start:]
        self.send_header("ETag", ETAG)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if type(self).breaks > 0:
            type(self).breaks -= 1
            body = body[: len(body) // 2]
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def files() -> Iterator[str]:
    Files.breaks, Files.ranges = 0, []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Files) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def link(server: str) -> Link:
    return Link(name="geotiff", url=f"{server}/files/1/canopy.tif", media_type="image/tiff")


def test_a_download_that_breaks_off_goes_on_where_it_stopped(files: str, tmp_path: Path) -> None:
    Files.breaks = 2
    with Client(files) as client:
        path = client.download(link(files), tmp_path / "canopy.tif")
    assert path.read_bytes() == CONTENT
    assert [bool(r) for r in Files.ranges] == [False, True, True]
    assert list(tmp_path.iterdir()) == [path]


def test_a_part_of_another_version_is_not_continued(files: str, tmp_path: Path) -> None:
    (tmp_path / "canopy.tif.part").write_bytes(b"old old old")
    (tmp_path / "canopy.tif.part.etag").write_text('"other"')
    with Client(files) as client:
        assert client.download(link(files), tmp_path / "canopy.tif").read_bytes() == CONTENT


def test_without_a_service_the_sentence_advises_to_start_one() -> None:
    with Client("http://127.0.0.1:9") as client, pytest.raises(WorkerUnavailable, match="landcast serve"):
        client.submit("canopy", {})


def test_the_words_of_the_service_are_passed_on() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        status = 400 if "canopy" in request.url.path else 500
        return httpx.Response(
            status, json={"title": "Invalid region", "status": status, "detail": "The region is flat."}
        )

    with Client("http://server", httpx.Client(transport=httpx.MockTransport(answer))) as client:
        with pytest.raises(RequestError, match=r"^The region is flat\.$"):
            client.submit("canopy", {})
        with pytest.raises(InternalError, match=r"^The region is flat\.$"):
            client.submit("crop", {})


def test_an_answer_that_is_no_problem_document_still_gives_a_sentence() -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(502, text="<html>Bad gateway</html>"))
    client = Client("http://server", httpx.Client(transport=transport))
    with client, pytest.raises(InternalError, match="502"):
        client.products()


def test_the_state_of_a_job_is_read() -> None:
    document = {
        "jobID": "7",
        "processID": "crop",
        "status": "successful",
        "progress": 100,
        "message": "done",
        "started": "2026-11-22T10:00:00.000Z",
        "finished": "2026-11-22T10:00:12.500Z",
    }
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=document))
    with Client("http://server", httpx.Client(transport=transport)) as client:
        status = client.follow("http://server/jobs/7", lambda _: None)
    assert status == JobStatus(
        id="7",
        url="http://server/jobs/7",
        state=JobState.SUCCESSFUL,
        share=1.0,
        message="done",
        process_id="crop",
        seconds=12.5,
    )


@pytest.mark.parametrize("state", [JobState.FAILED, JobState.DISMISSED])
def test_a_job_that_ended_without_a_result_is_an_error(state: JobState) -> None:
    with pytest.raises(JobFailed, match="no clear"):
        ended_well(JobStatus(id="7", url="", state=state, share=0.5, message="There is no clear observation."))


def test_a_key_is_sent_to_the_service_alone_and_is_in_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    seen: list[tuple[str, str | None]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append((str(request.url), request.headers.get("Authorization")))
        if request.url.path == "/moved":
            return httpx.Response(302, headers={"Location": "http://evil.example/x"})
        return httpx.Response(401, json={"detail": "The key is not known here."})

    http = httpx.Client(transport=httpx.MockTransport(answer), follow_redirects=True)
    with Client("http://server:8000", http, key="landcast_secret") as client:
        for url in ("processes", "http://evil.example/a", "http://server/a", "https://server:8000/a", "moved"):
            with pytest.raises(RequestError) as caught:
                client._json("GET", url)
            assert "landcast_secret" not in str(caught.value)
    keys = dict(seen)
    assert keys["http://server:8000/processes"] == keys["http://server:8000/moved"] == "Bearer landcast_secret"
    assert [key for url, key in seen if not url.startswith("http://server:8000")] == [None] * 4
