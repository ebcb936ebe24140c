"""Errors as HTTP answers: a status for every error class, and problem details (RFC 9457) for every refusal."""

import json
import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import compile_path

from core import errors
from service.hidden_paths import hidden_paths
from service.schemas import Problem
from workers.queue.schema import AWAY

log = logging.getLogger(__name__)

PROBLEM_TYPE = "application/problem+json"
MAX_DETAIL = 600
"""Characters of a detail: it may quote what the caller sent, which may be megabytes long."""

STATUS: dict[type[errors.LandcastError], int] = {
    errors.LandcastError: 500,
    errors.RequestError: 400,
    errors.InvalidRegion: 400,
    errors.InvalidPeriod: 400,
    errors.InvalidOption: 400,
    errors.InvalidCube: 400,
    errors.DoubtfulNumbers: 400,
    errors.MissingBand: 400,
    errors.InvalidTable: 400,
    errors.InvalidArchive: 400,
    errors.DoubtfulInput: 400,
    errors.RegionOutsideArchive: 400,
    errors.NoClearObservation: 400,
    errors.Unknown: 404,
    errors.UnknownProduct: 404,
    errors.UnknownJob: 404,
    errors.UnknownResult: 404,
    errors.UnknownModel: 400,
    errors.UnknownArchive: 400,
    errors.UnknownKey: 404,
    errors.UnknownStandingOrder: 404,
    errors.OverQuota: 429,
    errors.JobNotReady: 404,
    errors.JobWithoutMap: 404,
    errors.JobDismissed: 404,
    errors.ArchiveError: 502,
    errors.ReadFailed: 502,
    errors.ArchiveUnavailable: 502,
    errors.ArchivesDisagree: 502,
    errors.UntrustedAddress: 400,
    errors.MissingCredentials: 400,
    errors.OverBudget: 400,
    errors.NewerLedger: 400,
    errors.InternalError: 500,
    errors.InvalidCheckpoint: 500,
    errors.DamagedTile: 500,
    errors.WorkerUnavailable: 503,
    errors.StoreUnavailable: 503,
    errors.JobFailed: 500,
}
"""HTTP status of every error class. Models and archives are inputs of an order, not resources: 400, not 404."""

_OGC = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/"
TYPES: dict[type[errors.LandcastError], str] = {
    errors.UnknownProduct: _OGC + "no-such-process",
    errors.UnknownJob: _OGC + "no-such-job",
    errors.JobNotReady: _OGC + "result-not-ready",
}
"""Exception types that OGC API - Processes 1.0 names; all others are `about:blank`."""


def refusals(descriptions: Mapping[int, str]) -> dict[int | str, dict[str, Any]]:
    """Return the `responses` of a route that answers these statuses with problem details."""
    return {status: {"model": Problem, "description": text} for status, text in descriptions.items()}


def problem(
    status: int,
    title: str,
    detail: str,
    *,
    kind: str = "about:blank",
    headers: dict[str, str] | None = None,
    further: Mapping[str, Any] | None = None,
) -> Response:
    """Return problem details (RFC 9457) with further members; the detail is cut to a readable length."""
    if len(detail) > MAX_DETAIL:
        detail = f"{detail[: MAX_DETAIL // 2]} ... {detail[-MAX_DETAIL // 2 :]}"
    content = {"type": kind, "title": title, "status": status, "detail": detail, **(further or {})}
    return Response(json.dumps(content), status_code=status, media_type=PROBLEM_TYPE, headers=headers)


def status_of(error: type[errors.LandcastError]) -> int:
    """Return the HTTP status of an error class, that of its nearest listed ancestor if it is not listed itself."""
    return next(STATUS[c] for c in error.__mro__ if c in STATUS)


def register(app: FastAPI) -> None:
    """Make every error of the application a problem document."""
    app.add_exception_handler(errors.LandcastError, _landcast_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)
    for away in AWAY:
        app.add_exception_handler(away, _ledger_error)
    app.add_exception_handler(RecursionError, _beyond_limits)
    app.add_exception_handler(OverflowError, _beyond_limits)
    app.add_exception_handler(Exception, _unexpected_error)


async def _landcast_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, errors.LandcastError)
    status = status_of(type(error))
    if status >= 500:
        log.error("request failed path=%s error=%s detail=%s", request.url.path, type(error).__name__, error)
    text = hidden_paths(str(error), request.app.state.settings)
    headers = {"Retry-After": str(error.retry_after_s)} if isinstance(error, errors.OverQuota) else None
    return problem(status, error.title, text, kind=TYPES.get(type(error), "about:blank"), headers=headers)


async def _validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return problem(400, "Invalid request", validation_sentence(error.errors()))


def validation_sentence(found: Any) -> str:
    """Return one sentence about the first error that pydantic found."""
    first = found[0]
    if first["type"] == "json_invalid":
        return f"The body is not valid JSON: {first['ctx']['error']} at character {first['loc'][-1]}."
    where, *path = first["loc"]
    if where == "body" and not path:
        return "The body is not a JSON object; send one, with Content-Type: application/json."
    return f"The {where} of the request is not valid: '{'.'.join(map(str, path))}': {first['msg']}."


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    title = HTTPStatus(error.status_code).phrase
    sentences = {
        404: f"There is nothing at '{request.url.path}'.",
        405: f"'{request.url.path}' does not support {request.method}.",
    }
    detail = sentences.get(error.status_code, "") if error.detail == title else error.detail
    if isinstance(error.__cause__, UnicodeDecodeError):
        detail = "The body is not JSON in UTF-8: it is compressed, of another format, or of another encoding."
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers["Allow"] = ", ".join(sorted(_methods(request)))
    return problem(error.status_code, title, detail or f"{title}.", headers=headers)


def _methods(request: Request) -> set[str]:
    """Return the methods that a path supports; Starlette names only those of the first route that fits."""
    described = request.app.openapi()["paths"]
    fitting = [operations for path, operations in described.items() if compile_path(path)[0].match(request.url.path)]
    found = {method.upper() for operations in fitting[:1] for method in operations} or {"GET"}
    return found | {"HEAD"} if "GET" in found else found


async def _ledger_error(request: Request, error: Exception) -> Response:
    log.error("ledger unreachable path=%s", request.url.path, exc_info=error)
    return problem(503, errors.WorkerUnavailable.title, "The ledger of jobs cannot be reached; try again later.")


async def _beyond_limits(request: Request, error: Exception) -> Response:
    """Answer where a value of the request is nested or large beyond what Python computes with."""
    log.warning("value beyond limits path=%s error=%s", request.url.path, type(error).__name__)
    what = "is nested too deeply" if isinstance(error, RecursionError) else "has a number that is too large"
    return problem(400, "Invalid request", f"The request {what}.")


async def _unexpected_error(request: Request, error: Exception) -> Response:
    log.error("unexpected error path=%s", request.url.path, exc_info=error)
    detail = "An unexpected error occurred; the log of the service has the details."
    of_openeo = (
        {"code": "Internal", "message": detail} if "/openeo/" in request.url.path else None
    )  # see openeo/codes.py
    return problem(500, "Internal error", detail, further=of_openeo)


def busy(what: str = "Too many requests wait to be checked") -> Response:
    """Return the answer to a request for which too many others wait."""
    detail = f"{what}; send it again in a few seconds."
    return problem(503, HTTPStatus.SERVICE_UNAVAILABLE.phrase, detail, headers={"Retry-After": "5"})


def too_many_streams(most: int) -> Response:
    """Return the answer to a request for a stream of events while as many as are allowed are open."""
    detail = f"{most} streams of events are open, as many as are allowed; ask for the job itself, or try again later."
    return problem(503, HTTPStatus.SERVICE_UNAVAILABLE.phrase, detail, headers={"Retry-After": "10"})


def misdirected(host: str) -> Response:
    """Return the answer to a request for a host that this service is not."""
    detail = f"This service listens on this machine only, and not as '{host}'; name that host in LANDCAST_HOSTS."
    return problem(421, HTTPStatus.MISDIRECTED_REQUEST.phrase, detail)


def foreign_origin(origin: str) -> Response:
    """Return the answer to a change that the page of another web site asks for."""
    detail = f"Pages of '{origin}' may not change anything here; name its host in LANDCAST_HOSTS if they may."
    return problem(403, HTTPStatus.FORBIDDEN.phrase, detail)


def changed(etag: str) -> Response:
    """Return the answer to a request for something that is not, or not only, what the client expects (If-Match)."""
    detail = f"It is no longer what you expect: its ETag is {etag} now. Read it again before you go on."
    return problem(412, HTTPStatus.PRECONDITION_FAILED.phrase, detail, headers={"ETag": etag})


def compressed(coding: str) -> Response:
    """Return the answer to a body that is compressed (RFC 9110, section 8.4)."""
    detail = f"The body is compressed ('{coding}'); send it as it is, without Content-Encoding."
    headers = {"Accept-Encoding": "identity"}
    return problem(415, HTTPStatus.UNSUPPORTED_MEDIA_TYPE.phrase, detail, headers=headers)


def too_large(max_bytes: int) -> Response:
    """Return the answer to a body whose declared or received size exceeds the limit."""
    detail = f"The body is larger than the limit of {max_bytes // 1024**2} MiB."
    return problem(413, HTTPStatus.REQUEST_ENTITY_TOO_LARGE.phrase, detail)
