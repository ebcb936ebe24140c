"""Result files over HTTP: HEAD, Range, ETag. The kinds of files: results.py."""

import re
from typing import Annotated, Any

from fastapi import APIRouter, Header, HTTPException, Response
from fastapi.responses import FileResponse

from service.errors import refusals
from service.results import KINDS, find_file
from service.state import CurrentSettings, FinishedJob

router = APIRouter(prefix="/files", tags=["Files"])

_RANGE = re.compile(r"bytes=(?P<start>\d*)-(?P<end>\d*)(?P<more>(,\s*\d*-\d*)*)")
_BINARY = {"schema": {"type": "string", "format": "binary"}}
RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file.", "content": dict.fromkeys(KINDS.values(), _BINARY)},
    206: {"description": "The requested range of bytes."},
    304: {"description": "The file still has the ETag that was sent."},
    **refusals(
        {
            400: "The Range header is not valid.",
            404: "There is no such file of a finished job.",
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
    settings: CurrentSettings,
    range_: Annotated[str | None, Header(alias="Range", description="Bytes to send, `bytes=first-last`.")] = None,
    if_none_match: Annotated[str | None, Header(description="ETag of the copy that you have.")] = None,
) -> Response:
    """Return a file of a successful job, whole or in part."""
    path = find_file(settings, job, name)
    response = FileResponse(path, media_type=KINDS.get(path.suffix), stat_result=path.stat())
    response.headers["Cache-Control"] = "no-cache"
    if if_none_match and response.headers["etag"] in if_none_match:
        kept = {k: v for k, v in response.headers.items() if k in ("etag", "last-modified", "cache-control")}
        return Response(status_code=304, headers=kept)
    if range_:
        check_range(range_, size=path.stat().st_size)
    return response


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
