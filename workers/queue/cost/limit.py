"""The limits of an order: a job that has cost as much as it may is ended with what is done.

Of a map no further tile is begun, and those that are open are given up. Of fields, their one piece of work looks for
itself between two groups: `Allowance`.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, and_, exists, func, or_, select, update

from core.job import FIELDS, Job, JobState, TileState
from ingest.io.meter import METER
from workers.queue.cost.costs import job_costs
from workers.queue.events.log import EventKind, note
from workers.queue.job_end import ACTIVE, end_job
from workers.queue.ledger_rows import order_of
from workers.queue.limits.parts import PARTS, reason
from workers.queue.schema import Clock, jobs, reading, tiles

STOPS = tuple(jobs.c[part.column] for part in PARTS)


def is_spent() -> ColumnElement[bool]:
    """Return the condition, on a job joined with its costs, that one of its limits is reached; unset ones never are."""
    return or_(*(job_costs.c[part.name] >= jobs.c[part.column] for part in PARTS))


def may_begin(job_id: str) -> ColumnElement[bool]:
    """Return the condition that another tile of a job may be begun."""
    own = (jobs.c.id == job_id, job_costs.c.job_id == job_id, jobs.c.product != FIELDS)
    return ~exists().where(*own, is_spent())


def stop_spent(engine: Engine, clock: Clock, job_id: str | None = None) -> int:
    """Give up the open tiles of maps that have cost as much as they may; return the number of jobs.

    Tiles that run are finished: a job may cost more than its limit by what the tiles cost that run at that moment.

    Args:
        engine, clock: of the ledger.
        job_id: to look at; None = all.
    """
    is_map = and_(jobs.c.state.in_(ACTIVE), jobs.c.product != FIELDS)
    query = select(jobs.c.document, job_costs, *STOPS).join(job_costs).where(is_map, is_spent(), _has_open())
    if job_id is not None:
        query = query.where(jobs.c.id == job_id)
    with reading(engine) as connection:
        found = connection.execute(query).all()
    for row in found:
        order = order_of(row.document)
        facts = row._asdict()
        why = reason(order.max_cost, facts, facts)
        with engine.begin() as connection:
            _stop(connection, clock(connection), row.job_id, why, has_no_gaps=order.fail_on_gaps)
    return len(found)


def _has_open() -> ColumnElement[bool]:
    return exists().where(tiles.c.job_id == jobs.c.id, tiles.c.state == TileState.OPEN)


def _stop(connection: Connection, now: float, job_id: str, why: str, *, has_no_gaps: bool) -> None:
    open_tiles = update(tiles).where(tiles.c.job_id == job_id, tiles.c.state == TileState.OPEN)
    given_up = {"state": TileState.FAILED, "error": why, "sent": 0.0, "progress": 0.0, "updated": now}
    count = connection.execute(open_tiles.values(**given_up)).rowcount
    if not count:
        return
    note(connection, now, job_id, EventKind.STOPPED, reason=f"{count} tiles are left out: {why}")
    counts = select(tiles.c.state, func.count()).where(tiles.c.job_id == job_id).group_by(tiles.c.state)
    left = {state for state, _ in connection.execute(counts)}
    if has_no_gaps or not left & {TileState.DONE, TileState.RUNNING}:
        message = f"{count} tiles are left out: {why}."
        end_job(connection, now, job_id, JobState.FAILED, message, of=ACTIVE)


class Allowance:
    """What a job may still cost, as the worker sees it that spends it; made when an attempt begins."""

    def __init__(self, engine: Engine, job: Job, clock: Callable[[], float] = time.monotonic) -> None:
        """Read what earlier attempts have cost; `clock` gives seconds and never goes back."""
        self._max_cost, self._clock = job.order.max_cost, clock
        self._began, self._before = clock(), METER.spent()
        self._row: Mapping[str, Any] = _costs_and_stops(engine, job.id) if job.order.max_cost else {}

    def reached(self, pixels: int) -> str:
        """Return which limit is reached now that this attempt has made so many pixels, as a clause; empty = none."""
        if not self._row:
            return ""
        spent = METER.spent().since(self._before)
        own = {**vars(spent), "seconds": self._clock() - self._began, "pixels": pixels}
        cost = {name: (self._row[name] or 0) + value for name, value in own.items()}
        return reason(self._max_cost, cost, self._row)


def _costs_and_stops(engine: Engine, job_id: str) -> Mapping[str, Any]:
    costs = [job_costs.c[part.name] for part in PARTS]
    query = select(*costs, *STOPS).select_from(jobs.outerjoin(job_costs)).where(jobs.c.id == job_id)
    with reading(engine) as connection:
        return dict(connection.execute(query).one()._mapping)
