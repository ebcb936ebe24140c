"""Events of jobs: one row for each change of a job or tile, written in the transaction of the change.

The events of a job are numbered from 1 without gaps, in the order in which their transactions end: a counter in the
job's row is raised first, and the row stays locked until the end. Who has read up to a number misses nothing by asking
for what comes after it.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Double,
    Engine,
    ForeignKey,
    Index,
    Integer,
    Row,
    String,
    Table,
    Text,
    insert,
    select,
    update,
)

from workers.queue.schema import jobs, metadata, reading

MAX_REASON = 2000
"""Characters of a reason; an error may quote what a server sent."""

job_events = Table(
    "job_events",
    metadata,
    Column("job_id", String(64), ForeignKey("jobs.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("moment", Double, nullable=False),  # seconds since 1970, UTC
    Column("kind", String(16), nullable=False),
    Column("tile_key", String(128), nullable=False, default=""),
    Column("reason", Text, nullable=False, default=""),
    Column("seconds", Double),  # time of a tile's rendering; empty = reused
    Index("job_events_kind", "job_id", "kind"),
)


class EventKind(StrEnum):
    """What happened."""

    ACCEPTED = "accepted"
    PLANNED = "planned"
    """The region was cut into tiles; the reason states their number."""
    RETRIED = "retried"
    """The missing tiles of an ended job are tried again."""
    TILE_STARTED = "tile-started"
    TILE_READ = "tile-read"
    """Its cube is in the store; a worker that computes renders it next."""
    TILE_DONE = "tile-done"
    TILE_FAILED = "tile-failed"
    """An attempt failed; another follows."""
    TILE_GIVEN_UP = "tile-given-up"
    """No attempt is left."""
    RESULT_STARTED = "result-started"
    """All tiles are done or given up; a worker writes the files."""
    STOPPED = "stopped"
    """The order's limit is reached: no further tile is begun; the reason states how many are left out."""
    WAITING = "waiting"
    """Nobody serves the queue that it waits in; the reason names it."""
    STAGE = "stage"
    """A step of the writing begins; the reason names it."""
    RESULT_FAILED = "result-failed"
    """Writing the files failed; another attempt follows."""
    SUCCESSFUL = "successful"
    FAILED = "failed"
    DISMISSED = "dismissed"


@dataclass(frozen=True, kw_only=True)
class Event:
    """One change of a job or of one of its tiles."""

    number: int
    """From 1, without gaps within a job."""
    moment: float
    """Seconds since 1970 by the ledger's clock."""
    kind: EventKind
    tile_key: str = ""
    """Empty of events of the job as a whole."""
    reason: str = ""
    """Why, or the stage or message, in words; empty where there is nothing to say."""
    seconds: float | None = None
    """Time of a tile's rendering; None of other events, and where an existing tile was reused."""


def note(
    connection: Connection,
    now: float,
    job_id: str,
    kind: EventKind,
    *,
    tile_key: str = "",
    reason: str = "",
    seconds: float | None = None,
) -> None:
    """Write an event in the transaction of the change that it tells of.

    Call it after the changes of tiles: rows of tiles are locked before those of jobs everywhere.
    """
    raised = (
        update(jobs).where(jobs.c.id == job_id).values(events=jobs.c.events + 1, updated=now).returning(jobs.c.events)
    )
    number = connection.execute(raised).scalar_one()
    row = {"job_id": job_id, "number": number, "moment": now, "kind": kind, "tile_key": tile_key}
    connection.execute(insert(job_events).values(**row, reason=reason[:MAX_REASON], seconds=seconds))


def note_end(connection: Connection, now: float, job_id: str) -> None:
    """Write that a job has ended, with the state and message that its row has now."""
    row = connection.execute(select(jobs.c.state, jobs.c.message).where(jobs.c.id == job_id)).one()
    note(connection, now, job_id, EventKind(row.state), reason=row.message)


def events_after(engine: Engine, job_id: str, number: int, *, limit: int) -> list[Event]:
    """Return the events of a job that follow a number, oldest first, at most `limit`."""
    query = select(job_events).where(job_events.c.job_id == job_id, job_events.c.number > number)
    with reading(engine) as connection:
        return [_event(row) for row in connection.execute(query.order_by(job_events.c.number).limit(limit))]


def _event(row: Row[Any]) -> Event:
    return Event(
        number=row.number,
        moment=row.moment,
        kind=EventKind(row.kind),
        tile_key=row.tile_key,
        reason=row.reason,
        seconds=row.seconds,
    )
