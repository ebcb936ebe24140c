"""Tiles that a job lacks: when they end it, and how they are opened again. All other states: ledger.py."""

from sqlalchemy import Connection, and_, case, exists, func, or_, select, update

from core.groups.queues import Capability
from core.job import JobState, TileState
from workers.queue.cost.costs import job_costs
from workers.queue.ledger_rows import order_of
from workers.queue.limits.parts import stop_columns
from workers.queue.schema import jobs, tiles

HOPELESS = 16
"""A job of which so many tiles were given up while none is done ends: the fault is most likely not in the tiles."""


def must_fail(connection: Connection, job_id: str) -> bool:
    """Tell whether a job ends because of the tiles that were given up."""
    document = connection.execute(select(jobs.c.document).where(jobs.c.id == job_id)).scalar_one()
    if order_of(document).fail_on_gaps:
        return True
    counts = select(tiles.c.state, func.count()).where(tiles.c.job_id == job_id).group_by(tiles.c.state)
    found = {TileState(row[0]): int(row[1]) for row in connection.execute(counts)}
    given_up, done = found.get(TileState.FAILED, 0), found.get(TileState.DONE, 0)
    return not done and (given_up >= HOPELESS or given_up == sum(found.values()))


def reopen_missing(connection: Connection, job_id: str, now: float) -> bool:
    """Open the missing tiles of a failed job, or of a successful one with gaps; False = it is neither.

    A job that was successful keeps the time when it was: a sign that its earlier result is there.
    """
    is_missing = and_(tiles.c.job_id == job_id, tiles.c.state != TileState.DONE)
    connection.execute(select(tiles.c.place).where(is_missing).with_for_update())  # tiles are locked before jobs
    has_gaps = and_(jobs.c.state == JobState.SUCCESSFUL, exists().where(is_missing))
    again = update(jobs).where(jobs.c.id == job_id, or_(jobs.c.state == JobState.FAILED, has_gaps))
    anew = {"closer": "", "close_sent": 0.0, "close_attempts": 0, "message": ""}
    kept = case((jobs.c.state == JobState.SUCCESSFUL, jobs.c.finished), else_=None)
    if connection.execute(again.values(**anew, state=JobState.RUNNING, finished=kept, updated=now)).rowcount != 1:
        return False
    unplanned = update(jobs).where(jobs.c.id == job_id, jobs.c.tiles_total == 0)  # what failed is its planning
    anew = {"state": JobState.ACCEPTED, "planner": "", "plan_sent": 0.0, "plan_attempts": 0}
    connection.execute(unplanned.values(**anew))
    _allow_again(connection, job_id)
    fresh = {"state": TileState.OPEN, "attempts": 0, "error": "", "worker": "", "sent": 0.0, "progress": 0.0}
    fresh |= {"stage": Capability.INGEST, "reads": 0}
    connection.execute(update(tiles).where(is_missing).values(**fresh, updated=now))
    return True


def _allow_again(connection: Connection, job_id: str) -> None:
    """Let a job with a limit cost as much again as its order allows."""
    order = order_of(connection.execute(select(jobs.c.document).where(jobs.c.id == job_id)).scalar_one())
    if order.max_cost:
        row = connection.execute(select(job_costs).where(job_costs.c.job_id == job_id)).one_or_none()
        spent = {} if row is None else dict(row._mapping)
        change = update(jobs).where(jobs.c.id == job_id)
        connection.execute(change.values(**stop_columns(order.max_cost, spent)))
