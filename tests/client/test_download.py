import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from client.connection import Connection
from client.download import ResultFile, download
from core.errors import InternalError, WorkerUnavailable

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


def fetch(server: str, path: Path) -> Path:
    file = ResultFile(name="geotiff", url=f"{server}/files/1/canopy.tif", media_type="image/tiff")
    return download(Connection(server, pauses=(0.01,) * 3), file, path)


def test_a_download_that_breaks_off_goes_on_where_it_stopped(files: str, tmp_path: Path) -> None:
    Files.breaks = 2
    path = fetch(files, tmp_path / "canopy.tif")
    assert path.read_bytes() == CONTENT
    assert [bool(r) for r in Files.ranges] == [False, True, True]
    assert list(tmp_path.iterdir()) == [path]


def test_a_download_that_was_given_up_is_continued_by_the_next_call(files: str, tmp_path: Path) -> None:
    Files.breaks = 4
    with pytest.raises(WorkerUnavailable):
        fetch(files, tmp_path / "canopy.tif")
    assert [p.name for p in sorted(tmp_path.iterdir())] == ["canopy.tif.part", "canopy.tif.part.etag"]
    assert fetch(files, tmp_path / "canopy.tif").read_bytes() == CONTENT
    assert Files.ranges[-1]


def test_a_part_of_another_version_is_not_continued(files: str, tmp_path: Path) -> None:
    (tmp_path / "canopy.tif.part").write_bytes(b"old old old")
    (tmp_path / "canopy.tif.part.etag").write_text('"other"')
    assert fetch(files, tmp_path / "canopy.tif").read_bytes() == CONTENT


@pytest.mark.parametrize("end", ["", "..", "."])
def test_no_file_name_leads_out_of_the_folder(end: str) -> None:
    file = ResultFile(name="geotiff", url=f"http://server/files/{end}?a=b", media_type="")
    with pytest.raises(InternalError, match="geotiff"):
        _ = file.file_name
