"""OGC API - Processes 1.0: jobs, their states, results and dismissal. Orders: processes.py."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, HTTPException, Query, Request, Response

from core.errors import InvalidOption
from core.job import Job, JobState, Order, Priority
from core.settings import Settings
from products.catalogue import find_product
from service.answers.together import Together
from service.errors import refusals
from service.hidden_paths import hidden_paths
from service.links import GEOJSON, JSON, BaseUrl, file_url, link
from service.results import outputs_of
from service.schemas import (
    CostInfo,
    GapFeature,
    JobList,
    JobStatus,
    Link,
    Reference,
    Stage,
    StatusInfo,
    WebhookState,
)
from service.stac.search_request import check_parameters
from service.stac.times import read_interval
from service.state import (
    CurrentCaller,
    CurrentLedger,
    CurrentQuotas,
    CurrentSettings,
    FinishedJob,
    KnownJob,
    party_seen,
)
from workers.accept import allowed_archive
from workers.gaps import gaps_of
from workers.queue import dispatch
from workers.queue.cost.costs import Cost, cost_of
from workers.queue.events.watch import look
from workers.queue.job_query import JobFilter
from workers.webhooks.outbox import Outbox

router = APIRouter(prefix="/jobs", tags=["Jobs"])

UNKNOWN = refusals({404: "There is no such job."})
NO_RESULTS = refusals(
    {404: "There is no such job, or its results are not ready.", 500: "The job failed; the detail gives the reason."}
)
RESULTS_REL = "http://www.opengis.net/def/rel/ogc/1.0/results"
MAX_PAGE = 1000
FILTERS = ("status", "processID", "datetime", "type", "minDuration", "maxDuration", "limit", "offset")
STATES = tuple(state.value for state in JobState)


@router.get(
    "",
    summary="List jobs",
    response_model=JobList,
    responses=refusals({400: "A filter is not valid; the detail gives the reason."}),
)
async def jobs(
    request: Request,
    ledger: CurrentLedger,
    settings: CurrentSettings,
    base: BaseUrl,
    caller: CurrentCaller,
    status: Annotated[list[str] | None, Query(description=f"Of these states alone: {', '.join(STATES)}.")] = None,
    process: Annotated[list[str] | None, Query(alias="processID", description="Of these processes alone.")] = None,
    time: Annotated[
        str | None,
        Query(alias="datetime", description="Accepted at a time (RFC 3339), or in an interval with `/`; `..` = open."),
    ] = None,
    kind: Annotated[Literal["process"] | None, Query(alias="type", description="All jobs are of this type.")] = None,
    shortest: Annotated[
        float | None,
        Query(alias="minDuration", ge=0, allow_inf_nan=False, description="Have run for so many seconds or more."),
    ] = None,
    longest: Annotated[
        float | None,
        Query(alias="maxDuration", ge=0, allow_inf_nan=False, description="Have run for so many seconds at most."),
    ] = None,
    limit: Annotated[int, Query(ge=1, description=f"Most jobs in one answer, {MAX_PAGE} at most.")] = 100,
    offset: Annotated[int, Query(ge=0, le=2**31 - 1, description="Jobs to skip, counted from the newest.")] = 0,
) -> Response:
    """Return the jobs of the caller's party, newest first; unknown parameters, which filter nothing, are refused."""
    check_parameters(request.query_params, FILTERS)
    wanted = job_filter(status, process, time)
    only = replace(wanted, min_seconds=shortest, max_seconds=longest, party=party_seen(caller))
    durations = {"minDuration": shortest, "maxDuration": longest}
    chosen = {"status": status, "processID": process, "datetime": time, "type": kind, **durations}
    most = min(limit, MAX_PAGE)
    url = _page_url(base, chosen)

    def read() -> bytes:
        found = ledger.jobs(limit=most + 1, offset=offset, only=only)
        links = _pages(url, most, offset, has_more=len(found) > most)
        page = JobList(jobs=[status_info(j, base, settings) for j in found[:most]], links=links)
        return page.model_dump_json(exclude_none=True).encode()  # written once, and checked already

    together: Together = request.app.state.together
    return Response(await together.answer((only, url, most, offset), read), media_type=JSON)


def _pages(url: str, limit: int, offset: int, *, has_more: bool) -> list[Link]:
    """Return links to a page of a list, to the next and to the previous one."""
    pages = {"self": offset}
    if has_more:
        pages["next"] = offset + limit
    if offset:
        pages["prev"] = max(0, offset - limit)
    return [link(f"{url}{urlencode({'limit': limit, 'offset': n})}", rel) for rel, n in pages.items()]


def job_filter(states: list[str] | None, processes: list[str] | None, time: str | None) -> JobFilter:
    """Return which jobs a list shows; names may be separated by commas or given one by one.

    Raises:
        InvalidOption: there is no such state, or the time is unreadable.
    """
    wanted = _words(states)
    for state in wanted or ():
        if state not in STATES:
            raise InvalidOption("status", state, f"a job is {', '.join(STATES)}")
    start, end = read_interval(time)
    return JobFilter(states=wanted, products=_words(processes), start=start, end=end)


def _words(given: list[str] | None) -> tuple[str, ...] | None:
    return None if given is None else tuple(word.strip() for text in given for word in text.split(","))


def _page_url(base: str, parameters: dict[str, Any]) -> str:
    """Return the URL of a list, to which limit and offset are to be added."""
    chosen = urlencode({k: v for k, v in parameters.items() if v is not None}, doseq=True)
    return f"{base}/jobs?{chosen}{'&' if chosen else ''}"


@router.get("/{job_id}", summary="Follow a job", responses=UNKNOWN, response_model_exclude_none=True)
def job(found: KnownJob, ledger: CurrentLedger, settings: CurrentSettings, base: BaseUrl) -> StatusInfo:
    """Return the state of a job, what was ordered, and what its archive was taken for."""
    gaps = [GapFeature.model_validate(gap.to_geojson()) for gap in gaps_of(ledger, found)]
    further: dict[str, Any] = {
        "cost": cost_info(cost_of(ledger.engine, found.id)),
        "inputs": _inputs(found, settings),
        "input": list(found.order.input) or None,
        "gaps": gaps or None,
    }
    told = Outbox(ledger.engine).delivery(found.id)
    if told is not None:
        state = WebhookState(pending=told.is_pending, attempts=told.attempts, error=told.error or None)
        further["webhook"] = state
    seen = look(ledger.engine, found.id)
    status = status_info(found, base, settings, seconds_left=seen.seconds_left, now=seen.now)
    return status.model_copy(update=further)


@router.post(
    "/{job_id}/retry",
    status_code=202,
    summary="Try missing tiles again",
    responses={**UNKNOWN, **refusals({409: "The job was dismissed."})},
    response_model_exclude_none=True,
)
def retry(
    found: KnownJob,
    ledger: CurrentLedger,
    settings: CurrentSettings,
    caller: CurrentCaller,
    quotas: CurrentQuotas,
    base: BaseUrl,
) -> StatusInfo:
    """Try the tiles again that an ended job lacks; its earlier result stays until the new one replaces it.

    A job that is complete or still runs stays as it is.
    """
    if found.state is JobState.DISMISSED:
        raise HTTPException(409, f"Job '{found.id}' was dismissed and cannot be tried again; order it anew.")
    quotas.check_running(caller)
    Outbox(ledger.engine).reopen(found.id)
    return status_info(dispatch.retry(found.id, settings), base, settings)


@router.delete("/{job_id}", summary="Dismiss a job", responses=UNKNOWN, response_model_exclude_none=True)
def dismiss(found: KnownJob, settings: CurrentSettings, base: BaseUrl) -> StatusInfo:
    """Stop a job, or withdraw the results of a finished one; its files are removed."""
    return status_info(dispatch.dismiss(found.id, settings), base, settings)


@router.get("/{job_id}/results", summary="Results of a job", responses=NO_RESULTS, response_model_exclude_none=True)
def results(found: FinishedJob, settings: CurrentSettings, base: BaseUrl) -> dict[str, Reference]:
    """Return links to the files of a successful job."""
    return results_document(found, settings, base)


def results_document(found: Job, settings: Settings, base: str) -> dict[str, Reference]:
    """Return links to the files of a successful job, by the names of its outputs."""
    return {
        output.id: Reference(href=file_url(base, found.id, name), type=output.kind, title=output.title)
        for output, name in outputs_of(settings, found)
    }


def status_info(
    found: Job, base: str, settings: Settings, *, seconds_left: float | None = None, now: float = 0.0
) -> StatusInfo:
    """Return a job as OGC's statusInfo.

    Args:
        found: the job.
        base, settings: of the service.
        seconds_left: until it ends; None = not known.
        now: the moment of that estimate by the ledger's clock, seconds since 1970.
    """
    end = None if seconds_left is None else datetime.fromtimestamp(now, UTC) + timedelta(seconds=seconds_left)
    status: JobStatus = found.state.value
    return StatusInfo(
        jobID=found.id,
        processID=found.order.product,
        title=found.label.title or None,
        subject=found.label.subject or None,
        place=list(found.label.place) or None,
        status=status,
        message=hidden_paths(found.message, settings),
        progress=round(100 * min(max(found.progress, 0.0), 1.0)),
        stage=_stage(found),
        secondsLeft=None if seconds_left is None else max(1, round(seconds_left)),
        estimatedCompletion=end.isoformat(timespec="seconds").replace("+00:00", "Z") if end else None,
        created=found.created,
        started=found.started or None,
        finished=(found.finished or None) if found.state.is_final else None,
        updated=found.updated,
        tiles=found.tiles_total,
        tilesDone=found.tiles_done,
        tilesFailed=found.tiles_failed,
        complete=found.is_complete if found.state is JobState.SUCCESSFUL else None,
        links=_links(found, base),
    )


def cost_info(cost: Cost) -> CostInfo:
    """Return what a job has cost as a document."""
    return CostInfo(
        seconds=round(cost.seconds, 1),
        pixels=cost.pixels,
        sceneReads=cost.scene_reads,
        readBytes=cost.read_bytes,
        processingUnits=round(cost.processing_units, 3),
    )


def _stage(found: Job) -> Stage | None:
    if found.state is JobState.ACCEPTED:
        return "waiting"
    if found.state.is_final:
        return None
    return "tiles" if found.tiles_done + found.tiles_failed < found.tiles_total else "result"


def _links(found: Job, base: str) -> list[Link]:
    here = f"{base}/jobs/{found.id}"
    links = [
        link(here, "self", title="This job"),
        link(f"{base}/processes/{found.order.product}", "up", title="Process"),
    ]
    if found.has_result:
        links.append(link(f"{here}/results", RESULTS_REL, title="Results"))
    if found.has_result and not found.order.is_of_fields:
        item = f"{base}/stac/collections/{found.order.product}/items/{found.id}"
        links.append(link(item, "item", kind=GEOJSON, title="STAC item"))
    return links


def _inputs(found: Job, settings: Settings) -> dict[str, Any]:
    """Return inputs that order the same again, without the service's own archive, whose path clients need not see."""
    order = found.order
    inputs = _of_fields(order) if order.is_of_fields else _of_map(order)
    is_own = order.archive == allowed_archive(settings.archives.default, settings)
    if order.fail_on_gaps:
        inputs["fail_on_gaps"] = True
    if order.title:
        inputs["title"] = order.title
    if order.priority != Priority.NORMAL:
        inputs["priority"] = order.priority
    if order.max_cost:
        inputs["max_cost"] = dict(order.max_cost)
    return inputs if is_own else {**inputs, "archive": order.archive}


def _of_map(order: Order) -> dict[str, Any]:
    chosen = find_product(order.product).options.choices()
    params = {name: value for name, value in order.params.items() if name in chosen}
    return {"region": dict(order.region), "model": order.model, **params}


def _of_fields(order: Order) -> dict[str, Any]:
    """Return inputs of an order of fields; in place of the features, which may be megabytes, what names them."""
    return {name: value for name, value in order.params.items() if name != "models" and value != ""}
