"""The limit of an order: a job that has cost as many seconds of workers as it may is ended with what is done."""

from sqlalchemy import ColumnElement, Connection, Engine, exists, func, select, update

from core.job import JobState, TileState
from workers.queue.cost.costs import job_costs
from workers.queue.events.log import EventKind, note
from workers.queue.job_end import ACTIVE, end_job
from workers.queue.ledger_rows import order_of
from workers.queue.schema import Clock, jobs, reading, tiles

REASON = "the order's limit of {:g} seconds of workers (max_seconds) was reached before it was begun"


def stop_spent(engine: Engine, clock: Clock, job_id: str | None = None) -> int:
    """Give up the open tiles of jobs that have cost as much as they may; return the number of jobs.

    Tiles that run are finished: a job may cost more than its limit by what the tiles cost that run at that moment.

    Args:
        engine, clock: of the ledger.
        job_id: to look at; None = all.
    """
    query = select(jobs.c.id, jobs.c.document).join(job_costs).where(*_is_spent(), _has_open())
    if job_id is not None:
        query = query.where(jobs.c.id == job_id)
    with reading(engine) as connection:
        found = connection.execute(query).all()
    for row in found:
        order = order_of(row.document)
        reason = REASON.format(order.max_seconds or 0.0)
        with engine.begin() as connection:
            _stop(connection, clock(connection), row.id, reason, has_no_gaps=order.fail_on_gaps)
    return len(found)


def _is_spent() -> tuple[ColumnElement[bool], ...]:
    return jobs.c.state.in_(ACTIVE), jobs.c.stop_at_s.is_not(None), job_costs.c.seconds >= jobs.c.stop_at_s


def _has_open() -> ColumnElement[bool]:
    return exists().where(tiles.c.job_id == jobs.c.id, tiles.c.state == TileState.OPEN)


def _stop(connection: Connection, now: float, job_id: str, reason: str, *, has_no_gaps: bool) -> None:
    open_tiles = update(tiles).where(tiles.c.job_id == job_id, tiles.c.state == TileState.OPEN)
    given_up = {"state": TileState.FAILED, "error": reason, "sent": 0.0, "progress": 0.0, "updated": now}
    count = connection.execute(open_tiles.values(**given_up)).rowcount
    if not count:
        return
    note(connection, now, job_id, EventKind.STOPPED, reason=f"{count} tiles are left out: {reason}")
    counts = select(tiles.c.state, func.count()).where(tiles.c.job_id == job_id).group_by(tiles.c.state)
    left = {state for state, _ in connection.execute(counts)}
    if has_no_gaps or not left & {TileState.DONE, TileState.RUNNING}:
        message = f"{count} tiles are left out: {reason}."
        end_job(connection, now, job_id, JobState.FAILED, message, of=ACTIVE)
