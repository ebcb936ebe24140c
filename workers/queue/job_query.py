"""The query for jobs with what their tiles add up to. Rows become jobs in ledger_rows.py."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, func, select

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

    def conditions(self, now: float) -> list[ColumnElement[bool]]:
        """Return what SQL compares; `now` is the moment by the ledger's clock, seconds since 1970."""
        found: list[ColumnElement[bool]] = []
        if self.party is not None:
            found.append(jobs.c.party == self.party)
        if self.states is not None:
            found.append(jobs.c.state.in_(self.states))
        if self.products is not None:
            found.append(jobs.c.product.in_(self.products))
        if self.start is not None:
            found.append(jobs.c.created >= self.start.timestamp())
        if self.end is not None:
            found.append(jobs.c.created <= self.end.timestamp())
        duration = func.coalesce(jobs.c.finished, now) - jobs.c.started
        if self.min_seconds is not None:
            found.append(duration >= self.min_seconds)
        if self.max_seconds is not None:
            found.append(duration <= self.max_seconds)
        return found


ALL_JOBS = JobFilter()


def _of_tiles(value: ColumnElement[Any], state: TileState, *further: ColumnElement[bool]) -> ScalarSelect[Any]:
    """Return a sum over a job's tiles of one state, which an index finds: most states have few tiles at a time."""
    own = select(value).select_from(tiles).where(tiles.c.job_id == jobs.c.id, tiles.c.state == state, *further)
    return own.correlate(jobs).scalar_subquery()
