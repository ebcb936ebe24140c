"""A web server on loopback that serves a folder by ranges, and fails on demand. Stands in for public archives."""

import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread


@dataclass
class Faults:
    """What the server does wrong, and what it was requested."""

    statuses: list[int] = field(default_factory=list)
    """Answers to the next requests, before it works again."""
    headers: dict[str, str] = field(default_factory=dict)
    """Sent with those answers."""
    secret: str = ""
    """Query without which files are refused with 403."""
    share: float = 1.0
    """Only so much of each file is there."""
    requested: list[str] = field(default_factory=list)
    """Method and path of each request, with its query."""


class FolderServer(ThreadingHTTPServer):
    """Serves a folder."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder, self.faults = folder, Faults()
        self.url = f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    """Answers HEAD and GET, by ranges."""

    server: FolderServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def handle(self) -> None:
        with suppress(ConnectionError):  # a client may close the connection before it has read everything
            super().handle()

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def _answer(self, *, with_body: bool) -> None:
        faults = self.server.faults
        faults.requested.append(f"{self.command} {self.path}")
        path, _, query = self.path.partition("?")
        file = self.server.folder / path.lstrip("/")
        if faults.statuses:
            self._fail(faults.statuses.pop(0))
        elif faults.secret and query != faults.secret:
            self._fail(403)
        elif not file.is_file():
            self._fail(404)
        else:
            content = file.read_bytes()
            self._give(content[: int(len(content) * faults.share)], with_body=with_body)

    def _fail(self, status: int) -> None:
        self.send_response(status)
        for name, value in self.server.faults.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _give(self, content: bytes, *, with_body: bool) -> None:
        requested = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        first = int(requested[1]) if requested else 0
        last = min(int(requested[2]) if requested and requested[2] else len(content), len(content) - 1)
        if requested and first >= len(content):
            self._fail(416)
            return
        part = content[first : last + 1]
        self.send_response(206 if requested else 200)
        if requested:
            self.send_header("Content-Range", f"bytes {first}-{last}/{len(content)}")
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("ETag", f'"{zlib.crc32(content):x}"')
        self.send_header("Last-Modified", formatdate(usegmt=True, timeval=1.7e9))
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        if with_body:
            with suppress(ConnectionError):  # a client may have seen enough
                self.wfile.write(part)


@contextmanager
def serve(folder: Path) -> Iterator[FolderServer]:
    """Serve a folder until the block ends."""
    server = FolderServer(folder)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
