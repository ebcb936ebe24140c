"""Share links of a finished job. How they are signed: service/access/shares.py."""

from datetime import UTC, datetime

from fastapi import APIRouter, Request

from service.access.shares import PARAMETER, Shares
from service.errors import refusals
from service.links import BaseUrl, file_url, link
from service.results import PNG, outputs_of
from service.sharing.schemas import Share, ShareRequest
from service.state import CurrentCaller, CurrentSettings, FinishedJob

router = APIRouter(prefix="/jobs", tags=["Jobs"])

NO_RESULTS = refusals(
    {404: "There is no such job, or its results are not ready.", 500: "The job failed; the detail gives the reason."}
)


@router.post(
    "/{job_id}/share", summary="Share the results of a job", responses=NO_RESULTS, response_model_exclude_none=True
)
def share(
    job: FinishedJob,
    request: Request,
    settings: CurrentSettings,
    caller: CurrentCaller,
    base: BaseUrl,
    wanted: ShareRequest | None = None,
) -> Share:
    """Return links that open files and pictures of the job to whoever has them.

    They end after their time, and when the job is dismissed or the key that made them is revoked.
    """
    shares: Shares = request.app.state.shares
    token, end = shares.make(job.id, key_id=caller.key_id, seconds=(wanted or ShareRequest()).seconds)
    query = f"{PARAMETER}={token}"
    files = [
        link(
            f"{file_url(base, job.id, name)}?{query}",
            "item" if output.id == "item" else "enclosure",
            kind=output.kind,
            title=output.title,
        )
        for output, name in outputs_of(settings, job)
    ]
    if job.order.is_of_fields:
        return Share(expires=_time(end), query=query, links=files)
    picture = link(f"{base}/jobs/{job.id}/preview.png?{query}", "preview", kind=PNG, title="Picture of a layer")
    tiles = link(f"{base}/jobs/{job.id}/tilejson.json?{query}", "tilejson", kind="application/json", title="Map tiles")
    wmts = link(f"{base}/jobs/{job.id}/wmts?{query}", "wmts", kind="application/xml", title="WMTS of all layers")
    return Share(expires=_time(end), query=query, links=[*files, picture, tiles, wmts])


def _time(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat().replace("+00:00", "Z")
