"""Costs of jobs: workers' time, pixels and reads, added up as attempts end. The limit of an order: limit.py."""

from dataclasses import dataclass

from sqlalchemy import BigInteger, Column, Connection, Double, Engine, ForeignKey, String, Table, func, select
from sqlalchemy.dialects import postgresql, sqlite

from ingest.io.meter import Spent
from workers.queue.events.log import EventKind, job_events
from workers.queue.schema import metadata, reading

NOTHING = Spent()

job_costs = Table(
    "job_costs",
    metadata,
    Column("job_id", String(64), ForeignKey("jobs.id"), primary_key=True),
    Column("seconds", Double, nullable=False),
    Column("pixels", BigInteger, nullable=False),
    Column("scene_reads", BigInteger, nullable=False),
    Column("read_bytes", BigInteger, nullable=False),
    Column("processing_units", Double, nullable=False),
)


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a job has cost so far; once it has ended, what it cost."""

    seconds: float = 0.0
    """Time of workers, by the ledger's clock: each attempt at a tile from claim to end, and the writing of the result.

    Of a worker that died, until its last sign of life. Planning is not counted.
    """
    pixels: int = 0
    """Pixels rendered for it; tiles that were there already cost none."""
    scene_reads: int = 0
    """Windows of scenes read from archives, not from a cache. Attempts whose worker died are not in it."""
    read_bytes: int = 0
    """Size in memory of the pixels of these reads."""
    processing_units: float = 0.0
    """Of Sentinel Hub. Attempts whose worker died are not in it."""


def add_cost(connection: Connection, job_id: str, *, seconds: float, pixels: int = 0, spent: Spent = NOTHING) -> None:
    """Add to the cost of a job, in the transaction that ends an attempt."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    more = {
        "seconds": max(0.0, seconds),
        "pixels": pixels,
        "scene_reads": spent.scene_reads,
        "read_bytes": spent.read_bytes,
        "processing_units": spent.processing_units,
    }
    row = insert(job_costs).values(job_id=job_id, **more)
    sums = {name: job_costs.c[name] + value for name, value in more.items()}
    connection.execute(row.on_conflict_do_update(index_elements=["job_id"], set_=sums))


def add_closing(connection: Connection, now: float, job_id: str) -> None:
    """Add the time since the writing of the result last began."""
    began = select(func.max(job_events.c.moment)).where(
        job_events.c.job_id == job_id, job_events.c.kind == EventKind.RESULT_STARTED
    )
    moment = connection.scalar(began)
    if moment is not None:
        add_cost(connection, job_id, seconds=now - moment)


def cost_of(engine: Engine, job_id: str) -> Cost:
    """Return what a job has cost; all zero if no attempt has ended."""
    with reading(engine) as connection:
        row = connection.execute(select(job_costs).where(job_costs.c.job_id == job_id)).one_or_none()
    if row is None:
        return Cost()
    return Cost(**{name: value for name, value in row._mapping.items() if name != "job_id"})
