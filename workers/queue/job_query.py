"""The query for jobs with what their tiles add up to. Rows become jobs in ledger_rows.py."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Double, Integer, ScalarSelect, Select, bindparam, func, select

from core.job import TileState
from workers.queue.schema import IS_READ, jobs, tiles


@cache
def job_query() -> Select[Any]:
    """Select jobs with sums over their tiles; made once, as that takes as long as to carry it out."""
    return _with_sums(tuple(jobs.c))


@cache
def listed_job_query() -> Select[Any]:
    """Select jobs without their documents, which may be large, with sums over their tiles."""
    return _with_sums([c for c in jobs.c if c is not jobs.c.document])


@cache
def job_list_query(given: frozenset[str]) -> Select[Any]:
    """Select listed jobs that meet the conditions of a JobFilter with these names, newest first.

    Each set of names is made once, as SQLAlchemy takes longer to put a query together than to carry it out.
    Parameters are the values of `JobFilter.given`, `limit`, `offset`, and `now` by the ledger's clock.
    """
    duration = func.coalesce(jobs.c.finished, bindparam("now", type_=Double)) - jobs.c.started
    conditions: dict[str, ColumnElement[bool]] = {
        "party": jobs.c.party == bindparam("party"),
        "states": jobs.c.state.in_(bindparam("states", expanding=True)),
        "products": jobs.c.product.in_(bindparam("products", expanding=True)),
        "start": jobs.c.created >= bindparam("start"),
        "end": jobs.c.created <= bindparam("end"),
        "min_seconds": duration >= bindparam("min_seconds"),
        "max_seconds": duration <= bindparam("max_seconds"),
    }
    chosen = [condition for name, condition in conditions.items() if name in given]
    page = listed_job_query().where(*chosen).order_by(jobs.c.created.desc(), jobs.c.id)
    return page.limit(bindparam("limit", type_=Integer)).offset(bindparam("offset", type_=Integer))


def _with_sums(columns: Sequence[ColumnElement[Any]]) -> Select[Any]:
    done, failed = (_of_tiles(func.count(), state) for state in (TileState.DONE, TileState.FAILED))
    share = func.coalesce(func.sum(tiles.c.progress), 0.0)
    begun, read = _of_tiles(share, TileState.RUNNING), _of_tiles(share, TileState.OPEN, IS_READ)
    return select(
        *columns,
        done.label("tiles_done"),
        failed.label("tiles_failed"),
        func.coalesce((done + begun + read) / func.nullif(jobs.c.tiles_total, 0), 0.0).label("progress"),
        _of_tiles(func.coalesce(func.max(tiles.c.updated), 0.0), TileState.RUNNING).label("tiles_updated"),
    )


@dataclass(frozen=True, kw_only=True)
class JobFilter:
    """Conditions of a list of jobs, all of which a job must meet; None = any."""

    party: str | None = None
    states: tuple[str, ...] | None = None
    products: tuple[str, ...] | None = None
    start: datetime | None = None
    """The job was accepted at this moment or later."""
    end: datetime | None = None
    """The job was accepted at this moment or earlier."""
    min_seconds: float | None = None
    """The job has run for so long, or longer; one that has not begun has no duration."""
    max_seconds: float | None = None
    """The job has run for so long at most."""

    @property
    def needs_clock(self) -> bool:
        """Whether jobs are compared with the present moment."""
        return self.min_seconds is not None or self.max_seconds is not None

    def given(self) -> dict[str, Any]:
        """Return the conditions that are set, by name, as SQL takes their values."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        moments = {name: value.timestamp() for name, value in values.items() if isinstance(value, datetime)}
        return {name: value for name, value in (values | moments).items() if value is not None}


ALL_JOBS = JobFilter()


def _of_tiles(value: ColumnElement[Any], state: TileState, *further: ColumnElement[bool]) -> ScalarSelect[Any]:
    """Return a sum over a job's tiles of one state, which an index finds: most states have few tiles at a time."""
    own = select(value).select_from(tiles).where(tiles.c.job_id == jobs.c.id, tiles.c.state == state, *further)
    return own.correlate(jobs).scalar_subquery()
