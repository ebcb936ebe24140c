"""A small STAC API 1.0 on loopback, with files that answer Range requests, and knobs for what goes wrong out there."""

import json
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

CONFORMS = [
    "https://api.stacspec.org/v1.0.0/core",
    "https://api.stacspec.org/v1.0.0/collections",
    "https://api.stacspec.org/v1.0.0/item-search",
]


@dataclass
class Answer:
    """What is answered instead of what was asked for."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""


@dataclass
class StacServer:
    """The state of one server; tests turn its knobs while it runs."""

    folder: Path
    items: list[dict[str, Any]]
    """Each names its collection."""
    collections: list[str] = field(default_factory=lambda: ["sentinel-2-l2a"])
    url: str = ""
    page_items: int = 1000
    paging: str = "POST"
    conforms: list[str] = field(default_factory=lambda: list(CONFORMS))
    upset: deque[Answer] = field(default_factory=deque)
    """Given to the next searches, one each."""
    file_upset: deque[Answer] = field(default_factory=deque)
    """Given to the next requests for files."""
    slow_s: float = 0.0
    promised_more: int = 0
    """By so many the number of items found is overstated."""
    next_base: str = ""
    """Where the link to the next page points instead of here."""
    asset_base: str = ""
    """Where the items' files are said to lie instead of here."""
    cut_at: int | None = None
    """Files end after so many bytes, though the header promises more."""
    signature: str = ""
    """Files are given only with `?sig=` this."""
    tokens: int = 0
    """Tokens given out so far; each is another signature, and the only valid one."""
    token_ttl_s: int = 3600
    searches: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    def landing(self) -> dict[str, Any]:
        links = [
            {"rel": "self", "href": self.url, "type": "application/json"},
            {"rel": "root", "href": self.url, "type": "application/json"},
            {"rel": "data", "href": f"{self.url}/collections", "type": "application/json"},
            {"rel": "search", "href": f"{self.url}/search", "type": "application/geo+json", "method": "GET"},
            {"rel": "search", "href": f"{self.url}/search", "type": "application/geo+json", "method": "POST"},
        ]
        stac = {"type": "Catalog", "stac_version": "1.0.0", "id": "loop", "title": "Loopback", "description": "Tiny"}
        return {**stac, "conformsTo": self.conforms, "links": links}

    def collection(self, name: str) -> dict[str, Any]:
        extent = {
            "spatial": {"bbox": [[5.0, 45.0, 15.0, 55.0]]},
            "temporal": {"interval": [["2016-01-01T00:00:00Z", None]]},
        }
        return {
            "type": "Collection",
            "stac_version": "1.0.0",
            "id": name,
            "description": name,
            "license": "CC-BY-4.0",
            "providers": [{"name": "ESA"}],
            "extent": extent,
            "links": [],
        }

    def list_collections(self, start: int) -> dict[str, Any]:
        """Answer one page."""
        end = start + self.page_items
        links = [{"rel": "next", "href": f"{self.url}/collections?token={end}"}] if end < len(self.collections) else []
        return {"collections": [self.collection(c) for c in self.collections[start:end]], "links": links}

    def search(self, requested: dict[str, Any]) -> dict[str, Any]:
        """Answer one page."""
        self.searches.append(requested)
        found = [i for i in self.items if _matches(i, requested)]
        start, size = int(requested.get("token") or 0), min(self.page_items, int(requested.get("limit") or 10))
        page = [self._with_urls(i) for i in found[start : start + size]]
        links = [self._next(requested, start + size)] if start + size < len(found) else []
        return {
            "type": "FeatureCollection",
            "features": page,
            "links": links,
            "numberMatched": len(found) + self.promised_more,
        }

    def _next(self, requested: dict[str, Any], start: int) -> dict[str, Any]:
        href, body = f"{self.next_base or self.url}/search", {**requested, "token": str(start)}
        if self.paging == "POST":
            return {"rel": "next", "href": href, "method": "POST", "body": body, "merge": False}
        flat = {k: ",".join(map(str, v)) if isinstance(v, list) else v for k, v in body.items()}
        return {"rel": "next", "href": f"{href}?{urlencode(flat)}", "method": "GET"}

    def _with_urls(self, item: dict[str, Any]) -> dict[str, Any]:
        base = self.asset_base or f"{self.url}/files"
        assets = {k: {**a, "href": a["href"].replace("./", f"{base}/", 1)} for k, a in item["assets"].items()}
        return {**item, "assets": assets}


def _matches(item: dict[str, Any], requested: dict[str, Any]) -> bool:
    if requested.get("collections") and item["collection"] not in requested["collections"]:
        return False
    if "ids" in requested:
        return item["id"] in requested["ids"]
    first, last = (datetime.fromisoformat(t.replace("Z", "+00:00")) for t in requested["datetime"].split("/"))
    if not first <= datetime.fromisoformat(item["properties"]["datetime"].replace("Z", "+00:00")) <= last:
        return False
    west, south, east, north = requested["bbox"]
    left, bottom, right, top = item["bbox"]
    return bool(left <= east and right >= west and bottom <= north and top >= south)


class Handler(BaseHTTPRequestHandler):
    """Answers for the state that its class is given."""

    state: StacServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        requested = {k: v[0] for k, v in parse_qs(parts.query).items()}
        self.state.paths.append(self.path)
        if parts.path.startswith("/files/"):
            self._file(parts.path.removeprefix("/files/"), requested)
        elif parts.path.startswith("/token/"):
            self._token()
        elif parts.path == "/search":
            lists: dict[str, Any] = {k: requested[k].split(",") for k in ("collections", "bbox") if k in requested}
            lists["bbox"] = [float(v) for v in lists["bbox"]]
            self._search({**requested, **lists})
        elif parts.path == "/collections":
            self._json({"collections": [self.state.collection(c) for c in self.state.collections], "links": []})
        elif parts.path == "/":
            self._json(self.state.landing())
        else:
            self._send(404, {}, b"not here")

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        self.state.paths.append(self.path)
        self._search(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def _search(self, requested: dict[str, Any]) -> None:
        time.sleep(self.state.slow_s)
        if self.state.upset:
            self._upset(self.state.upset.popleft())
        else:
            self._json(self.state.search(requested))

    def _token(self) -> None:
        if self.state.upset:
            self._upset(self.state.upset.popleft())
            return
        self.state.tokens += 1
        self.state.signature = f"s{self.state.tokens}"
        expiry = datetime.fromtimestamp(time.time() + self.state.token_ttl_s).astimezone().isoformat()
        self._json({"msft:expiry": expiry, "token": f"sig={self.state.signature}"})

    def _file(self, name: str, requested: dict[str, str]) -> None:
        path = self.state.folder / name
        if self.state.file_upset:
            self._upset(self.state.file_upset.popleft())
        elif self.state.signature and requested.get("sig") != self.state.signature:
            self._send(403, {}, b"signature expired")
        elif not path.is_file():
            self._send(404, {}, b"not here")
        else:
            self._range(path.read_bytes())

    def _range(self, content: bytes) -> None:
        if not self.headers.get("Range"):
            self._send(200, {"Accept-Ranges": "bytes"}, content)
            return
        stated = self.headers["Range"].removeprefix("bytes=").split("-")
        first = int(stated[0]) if stated[0] else 0
        last = min(int(stated[1]) if len(stated) > 1 and stated[1] else len(content) - 1, len(content) - 1)
        if first > last:
            self._send(416, {"Content-Range": f"bytes */{len(content)}"}, b"")
            return
        headers = {"Accept-Ranges": "bytes", "Content-Range": f"bytes {first}-{last}/{len(content)}"}
        end = last + 1 if self.state.cut_at is None else min(last + 1, self.state.cut_at)
        self._send(206, headers, content[first : max(first, end)], length=last + 1 - first)

    def _json(self, document: dict[str, Any]) -> None:
        self._send(200, {"Content-Type": "application/json"}, json.dumps(document).encode())

    def _upset(self, answer: Answer) -> None:
        self._send(answer.status, answer.headers, answer.body.encode())

    def _send(self, status: int, headers: dict[str, str], body: bytes, *, length: int | None = None) -> None:
        is_cut = length not in (None, len(body))
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body) if length is None else length)}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.close_connection = self.close_connection or is_cut

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except (BrokenPipeError, ConnectionResetError):  # a client that had enough
            self.close_connection = True

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def serve(folder: Path, items: list[dict[str, Any]], **knobs: Any) -> Iterator[StacServer]:
    """Serve items, and the files of a folder below `/files/`, until the block ends."""
    state = StacServer(folder=folder, items=items, **knobs)
    http = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"state": state}))
    http.daemon_threads = True
    state.url = f"http://127.0.0.1:{http.server_address[1]}"
    thread = Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        http.shutdown()
        http.server_close()
        thread.join()
