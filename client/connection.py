"""The connection to one service: its key, problem documents as errors, what is tried again. No jobs, no products."""

import email.utils
import json
import logging
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import urljoin, urlsplit

import httpx

from core.errors import InternalError, InvalidOption, RequestError, WorkerUnavailable

log = logging.getLogger(__name__)

TIMEOUT = httpx.Timeout(30.0, read=120.0)
PAUSES = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds before each further try after a lost connection: a service that is started again is back by then."""
PATIENCE_S = 120.0
"""Longest time that a request waits because the service asks it to (429, 503 with Retry-After)."""
LOCAL = ("127.0.0.1", "localhost", "::1")
EXAMPLE = "http://127.0.0.1:8000"
LOST = (httpx.NetworkError, httpx.RemoteProtocolError, httpx.ConnectTimeout)
"""A connection that is refused or breaks off; the same request can succeed a little later."""
Answer = TypeVar("Answer")
BUSY = (httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE)


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


def check_key(key: str) -> str:
    """Return a key without space around it.

    Raises:
        InvalidOption: it cannot be a key; the sentence does not repeat it.
    """
    text = key.strip()
    if not text.isascii() or not text.isprintable() or " " in text:
        raise InvalidOption("key (LANDCAST_KEY)", "...", "a key has letters, digits and signs only, without spaces")
    return text


class Connection:
    """Sends requests to one service. Not shared between threads.

    A request is sent again after a lost connection, and when the service asks to wait. An order carries a key of
    its own by which the service knows it again; what it would do twice is sent once.
    """

    def __init__(
        self,
        url: str,
        key: str = "",
        http: httpx.Client | None = None,
        *,
        pauses: Sequence[float] = PAUSES,
        patience_s: float = PATIENCE_S,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Use the service at a base URL, through a given HTTP client or one that uses no proxy for loopback.

        The key is sent to this service alone, and never to another host that an answer names.
        """
        self.server = url.rstrip("/") + "/"
        self.pauses, self.patience_s, self.sleep = pauses, patience_s, sleep
        is_local = urlsplit(url).hostname in LOCAL
        self._http = http or httpx.Client(timeout=TIMEOUT, trust_env=not is_local, follow_redirects=True)
        self._has_answered = False
        if own := check_key(key):
            self._http.auth = KeyAuth(self.server, own)

    def __repr__(self) -> str:
        return f"Connection({self.shown!r})"

    @property
    def shown(self) -> str:
        """Address of the service for people, without a user name and password in it."""
        return str(httpx.URL(self.server).copy_with(userinfo=b"")) if "@" in self.server else self.server

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def json(
        self,
        method: str,
        address: str,
        body: Mapping[str, Any] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        is_repeated: bool = True,
    ) -> dict[str, Any]:
        """Send a request, see `request`, and return its JSON object."""
        return dict(self.request(method, address, body, headers=headers, is_repeated=is_repeated).json())

    def request(
        self,
        method: str,
        address: str,
        body: Mapping[str, Any] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        is_repeated: bool = True,
    ) -> httpx.Response:
        """Send a request, and again where that helps; return the successful answer.

        Args:
            method: of HTTP.
            address: URL, or path below that of the service.
            body: JSON object to send.
            headers: further headers.
            is_repeated: whether it may be sent again; False for what would then be done twice.

        Raises:
            RequestError: the service refuses the request; the sentence is that of the service. Or the body cannot be
                sent as JSON, which has no NaN.
            InternalError: the service failed; the sentence is its own as well.
            WorkerUnavailable: no service answers.
        """
        url, content = urljoin(self.server, address), None if body is None else _encoded(body)
        sent = {**(headers or {}), **({} if content is None else {"Content-Type": "application/json"})}

        def send() -> httpx.Response:
            with self.answers():
                answer = self._http.request(method, url, content=content, headers=sent)
            check(answer)
            return answer

        return self.again(send) if is_repeated else send()

    @contextmanager
    def stream(self, url: str, headers: Mapping[str, str]) -> Iterator[httpx.Response]:
        """Open an answer whose body is read bit by bit; nothing is tried again.

        Raises:
            RequestError, InternalError, WorkerUnavailable: see `request`.
        """
        with self.answers(), self._http.stream("GET", url, headers=dict(headers)) as answer:
            self._has_answered = True
            if answer.status_code != httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
                check(answer)
            yield answer

    def again(self, send: Callable[[], Answer]) -> Answer:
        """Return what a call returns, having called it again after lost connections and when asked to wait."""
        left, lost_before = self.patience_s, 0
        while True:
            try:
                answer = send()
                self._has_answered = True
                return answer
            except Busy as busy:
                pause = busy.wait_s if busy.wait_s <= left else None
                left -= busy.wait_s
                error: Exception = busy.refusal
            except WorkerUnavailable as lost:
                pause = self._pause(lost, lost_before)
                lost_before += 1
                error = lost
            if pause is None:
                raise error
            log.info("request is sent again in %.1f s: %s", pause, error)
            self.sleep(pause)

    def _pause(self, lost: WorkerUnavailable, lost_before: int) -> float | None:
        """Return the seconds before the next try; None = give up, soon if the service has never answered."""
        pauses = self.pauses if self._has_answered else self.pauses[:1]
        is_worth_it = isinstance(lost.__cause__, LOST) and lost_before < len(pauses)
        return pauses[lost_before] if is_worth_it else None

    @contextmanager
    def answers(self) -> Iterator[None]:
        """Turn errors of the connection into one sentence.

        Raises:
            WorkerUnavailable: no service answers.
        """
        try:
            yield
        except httpx.UnsupportedProtocol as error:
            raise WorkerUnavailable(
                f"'{self.shown}' is no address of a service; write it with http:// or https://, as in {EXAMPLE}"
            ) from error
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise WorkerUnavailable(
                f"no landcast service answers at {self.shown} ({str(error) or type(error).__name__}); "
                "start one with 'landcast serve' or name another"
            ) from error


class Busy(Exception):
    """The service asks to send the request again later."""

    def __init__(self, wait_s: float, refusal: Exception) -> None:
        super().__init__(str(refusal))
        self.wait_s, self.refusal = wait_s, refusal


def check(answer: httpx.Response) -> None:
    """Raise a refusal as an error with the sentence of the service (problem+json, RFC 9457)."""
    if answer.is_success:
        return
    answer.read()
    try:
        document = answer.json()
        sentence = document.get("detail") or document.get("title")
    except (json.JSONDecodeError, UnicodeDecodeError, AttributeError):
        sentence = ""
    sentence = sentence or f"The service answered {answer.status_code} to {_shown(answer.request.url)}."
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        sentence += " Commands of landcast send the one in LANDCAST_KEY, or in --key."
    refusal = (RequestError if answer.is_client_error else InternalError)(sentence)
    wait_s = _retry_after(answer.headers.get("Retry-After", "")) if answer.status_code in BUSY else None
    raise refusal if wait_s is None else Busy(wait_s, refusal)


def _encoded(body: Mapping[str, Any]) -> bytes:
    try:
        return json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, TypeError) as error:
        raise RequestError(f"a value of the request cannot be sent as JSON: {error}") from None


def _shown(url: httpx.URL) -> str:
    """Return a URL without user name, password and query, which may hold what is secret."""
    return str(url.copy_with(userinfo=b"", query=None))


def _retry_after(text: str) -> float | None:
    """Return the seconds that a Retry-After header asks for (RFC 9110, section 10.2.3); None = it asks for nothing."""
    if text.strip().isdigit():
        return float(text)
    try:
        return max(0.0, (email.utils.parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None
