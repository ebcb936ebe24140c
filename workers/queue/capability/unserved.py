"""Jobs that wait in a queue which no worker serves: they say so, instead of waiting without a word."""

from sqlalchemy import ColumnElement, Connection, Update, and_, exists, or_, select, update

from core.groups.queues import Capability
from core.job import TileState
from core.settings import Settings
from workers.queue.events.log import EventKind, note
from workers.queue.job_end import ACTIVE
from workers.queue.ledger import Ledger
from workers.queue.presence import unserved
from workers.queue.schema import jobs, reading, tiles

WAIT_S = 20.0
"""A message that has waited for so long in a queue without a worker is told of; a worker takes seconds to start."""


def sentence(queues: list[Capability]) -> str:
    """Return what is wrong with queues that no worker serves, as the clause of a sentence."""
    names = " and ".join(filter(None, [", ".join(queues[:-1]), *queues[-1:]]))
    return f"no worker serves the queue{'s' if len(queues) > 1 else ''} {names}"


def tell_unserved(ledger: Ledger, settings: Settings, *, wait_s: float = WAIT_S) -> int:
    """Write into jobs that wait for a queue without a worker what is missing, and take it back later; how many changed.

    Raises:
        WorkerUnavailable: Redis cannot be reached.
    """
    missing = unserved(settings)
    return sum(_tell(ledger, c, wait_s) if c in missing else _take_back(ledger, c) for c in Capability)


def _tell(ledger: Ledger, queue: Capability, wait_s: float) -> int:
    told = f"waiting: {sentence([queue])}"
    with reading(ledger.engine) as connection:
        before = ledger.clock(connection) - wait_s
        query = select(jobs.c.id).where(jobs.c.state.in_(ACTIVE), jobs.c.message != told, _waits(queue, before))
        found = list(connection.scalars(query))
    return sum(_change(ledger, job_id, told) for job_id in found)


def _take_back(ledger: Ledger, queue: Capability) -> int:
    told = f"waiting: {sentence([queue])}"
    with reading(ledger.engine) as connection:
        found = list(connection.scalars(select(jobs.c.id).where(jobs.c.state.in_(ACTIVE), jobs.c.message == told)))
    return sum(_change(ledger, job_id, "", told) for job_id in found)


def _change(ledger: Ledger, job_id: str, message: str, before: str = "") -> int:
    change = update(jobs).where(jobs.c.id == job_id, jobs.c.state.in_(ACTIVE), jobs.c.message != message)
    if before:
        change = change.where(jobs.c.message == before)
    with ledger.engine.begin() as connection:
        return _write(connection, ledger.clock(connection), change.values(message=message), job_id, message)


def _write(connection: Connection, now: float, change: Update, job_id: str, message: str) -> int:
    changed: int = connection.execute(change).rowcount
    if changed and message:
        note(connection, now, job_id, EventKind.WAITING, reason=message.removeprefix("waiting: "))
    return changed


def _waits(queue: Capability, before: float) -> ColumnElement[bool]:
    """Return the condition of jobs whose message in a queue was sent earlier and which nobody has taken."""
    open_ = (tiles.c.job_id == jobs.c.id, tiles.c.state == TileState.OPEN, tiles.c.stage == queue)
    tile = exists().where(*open_, tiles.c.sent > 0, tiles.c.sent < before)
    plan = (jobs.c.tiles_total == 0, jobs.c.planner == "", jobs.c.plan_sent > 0, jobs.c.plan_sent < before)
    close = (jobs.c.tiles_total > 0, jobs.c.closer == "", jobs.c.close_sent > 0, jobs.c.close_sent < before)
    if queue is Capability.POST:
        return and_(*close)
    return or_(tile, and_(*plan)) if queue is Capability.INGEST else tile
