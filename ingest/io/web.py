"""HTTP requests to catalogues: every address is checked, redirects too; requests to busy hosts are repeated.

Answers are interpreted elsewhere, and rasters are opened by GDAL.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from requests import PreparedRequest, RequestException, Response, Session

from core.errors import ArchiveUnavailable
from ingest.io.hosts import PER_SECOND, Hosts, TemporaryFailure, parse_retry_after, retried

TIMEOUT_SECONDS = 30.0
CHUNK_BYTES = 65_536
MAX_BYTES = 32 * 1024 * 1024
"""Largest JSON document that is read."""
MAX_MESSAGE = 200
"""Longest part of a host's own message in our errors, in characters."""


def open_session(
    hosts: Hosts, *, tries: int = 4, per_second: float = PER_SECOND, timeout_s: float = TIMEOUT_SECONDS
) -> Session:
    """Return a session of `requests` that checks, limits and repeats every request.

    Its requests raise:
        UntrustedAddress: the address, or one it redirects to, is not allowed.
        ArchiveUnavailable: no answer, or 429 and 5xx, after all tries.
    """

    class CheckedSession(Session):
        """Sends every redirect through `send`, so each is checked as well."""

        def send(self, request: PreparedRequest, **options: Any) -> Response:
            url = hosts.check(str(request.url))
            options["timeout"] = options.get("timeout") or timeout_s
            send = super().send
            try:
                return retried(
                    lambda _: _answer(lambda: send(request, **options)),
                    tries=tries,
                    host=urlsplit(url).netloc,
                    per_second=per_second,
                    retry_on=(TemporaryFailure,),
                )
            except TemporaryFailure as error:
                again = f" (tried {tries} times)" if tries > 1 else ""
                raise ArchiveUnavailable(hosts.name, f"{error}{again}") from None

    return CheckedSession()


def _answer(send: Callable[[], Response]) -> Response:

    try:
        answer = send()
    except RequestException as error:
        raise TemporaryFailure(f"it does not answer ({type(error).__name__})") from None
    if answer.status_code == 429 or answer.status_code >= 500:
        reason = describe_refusal(answer.status_code, answer.text)
        raise TemporaryFailure(reason, parse_retry_after(answer.headers.get("Retry-After")))
    return answer


def describe_refusal(status: int | None, text: str) -> str:
    """Return a refusal in one line: the status, and the host's own message unless it is a web page."""
    message = " ".join(text.split())[:MAX_MESSAGE]
    detail = f": {message}" if message and not message.startswith("<") else ""
    return (f"it answered with HTTP {status}" if status else "its answer is not that of a catalogue") + detail


def fetch(session: Session, url: str, *, archive: str) -> tuple[int, str]:
    """Return status and text of an answer; of anything but JSON, such as a cube file, only the beginning is fetched.

    Raises:
        UntrustedAddress, ArchiveUnavailable: as the session.
    """
    content = b""
    try:
        with session.get(url, headers={"Accept": "application/geo+json, application/json"}, stream=True) as answer:
            for chunk in answer.iter_content(CHUNK_BYTES):
                content += chunk
                if not content.lstrip().startswith(b"{") or len(content) > MAX_BYTES:
                    break
    except RequestException as error:
        raise ArchiveUnavailable(archive, f"it does not answer ({type(error).__name__})") from None
    return answer.status_code, content.decode("utf-8", errors="replace")
