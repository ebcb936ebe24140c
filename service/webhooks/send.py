"""One message of a webhook: what it says, and how it is sent. When: thread.py."""

import json
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import httpcore
import httpx

from core.settings import Settings
from ingest.io.hosts import parse_retry_after
from service.jobs import results_document, status_info
from service.webhooks.address import GuardedBackend, Network, RefusedAddress, Resolve, TooSlow, resolve
from service.webhooks.sign import signed
from workers.queue.ledger import Ledger
from workers.webhooks.outbox import Kind, Notice

logger = logging.getLogger(__name__)

LONGEST_S = 20.0
"""Longest time of an attempt, from the look-up of the name to the answer."""
STEP_S = 10.0
"""Longest wait for a connection, or for the next bytes."""
MAX_BODY = 64 * 1024
GONE = 410
"""The receiver wants no more messages (RFC 9110, section 15.5.11)."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of an attempt."""

    error: str = ""
    """Why it failed, a clause without address and body; empty = the receiver has taken the message."""
    wait_s: float = 0.0
    """Until the next attempt, if the receiver asks for it."""
    is_final: bool = False
    """Whether another attempt is useless."""


def message_body(notice: Notice, ledger: Ledger, settings: Settings) -> bytes:
    """Return what a receiver is sent: the results of a successful job, else its state, as the service answers both.

    Raises:
        LandcastError: the job is gone, or the store does not answer.
    """
    job = ledger.job(notice.job_id)
    if notice.kind is Kind.SUCCESS:
        found: dict[str, Any] = {n: r.model_dump() for n, r in results_document(job, settings, notice.base).items()}
    else:
        found = status_info(job, notice.base, settings).model_dump(exclude_none=True)
        found["message"] = str(found["message"])[:2000]
    body = json.dumps(found).encode()
    if len(body) > MAX_BODY:  # a status without its longest member, and a few files' links, are far below
        raise ValueError(f"a message of {len(body)} bytes is not sent")
    return body


def send(
    uri: str,
    body: bytes,
    headers: dict[str, str],
    *,
    networks: Sequence[Network],
    find: Resolve = resolve,
    longest_s: float = LONGEST_S,
) -> Outcome:
    """Send one message; redirects are not followed, proxies not used, and of the answer only its head is read."""
    backend = GuardedBackend(networks, longest_s, find, with_tls=urlsplit(uri).scheme == "https")
    timeouts = dict.fromkeys(("connect", "read", "write", "pool"), STEP_S)
    fixed = {"content-type": "application/json", "user-agent": "landcast", "connection": "close", **headers}
    try:
        with (
            httpcore.ConnectionPool(ssl_context=_tls(), network_backend=backend) as pool,
            pool.stream(
                "POST", uri, headers=list(fixed.items()), content=body, extensions={"timeout": timeouts}
            ) as answer,
        ):
            return _outcome(answer.status, {k.decode().lower(): v.decode("latin-1") for k, v in answer.headers})
    except RefusedAddress:
        return Outcome(error="its address is not public, and LANDCAST_WEBHOOK_NETWORKS does not allow it")
    except (TooSlow, httpcore.TimeoutException):
        return Outcome(error="it does not answer in time")
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol, OSError, ValueError) as error:
        return Outcome(error=f"there is no connection ({type(error).__name__})")


def deliver(
    notice: Notice, body: bytes, secret: str, *, networks: Sequence[Network], clock: Callable[[], float] = time.time
) -> Outcome:
    """Sign and send a message."""
    return send(notice.uri, body, signed(secret, notice.id, int(clock()), body), networks=networks)


def _outcome(status: int, headers: dict[str, str]) -> Outcome:
    if 200 <= status < 300:
        return Outcome()
    if 300 <= status < 400:
        return Outcome(error=f"it answered with HTTP {status}, and redirects are not followed")
    wait_s = parse_retry_after(headers.get("retry-after")) or 0.0
    return Outcome(error=f"it answered with HTTP {status}", wait_s=wait_s, is_final=status == GONE)


@cache
def _tls() -> Any:
    return httpx.create_ssl_context()
