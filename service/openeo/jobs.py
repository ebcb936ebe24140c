"""openEO jobs: created, started, followed, deleted. Once started, a job is one of the ledger with the same id."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from core.errors import UnknownJob
from core.job import Job, JobState
from service.access.shares import PARAMETER, Shares
from service.access.start import needs_keys
from service.errors import refusals
from service.hidden_paths import hidden_paths
from service.links import BaseUrl
from service.openeo.drafts import MOST_OF_A_PARTY, Draft, Drafts
from service.openeo.graph import read_graph
from service.openeo.refusals import Flaw, OpenEoRoute
from service.openeo.schemas import OpenEoDocument, OpenEoJob
from service.preview import item_of
from service.results import finished_job
from service.stac.items import published
from service.state import (
    CurrentCaller,
    CurrentDependencies,
    CurrentItems,
    CurrentLedger,
    CurrentQuotas,
    CurrentSettings,
    party_seen,
)
from workers import accept
from workers.queue import dispatch
from workers.queue.events.log import EventKind, events_after
from workers.queue.ledger import Ledger

router = APIRouter(prefix="/openeo/jobs", tags=["openEO"], route_class=OpenEoRoute)

STATES = {
    JobState.ACCEPTED: "queued",
    JobState.RUNNING: "running",
    JobState.SUCCESSFUL: "finished",
    JobState.FAILED: "error",
    JobState.DISMISSED: "canceled",
}
LEVELS = {
    EventKind.TILE_FAILED: "warning",
    EventKind.RESULT_FAILED: "warning",
    EventKind.WAITING: "warning",
    EventKind.STOPPED: "warning",
    EventKind.TILE_GIVEN_UP: "error",
    EventKind.FAILED: "error",
}
"""Of lines of a log; of all others it is "info"."""
MOST_LOG_LINES = 1000
SHARED_S = 86_400
"""How long the URLs of result files hold."""
UNKNOWN = refusals({404: "There is no such job."})
REFUSALS = refusals(
    {
        400: "The process graph is not valid or not supported; `code` and `message` give the reason.",
        413: "The body is too large.",
        502: "The archive does not answer, or its scenes cannot be read.",
        503: "Jobs cannot be carried out now.",
    }
)


def _drafts(ledger: CurrentLedger, caller: CurrentCaller) -> Drafts:
    return Drafts(ledger.engine, party_seen(caller))


CurrentDrafts = Annotated[Drafts, Depends(_drafts)]


def _draft(openeo_id: str, drafts: CurrentDrafts) -> Draft:
    return drafts.find(openeo_id)


KnownDraft = Annotated[Draft, Depends(_draft)]
"""The job that `{openeo_id}` of the path names, of the caller's party; UnknownJob if there is none."""


@router.get("", summary="List openEO jobs")
def openeo_jobs(
    drafts: CurrentDrafts,
    ledger: CurrentLedger,
    limit: Annotated[int, Query(ge=1, description=f"Most jobs in the answer, {MOST_OF_A_PARTY} at most.")] = 100,
) -> OpenEoDocument:
    """Return the openEO jobs of the caller's party, newest first."""
    found = drafts.newest(min(limit, MOST_OF_A_PARTY))
    return OpenEoDocument.of(jobs=[_described(draft, _job_of(ledger, draft.id)) for draft in found], links=[])


@router.post("", status_code=201, summary="Create an openEO job", responses=REFUSALS)
def openeo_create(
    given: OpenEoJob,
    response: Response,
    drafts: CurrentDrafts,
    settings: CurrentSettings,
    dependencies: CurrentDependencies,
    caller: CurrentCaller,
    base: BaseUrl,
) -> OpenEoDocument:
    """Check a process graph and keep it as a job, which waits until it is started."""
    wanted = read_graph(given.process)
    accept.check(wanted.product, _titled(wanted.inputs, given.title), settings, dependencies)
    texts = {"title": given.title or "", "description": given.description or ""}
    draft = drafts.add(party=caller.party, process=given.process, **texts)
    response.headers["Location"] = f"{base}/openeo/jobs/{draft.id}"
    response.headers["OpenEO-Identifier"] = draft.id
    return OpenEoDocument.of(id=draft.id)


@router.get("/{openeo_id}", summary="One openEO job", responses=UNKNOWN)
def openeo_job(draft: KnownDraft, ledger: CurrentLedger) -> OpenEoDocument:
    """Return the state of a job and its process graph."""
    return OpenEoDocument.of(**_described(draft, _job_of(ledger, draft.id)), process=draft.process)


@router.delete("/{openeo_id}", status_code=204, summary="Delete an openEO job", responses=UNKNOWN)
def openeo_delete(draft: KnownDraft, drafts: CurrentDrafts, ledger: CurrentLedger, settings: CurrentSettings) -> None:
    """Stop a job, or withdraw its results, and forget it."""
    if _job_of(ledger, draft.id) is not None:
        dispatch.dismiss(draft.id, settings)
    drafts.remove(draft.id)


@router.post("/{openeo_id}/results", status_code=202, summary="Start an openEO job", responses={**UNKNOWN, **REFUSALS})
def openeo_start(
    draft: KnownDraft,
    ledger: CurrentLedger,
    settings: CurrentSettings,
    dependencies: CurrentDependencies,
    caller: CurrentCaller,
    quotas: CurrentQuotas,
) -> None:
    """Order what the process graph says. A job that was started already goes on, one that failed is tried again."""
    job = _job_of(ledger, draft.id)
    if job is not None and job.state is JobState.DISMISSED:
        raise Flaw("JobCanceled", "The job was stopped, and what it had done is gone; create it anew.")
    if job is not None and job.state is JobState.FAILED:
        quotas.check_running(caller)
        dispatch.retry(draft.id, settings)
    if job is not None:
        return
    wanted = read_graph(draft.process)
    found = accept.check(wanted.product, _titled(wanted.inputs, draft.title), settings, dependencies)
    admit = quotas.admit(caller)
    dispatch.submit(found.order, settings, pixels=found.pixels, job_id=draft.id, party=draft.party, admit=admit)


@router.delete("/{openeo_id}/results", status_code=204, summary="Stop an openEO job", responses=UNKNOWN)
def openeo_stop(draft: KnownDraft, ledger: CurrentLedger, settings: CurrentSettings) -> None:
    """Stop a job that runs; a finished one keeps its results."""
    job = _job_of(ledger, draft.id)
    if job is not None and not job.state.is_final:
        dispatch.dismiss(draft.id, settings)


@router.get(
    "/{openeo_id}/results",
    summary="Results of an openEO job",
    responses={**UNKNOWN, **refusals({500: "The job failed; the detail gives the reason."})},
)
def openeo_results(
    draft: KnownDraft,
    request: Request,
    ledger: CurrentLedger,
    settings: CurrentSettings,
    items: CurrentItems,
    caller: CurrentCaller,
    base: BaseUrl,
) -> OpenEoDocument:
    """Return the STAC item of a finished job, its assets by the names of their files.

    Where keys are needed, their URLs are share links of a day: clients of openEO send no token to them.
    """
    if _job_of(ledger, draft.id) is None:
        text = f"Job '{draft.id}' is not started; POST /openeo/jobs/{draft.id}/results starts it."
        raise Flaw("JobNotFinished", text, status=404)
    item = published(item_of(finished_job(ledger, draft.id), items), base)
    assets = {asset["href"].rsplit("/", 1)[-1]: asset for asset in item["assets"].values()}
    if needs_keys(settings):
        shares: Shares = request.app.state.shares
        token, _ = shares.make(draft.id, key_id=caller.key_id, seconds=SHARED_S)
        assets = {name: {**a, "href": f"{a['href']}?{PARAMETER}={token}"} for name, a in assets.items()}
    return OpenEoDocument.of(**{**item, "assets": assets, "openeo:status": "finished"})


@router.get("/{openeo_id}/logs", summary="Log of an openEO job", responses=UNKNOWN)
def openeo_logs(draft: KnownDraft, ledger: CurrentLedger, settings: CurrentSettings) -> OpenEoDocument:
    """Return what happened to a job and its tiles, oldest first."""
    if _job_of(ledger, draft.id) is None:
        return OpenEoDocument.of(logs=[], links=[])
    events = events_after(ledger.engine, draft.id, 0, limit=MOST_LOG_LINES)
    lines = [
        {
            "id": str(e.number),
            "level": LEVELS.get(e.kind, "info"),
            "message": hidden_paths(e.reason or str(e.kind), settings),
        }
        for e in events
    ]
    return OpenEoDocument.of(logs=lines, links=[])


def _titled(inputs: dict[str, Any], title: str | None) -> dict[str, Any]:
    return {**inputs, "title": title} if title else inputs


def _job_of(ledger: Ledger, draft_id: str) -> Job | None:
    """Return the job of the ledger; None = not started."""
    try:
        return ledger.job(draft_id)
    except UnknownJob:
        return None


def _described(draft: Draft, job: Job | None) -> dict[str, Any]:
    created = datetime.fromtimestamp(draft.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    found: dict[str, Any] = {"id": draft.id, "status": "created" if job is None else STATES[job.state]}
    found |= {"created": created, "updated": created if job is None else job.updated, "links": []}
    if job is not None:
        found["progress"] = round(100 * min(max(job.progress, 0.0), 1.0))
    texts = {"title": draft.title, "description": draft.description}
    return found | {name: text for name, text in texts.items() if text}
