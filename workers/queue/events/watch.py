"""A job as those see it who follow it: state, sums over its tiles, its latest event, and the time that is left."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, case, func, select

from core.errors import UnknownJob
from core.job import Job, JobState, TileState
from workers.queue.events.log import EventKind, job_events
from workers.queue.job_query import listed_job_query
from workers.queue.ledger_rows import listed_job_of
from workers.queue.schema import database_now, jobs, reading, tiles

LEAST_WORK, LEAST_S = 0.1, 1.0
"""Tiles' worth of work that must be done, and time that it must have taken, before an estimate is made."""
RECENT = 5
"""Finished jobs of the same product from which the time of writing a result is taken."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """A job at one moment."""

    job: Job
    """Without its region: its order has only a product and a model."""
    last: int
    """Number of its latest event; 0 = none, as of jobs of an older version."""
    seconds_left: float | None = None
    """Until the job ends, if it goes on as it did; None = nothing is known."""
    now: float = 0.0
    """The moment by the ledger's clock, seconds since 1970."""


def look(engine: Engine, job_id: str) -> Look:
    """Return a job as it is now, with the estimate of the time that is left.

    Raises:
        UnknownJob: no job has the id.
    """
    with reading(engine) as connection:
        query = listed_job_query().where(jobs.c.id == job_id)
        row = connection.execute(query).one_or_none()
        if row is None:
            raise UnknownJob(job_id)
        now = database_now(connection)
        return Look(job=listed_job_of(row), last=row.events, seconds_left=_seconds_left(connection, row, now), now=now)


def _seconds_left(connection: Connection, row: Any, now: float) -> float | None:
    if row.state != JobState.RUNNING:
        return None
    writing = _mean_writing_s(connection, row.product)
    began = _since_start(connection, row.id, EventKind.RESULT_STARTED)
    if began is not None:
        left = None if writing is None else writing - (now - began)
        return left if left is not None and left > 0 else None
    of_tiles = _of_tiles(connection, row.id, now)
    return None if of_tiles is None else of_tiles + (writing or 0.0)


def _of_tiles(connection: Connection, job_id: str, now: float) -> float | None:
    """Return the seconds until all tiles are done, at the speed of those since the job was accepted or retried."""
    began = _since_start(connection, job_id, EventKind.TILE_STARTED)
    if began is None:
        return None
    running = func.coalesce(func.sum(case((tiles.c.state == TileState.RUNNING, tiles.c.progress), else_=0.0)), 0.0)
    unfinished = tiles.c.state.in_((TileState.OPEN, TileState.RUNNING))
    counts = select(running, func.count()).where(tiles.c.job_id == job_id, unfinished)
    in_work, count = connection.execute(counts).one()
    done = _count_done(connection, job_id) + float(in_work)
    took = now - began
    return None if done < LEAST_WORK or took < LEAST_S else took * (count - float(in_work)) / done


def _start(job_id: str) -> Any:
    """Return the number of the event with which the present attempt at a job began."""
    begins = job_events.c.kind.in_((EventKind.ACCEPTED, EventKind.RETRIED))
    latest = select(func.max(job_events.c.number)).where(job_events.c.job_id == job_id, begins)
    return func.coalesce(latest.scalar_subquery(), 0)


def _since_start(connection: Connection, job_id: str, kind: EventKind) -> float | None:
    """Return when the first event of a kind was since then; None = there was none."""
    of_kind = (job_events.c.job_id == job_id, job_events.c.kind == kind, job_events.c.number > _start(job_id))
    found = connection.scalar(select(func.min(job_events.c.moment)).where(*of_kind))
    return None if found is None else float(found)


def _count_done(connection: Connection, job_id: str) -> int:
    done = (job_events.c.job_id == job_id, job_events.c.kind == EventKind.TILE_DONE)
    return int(connection.scalar(select(func.count()).where(*done, job_events.c.number > _start(job_id))) or 0)


def _mean_writing_s(connection: Connection, product: str) -> float | None:
    """Return how long the writing of the latest results of a product took on average; None = there were none."""
    ended = select(jobs.c.id).where(jobs.c.product == product, jobs.c.state == JobState.SUCCESSFUL)
    recent = ended.order_by(jobs.c.created.desc(), jobs.c.id).limit(RECENT).subquery()
    ends = (EventKind.RESULT_STARTED, EventKind.SUCCESSFUL)
    began, finished = (func.max(case((job_events.c.kind == kind, job_events.c.moment))) for kind in ends)
    of_recent = (job_events.c.job_id.in_(select(recent.c.id)), job_events.c.kind.in_(ends))
    rows = connection.execute(select(began, finished).where(*of_recent).group_by(job_events.c.job_id)).all()
    took = [finish - begin for begin, finish in rows if begin is not None and finish is not None]
    return sum(took) / len(took) if took else None
