"""A client of landcast's REST interface: order, follow, download with resume. Prints nothing."""

import json
import os
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import httpx

from core.errors import InternalError, JobFailed, RequestError, WorkerUnavailable
from core.job import JobState

FIRST_POLL_S, LAST_POLL_S = 0.2, 2.0
TIMEOUT = httpx.Timeout(30.0, read=120.0)
CHUNK_BYTES = 1024 * 1024
TRIES = 3
"""Of one download; each continues the one before."""


@dataclass(frozen=True, kw_only=True)
class JobStatus:
    """State of a job as the service reports it (OGC API - Processes 1.0, statusInfo)."""

    id: str
    url: str
    state: JobState
    share: float
    """0..1."""
    message: str
    process_id: str = ""
    """Product of the job."""
    seconds: float = 0.0
    """From the first tile's start to the end; 0 while it runs."""
    is_complete: bool = True
    """False of a successful job with gaps."""


@dataclass(frozen=True, kw_only=True)
class Link:
    """One result file."""

    name: str
    """Key in the results document."""
    url: str
    media_type: str

    @property
    def file_name(self) -> str:
        """Last part of the address."""
        return Path(urlsplit(self.url).path).name


class KeyAuth(httpx.Auth):
    """Adds a key to requests for one service."""

    def __init__(self, server: str, key: str) -> None:
        self._origin, self._key = origin_of(httpx.URL(server)), key

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Send a request, with the key if it goes to the service."""
        if origin_of(request.url) == self._origin:
            request.headers["Authorization"] = f"Bearer {self._key}"
        yield request


def origin_of(url: httpx.URL) -> tuple[str, str, int | None]:
    """Return scheme, host and port of a URL; None = the scheme's own port."""
    return url.scheme, url.host, url.port


class Client:
    """Talks to one service. Not shared between threads."""

    def __init__(self, server: str, http: httpx.Client | None = None, *, key: str = "") -> None:
        """Use the service at a base URL, through a given HTTP client or one that uses no proxy for loopback.

        The key is sent to this service alone, and never to another host that an answer names.
        """
        self.server = server.rstrip("/") + "/"
        is_local = urlsplit(server).hostname in ("127.0.0.1", "localhost", "::1")
        self._http = http or httpx.Client(timeout=TIMEOUT, trust_env=not is_local, follow_redirects=True)
        if key:
            self._http.auth = KeyAuth(self.server, key)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def products(self) -> list[str]:
        """Return the ids of the products."""
        return [p["id"] for p in self._json("GET", "processes")["processes"]]

    def estimate(self, product: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Return what an order would cost: tiles, pixels, area_km2, scenes, seconds."""
        return self._json("POST", f"processes/{product}/estimate", {"inputs": dict(inputs)})

    def submit(self, product: str, inputs: Mapping[str, Any]) -> str:
        """Order a product; return the job's address.

        Raises:
            RequestError: the service refuses the order; the sentence is that of the service.
            WorkerUnavailable: no service answers.
        """
        with self._answers():
            answer = self._http.post(
                urljoin(self.server, f"processes/{product}/execution"),
                json={"inputs": dict(inputs)},
                headers={"Prefer": "respond-async"},
            )
        _check(answer)
        return urljoin(str(answer.url), answer.headers["Location"])

    def status(self, job_url: str) -> JobStatus:
        """Return the state of a job."""
        return _status(self._json("GET", job_url), job_url)

    def jobs(self, *, limit: int, states: str = "", processes: str = "") -> list[dict[str, Any]]:
        """Return jobs as the service states them, newest first; states and processes are separated by commas."""
        filters = {"status": states, "processID": processes}
        query = httpx.QueryParams({"limit": limit, **{name: text for name, text in filters.items() if text}})
        return list(self._json("GET", f"jobs?{query}")["jobs"])

    def job(self, job_id: str) -> dict[str, Any]:
        """Return a job as the service states it."""
        return self._json("GET", self.url_of(job_id))

    def log(self, job_id: str) -> Iterator[dict[str, Any]]:
        """Yield what happened to a job and its tiles, oldest first."""
        address: str | None = f"{self.url_of(job_id)}/log?limit=1000"
        while address:
            page = self._json("GET", address)
            yield from page["events"]
            address = next((link["href"] for link in page["links"] if link["rel"] == "next"), None)

    def add_standing_order(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """Order a product again and again; return the standing order as the service states it."""
        return self._json("POST", "standing-orders", wanted)

    def standing_orders(self) -> list[dict[str, Any]]:
        """Return the standing orders, newest first."""
        return list(self._json("GET", "standing-orders?limit=1000")["standingOrders"])

    def standing_order(self, order_id: str) -> dict[str, Any]:
        """Return a standing order."""
        return self._json("GET", f"standing-orders/{quote(order_id, safe='')}")

    def remove_standing_order(self, order_id: str) -> None:
        """Remove a standing order; its jobs and their results stay."""
        self._json("DELETE", f"standing-orders/{quote(order_id, safe='')}")

    def url_of(self, job_id: str) -> str:
        """Return the address of a job."""
        return f"{self.server}jobs/{quote(job_id, safe='')}"

    def follow(self, job_url: str, show: Callable[[JobStatus], None]) -> JobStatus:
        """Wait for the end of a job and show every state on the way.

        Raises:
            JobFailed: it ended without a result.
        """
        for pause in pauses():
            status = self.status(job_url)
            show(status)
            if status.state.is_final:
                return ended_well(status)
            time.sleep(pause)
        raise AssertionError("the pauses never end")

    def dismiss(self, job_url: str) -> None:
        """Dismiss a job."""
        self._json("DELETE", job_url)

    def retry(self, job_url: str) -> None:
        """Try the missing tiles of an ended job again."""
        self._json("POST", f"{job_url}/retry")

    def results(self, job_url: str) -> list[Link]:
        """Return the links to the files of a successful job."""
        document = self._json("GET", f"{job_url}/results")
        found = {name: entry for name, entry in document.items() if isinstance(entry, dict) and "href" in entry}
        return [
            Link(name=name, url=urljoin(self.server, entry["href"]), media_type=entry.get("type", ""))
            for name, entry in found.items()
        ]

    def download(self, link: Link, path: Path) -> Path:
        """Download a file; it appears under its name only when complete.

        An interrupted download, of this call or an earlier one, continues if the ETag is still the same.
        """
        for _ in range(TRIES - 1):
            with suppress(WorkerUnavailable):
                return self._download(link, path)
        return self._download(link, path)

    def _download(self, link: Link, path: Path) -> Path:
        part, tag_file = path.with_name(path.name + ".part"), path.with_name(path.name + ".part.etag")
        with self._answers(), self._http.stream("GET", link.url, headers=_resume(part, tag_file)) as answer:
            if answer.status_code != httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
                _check(answer)
                tag_file.write_text(answer.headers.get("ETag", ""))
                _append(answer, part)
        part.replace(path)
        tag_file.unlink(missing_ok=True)
        return path

    def _json(self, method: str, address: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        with self._answers():
            answer = self._http.request(method, urljoin(self.server, address), json=body)
        _check(answer)
        return dict(answer.json())

    @contextmanager
    def _answers(self) -> Iterator[None]:
        try:
            yield
        except (httpx.TransportError, httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise WorkerUnavailable(
                f"no landcast service answers at {self.server} ({str(error) or type(error).__name__}); "
                "start one with 'landcast serve' or name another"
            ) from error


def ended_well(status: JobStatus) -> JobStatus:
    """Return the status of a successful job.

    Raises:
        JobFailed: the job failed or was dismissed.
    """
    if status.state is not JobState.SUCCESSFUL:
        raise JobFailed(status.id, status.message or f"it is {status.state}.")
    return status


def _status(document: Mapping[str, Any], job_url: str) -> JobStatus:
    started, finished = document.get("started") or "", document.get("finished") or ""
    is_over = started and finished
    seconds = (datetime.fromisoformat(finished) - datetime.fromisoformat(started)).total_seconds() if is_over else 0.0
    return JobStatus(
        id=document["jobID"],
        url=job_url,
        state=JobState(document["status"]),
        share=float(document.get("progress") or 0) / 100,
        message=document.get("message") or "",
        process_id=document.get("processID") or "",
        seconds=seconds,
        is_complete=document.get("complete") is not False,
    )


def pauses() -> Iterator[float]:
    """Yield the seconds to wait between requests: short at first, then longer, without end."""
    pause = FIRST_POLL_S
    while True:
        yield pause
        pause = min(LAST_POLL_S, pause * 1.3)


def _check(answer: httpx.Response) -> None:
    """Raise a refusal as an error with the sentence of the service (problem+json, RFC 9457)."""
    if answer.is_success:
        return
    answer.read()
    try:
        document = answer.json()
        sentence = document.get("detail") or document.get("title")
    except (json.JSONDecodeError, UnicodeDecodeError, AttributeError):
        sentence = ""
    sentence = sentence or f"The service answered {answer.status_code} to {answer.request.url}."
    raise (RequestError if answer.is_client_error else InternalError)(sentence)


def _resume(part: Path, tag_file: Path) -> dict[str, str]:
    """Return the headers that request the rest of an interrupted download; the whole file without a strong ETag."""
    plain = {"Accept-Encoding": "identity"}
    tag = tag_file.read_text() if tag_file.exists() else ""
    if not part.exists() or not tag or tag.startswith("W/"):
        return plain
    return {**plain, "Range": f"bytes={part.stat().st_size}-", "If-Range": tag}


def _append(answer: httpx.Response, part: Path) -> None:
    mode = "ab" if answer.status_code == httpx.codes.PARTIAL_CONTENT else "wb"
    with part.open(mode) as file:
        for chunk in answer.iter_bytes(CHUNK_BYTES):
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
