"""The end of a job in the ledger: the one statement that ends it, and the event that says so."""

from typing import Any

from sqlalchemy import Connection, case, func, update

from core.job import JobState
from workers.queue.events.log import note_end
from workers.queue.schema import jobs

ACTIVE = (JobState.ACCEPTED, JobState.RUNNING)
UNDER_WAY = (jobs.c.state.in_(ACTIVE), jobs.c.tiles_total > 0)
"""Conditions of planned jobs that have not ended."""


def end_job(
    connection: Connection,
    now: float,
    job_id: str,
    state: JobState,
    message: str,
    *,
    of: tuple[JobState, ...],
    worker: str = "",
) -> bool:
    """End a job that is in one of the states `of`, and if a worker is given, is closed by it; False = it is not."""
    change = update(jobs).where(jobs.c.id == job_id, jobs.c.state.in_(of), jobs.c.state != state)
    if worker:
        change = change.where(jobs.c.closer == worker)
    ended: dict[str, Any] = {"state": state, "message": message}
    if state is JobState.FAILED:  # a retry that fails leaves the result as it was
        had_result = jobs.c.finished.is_not(None)
        ended["state"] = case((had_result, JobState.SUCCESSFUL), else_=state)
        ended["message"] = case((had_result, f"The retry failed, the earlier result stays: {message}"), else_=message)
    finished = case((jobs.c.state.in_(ACTIVE), now), else_=func.coalesce(jobs.c.finished, now))
    has_ended = connection.execute(change.values(**ended, finished=finished, updated=now)).rowcount == 1
    if has_ended:
        note_end(connection, now, job_id)
    return has_ended
