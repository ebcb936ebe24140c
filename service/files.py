"""Result files over HTTP: HEAD, Range, ETag; files of a folder, or pieces of objects. Kinds: results.py."""

import re
from email.utils import formatdate
from itertools import chain
from typing import Annotated, Any

from fastapi import APIRouter, Header, HTTPException, Request, Response
from fastapi.responses import FileResponse, StreamingResponse

from service.answers.caching import cache_control
from service.answers.conditions import failed_condition, range_counts
from service.errors import changed, refusals
from service.results import KINDS, find_stored, kind_of
from service.state import CurrentSettings, FinishedJob
from workers.store.store import StoredFile

router = APIRouter(prefix="/files", tags=["Files"])

_UNIT = re.compile(r"\s*bytes\s*(=|$)", re.IGNORECASE)
_RANGE = re.compile(r"bytes=(?P<start>\d{0,99})-(?P<end>\d{0,99})(?P<more>(,\s*\d{0,99}-\d{0,99})*)", re.IGNORECASE)
_ONE_RANGE = re.compile(r"bytes=(\d{0,99})-(\d{0,99})", re.IGNORECASE)
_BINARY = {"schema": {"type": "string", "format": "binary"}}
RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file.", "content": dict.fromkeys(KINDS.values(), _BINARY)},
    206: {"description": "The requested range of bytes."},
    304: {"description": "The file is still the one that was sent."},
    **refusals(
        {
            400: "The Range header is not valid.",
            404: "There is no such file of a finished job.",
            412: "The file is not the one that If-Match or If-Unmodified-Since expects.",
            416: "The range begins after the end of the file.",
            500: "The job failed; the detail gives the reason.",
        }
    ),
}


@router.head("/{job_id}/{name}", summary="Size and kind of a result file", responses=RESPONSES, name="file_head")
@router.get("/{job_id}/{name}", summary="A result file", responses=RESPONSES, response_class=FileResponse, name="file")
def file(
    job: FinishedJob,
    name: str,
    request: Request,
    settings: CurrentSettings,
    range_: Annotated[
        str | None, Header(alias="Range", description="Bytes to send, `bytes=first-last`; other units are ignored.")
    ] = None,
    if_none_match: Annotated[str | None, Header(description="ETags of the copies that you have, or `*`.")] = None,
    if_range: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> Response:
    """Return a file of a successful job, whole or in part; conditions are those of RFC 9110."""
    found = find_stored(settings, job, name)
    if range_ is not None and not _is_understood(request, range_):
        _drop_range(request)
        range_ = None
    kind = kind_of(job, name)
    response = stored_response(found, kind=kind, method=request.method, range_=range_, if_range=if_range)
    response.headers["Cache-Control"] = cache_control(job)
    etag = response.headers["etag"]
    match failed_condition(request.headers, etag=etag, modified=found.modified):
        case 304:
            kept = {k: v for k, v in response.headers.items() if k in ("etag", "last-modified", "cache-control")}
            return Response(status_code=304, headers=kept)
        case 412:
            return changed(etag)
    if range_ and range_counts(if_range, etag=etag, last_modified=response.headers["last-modified"]):
        check_range(range_, size=found.size)
    return response


def _is_understood(request: Request, range_: str) -> bool:
    """Tell whether a range counts: of GET alone, and in bytes, however they are spelt (RFC 9110, 14.1 and 14.2)."""
    return request.method == "GET" and _UNIT.match(range_) is not None


def _drop_range(request: Request) -> None:
    request.scope["headers"] = [(k, v) for k, v in request.scope["headers"] if k != b"range"]


def check_range(text: str, *, size: int) -> None:
    """Check a Range header against the size of a file in bytes.

    Raises:
        HTTPException: 400 if it is not `bytes=...`, 416 if it begins after the end of the file.
    """
    found = _RANGE.fullmatch(text.strip())
    if not found or not (found["start"] or found["end"]):
        raise HTTPException(400, "The Range header is not valid; write it as bytes=first-last.")
    start, end = found["start"], found["end"]
    if start and end and int(end) < int(start):
        raise HTTPException(400, f"The range '{text}' ends before it begins.")
    if (start and int(start) >= size) or (end == "0" and not start):
        detail = f"The range '{text}' begins after the end of the file, which has {size} bytes."
        raise HTTPException(416, detail, headers={"Content-Range": f"bytes */{size}"})


def stored_response(
    file: StoredFile, *, kind: str | None, method: str, range_: str | None = None, if_range: str | None = None
) -> Response:
    """Return the answer to HEAD or GET of a file, whole or in part.

    Args:
        file: found in the store.
        kind: media type.
        method: `HEAD` or `GET`.
        range_: the Range header, checked already; several ranges of a file that is elsewhere are answered by all of it.
        if_range: the If-Range header; the range counts only if the file still has this ETag or time.
    """
    if file.path is not None:
        return FileResponse(file.path, media_type=kind, stat_result=file.path.stat())
    headers = {
        "accept-ranges": "bytes",
        "etag": file.etag,
        "last-modified": formatdate(file.modified, usegmt=True),
    }
    holds = if_range is None or if_range in (headers["etag"], headers["last-modified"])
    part = _bounds(range_, file.size) if range_ and holds else None
    start, stop = part or (0, file.size)
    headers["content-length"] = str(stop - start)
    if part:
        headers["content-range"] = f"bytes {start}-{stop - 1}/{file.size}"
    status = 206 if part else 200
    if method == "HEAD":
        return Response(status_code=status, headers=headers, media_type=kind)
    pieces = file.pieces(start, stop)
    first = next(iter(pieces), b"")  # a store that is away is noticed before the answer begins
    return StreamingResponse(chain([first], pieces), status_code=status, headers=headers, media_type=kind)


def _bounds(text: str, size: int) -> tuple[int, int] | None:
    """Return first byte and byte after the last of a Range header; None for several ranges, or ones out of bounds."""
    found = _ONE_RANGE.fullmatch(text.strip())
    if found is None or found.groups() == ("", ""):
        return None
    start, end = found.groups()
    if not start:
        return max(0, size - int(end)), size
    stop = min(int(end) + 1, size) if end else size
    return (int(start), stop) if int(start) < stop else None
