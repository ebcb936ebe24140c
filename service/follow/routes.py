"""What happened to a job, as a list and as a stream. Its state: service/jobs.py."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request, Response

from core.settings import Settings
from service.errors import refusals
from service.follow.schemas import JobEvent, JobLog
from service.follow.streams import Document, EventStream, Streams
from service.hidden_paths import hidden_paths
from service.jobs import status_info
from service.links import BaseUrl, link
from service.state import CurrentCaller, CurrentLedger, CurrentSettings, KnownJob
from workers.queue.events.log import Event, events_after
from workers.queue.events.watch import Look

router = APIRouter(prefix="/jobs", tags=["Jobs"])

MAX_PAGE = 1000
UNKNOWN = refusals({404: "There is no such job."})
NO_STREAM = refusals({503: "Too many streams are open, or the ledger cannot be reached."})
STREAM: dict[int | str, dict[str, Any]] = {
    200: {"description": "Server-sent events.", "content": {"text/event-stream": {"schema": {"type": "string"}}}},
    204: {"description": "The job has ended and nothing follows Last-Event-ID; browsers stop asking."},
}
Number = Annotated[int, Query(ge=0, le=2**31 - 1, description="Only events that follow the one of this number.")]


async def _streams(request: Request) -> Streams:
    found: Streams = request.app.state.streams
    return found


CurrentStreams = Annotated[Streams, Depends(_streams)]


@router.get("/{job_id}/log", summary="Events of a job", responses=UNKNOWN, response_model_exclude_none=True)
def job_log(
    found: KnownJob,
    ledger: CurrentLedger,
    settings: CurrentSettings,
    base: BaseUrl,
    after: Number = 0,
    limit: Annotated[int, Query(ge=1, description=f"Most events in one answer, {MAX_PAGE} at most.")] = 100,
) -> JobLog:
    """Return what happened to a job and its tiles, oldest first, with the reasons of failures."""
    limit = min(limit, MAX_PAGE)
    events = events_after(ledger.engine, found.id, after, limit=limit + 1)
    here = f"{base}/jobs/{found.id}/log?limit={limit}"
    links = [link(f"{here}&after={after}", "self")]
    if len(events) > limit:
        links.append(link(f"{here}&after={events[limit - 1].number}", "next"))
    return JobLog(events=[job_event(e, settings) for e in events[:limit]], links=links)


@router.get(
    "/{job_id}/events",
    status_code=200,
    summary="Stream of a job's events",
    response_class=EventStream,
    responses={**UNKNOWN, **NO_STREAM, **STREAM},
)
async def job_events(
    found: KnownJob,
    streams: CurrentStreams,
    settings: CurrentSettings,
    caller: CurrentCaller,
    request: Request,
    base: BaseUrl,
    last_event_id: Annotated[
        int | None, Header(ge=0, le=2**31 - 1, description="Number of the last event that the client has.")
    ] = None,
    after: Number = 0,
) -> Response:
    """Stream what happens to a job: `log` for each event, `status` when state or progress change.

    The stream ends with the job, or with the key or token of the request.

    After a break, clients continue with the header `Last-Event-ID`, as browsers do by themselves.
    """
    number = after if last_event_id is None else last_event_id
    now = await streams.look(found.id)
    if last_event_id is not None and now.job.state.is_final and number >= now.last:
        return Response(status_code=204)
    return EventStream(
        streams,
        found.id,
        number,
        event=lambda event: job_event(event, settings).model_dump(exclude_none=True),
        status=lambda seen: _status(seen, base, settings),
        is_welcome=lambda: request.app.state.access.is_welcome(caller),
    )


def job_event(event: Event, settings: Settings) -> JobEvent:
    """Return an event as the service shows it, without paths of the server."""
    moment = datetime.fromtimestamp(event.moment, UTC).isoformat(timespec="milliseconds")
    return JobEvent(
        number=event.number,
        time=moment.replace("+00:00", "Z"),
        event=event.kind.value,
        tile=event.tile_key or None,
        reason=hidden_paths(event.reason, settings) or None,
        seconds=event.seconds,
    )


def _status(seen: Look, base: str, settings: Settings) -> Document:
    return status_info(seen.job, base, settings, seconds_left=seen.seconds_left, now=seen.now).model_dump(
        exclude_none=True
    )
