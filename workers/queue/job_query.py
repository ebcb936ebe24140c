"""The query for jobs with what their tiles add up to. Rows become jobs in ledger_rows.py."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, case, func, select

from core.job import TileState
from workers.queue.schema import jobs, tiles


def job_query(*columns: ColumnElement[Any]) -> Select[Any]:
    """Select jobs, or some of their columns, with sums over their tiles."""
    done, failed = (_count(state) for state in (TileState.DONE, TileState.FAILED))
    return select(
        *(columns or jobs.c),
        _of_tiles(done).label("tiles_done"),
        _of_tiles(failed).label("tiles_failed"),
        _of_tiles(func.coalesce(func.avg(tiles.c.progress), 0.0)).label("progress"),
        _of_tiles(func.coalesce(func.max(tiles.c.updated), 0.0)).label("tiles_updated"),
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

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return what SQL compares."""
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
        return found


ALL_JOBS = JobFilter()


def _count(state: TileState) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((tiles.c.state == state, 1), else_=0)), 0)


def _of_tiles(value: ColumnElement[Any]) -> ScalarSelect[Any]:
    return select(value).where(tiles.c.job_id == jobs.c.id).correlate(jobs).scalar_subquery()
