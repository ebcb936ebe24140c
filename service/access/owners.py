"""Whose jobs a request may see: a job of another party does not exist for it. One place, for all routes of jobs."""

from fastapi import Request
from sqlalchemy import Engine, select
from starlette.concurrency import run_in_threadpool

from core.errors import UnknownJob
from service.access.caller import NOBODY, Caller
from workers.queue.schema import jobs, reading


def caller_of(request: Request) -> Caller:
    """Return who sends a request, as the middleware found it."""
    found: Caller = getattr(request.state, "caller", NOBODY)
    return found


async def check_owner(request: Request) -> None:
    """Check that the job of the path belongs to the party of the request; a dependency of every route.

    Raises:
        UnknownJob: as if there were no such job.
    """
    job_id, caller = request.path_params.get("job_id"), caller_of(request)
    if job_id is None or caller.sees_all:
        return
    is_other = bool(caller.job_id) and caller.job_id != job_id
    if is_other or await run_in_threadpool(party_of, request.app.state.ledger.engine, job_id) != caller.party:
        raise UnknownJob(job_id)


def party_of(engine: Engine, job_id: str) -> str | None:
    """Return the party of a job; None = there is no such job."""
    if "\x00" in job_id:  # PostgreSQL takes no such text
        return None
    with reading(engine) as connection:
        found: str | None = connection.scalar(select(jobs.c.party).where(jobs.c.id == job_id))
    return found
