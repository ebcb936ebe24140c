"""Answers to requests that may not be carried out, as problem details. Who may what: check.py."""

from starlette.responses import Response

from core.errors import WorkerUnavailable
from service.access.caller import Scope
from service.errors import problem

REALM = 'Bearer realm="landcast"'


def no_key() -> Response:
    """Return the answer to a request without a key."""
    detail = "This service needs a key; send it in the header 'Authorization: Bearer KEY'."
    return problem(401, "Unauthorized", detail, headers={"WWW-Authenticate": REALM})


def wrong_key() -> Response:
    """Return the answer to a key or token that is wrong, expired or revoked; it does not say which."""
    detail = "The key is not known here, has expired or was revoked; ask the operator of the service for a new one."
    return problem(401, "Unauthorized", detail, headers={"WWW-Authenticate": f'{REALM}, error="invalid_token"'})


def wrong_link() -> Response:
    """Return the answer to a share link that is wrong or expired, or whose key was revoked."""
    detail = "The share link is not valid or has expired; ask for a new one."
    return problem(401, "Unauthorized", detail, headers={"WWW-Authenticate": REALM})


def lacks_scope(scope: Scope) -> Response:
    """Return the answer to a key that lacks a scope."""
    headers = {"WWW-Authenticate": f'{REALM}, error="insufficient_scope", scope="{scope}"'}
    detail = f"The key lacks the scope '{scope}', which this request needs."
    return problem(403, "Forbidden", detail, headers=headers)


def key_in_url() -> Response:
    """Return the answer to a request that carries a key in its URL, where logs and histories would keep it."""
    detail = "A key does not belong in a URL: revoke this one, and send a new one in 'Authorization: Bearer KEY'."
    return problem(400, "Bad Request", detail)


def too_many_requests(most: int, retry_after_s: int) -> Response:
    """Return the answer to a key that has sent its requests of this minute."""
    detail = f"The key may send {most} requests a minute; go on in {retry_after_s} s."
    return problem(429, "Too Many Requests", detail, headers={"Retry-After": str(retry_after_s)})


def ledger_away() -> Response:
    """Return the answer where keys cannot be looked up."""
    return problem(503, WorkerUnavailable.title, "The ledger of jobs cannot be reached; try again later.")


def issuer_away() -> Response:
    """Return the answer where tokens cannot be checked."""
    detail = "The issuer of tokens cannot be reached, so the token cannot be checked; try again later."
    return problem(503, "Service Unavailable", detail, headers={"Retry-After": "30"})
