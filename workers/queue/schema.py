"""Tables of the ledger and the engine they live in: SQLite in WAL mode or PostgreSQL. No states or transitions here.

Whoever changes a table here, or adds one to `metadata` here or elsewhere, runs `make revision`: it writes the file in
workers/queue/migrations/versions that brings existing ledgers there.
"""

import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Double,
    Engine,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    event,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from workers.queue.migrations.upgrade import upgrade

metadata = MetaData()

jobs = Table(
    "jobs",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("product", String(64), nullable=False),
    Column("model", String(128), nullable=False),
    Column("document", Text, nullable=False),  # the Order as JSON
    Column("grid", Text, nullable=False),  # the Grid of its tiles as JSON; empty until it is planned
    Column("state", String(16), nullable=False),
    Column("message", Text, nullable=False, default=""),
    Column("created", Double, nullable=False),  # times are seconds since 1970, UTC
    Column("updated", Double, nullable=False),
    Column("started", Double),
    Column("finished", Double),
    Column("tiles_total", Integer, nullable=False),  # 0 = not planned yet
    Column("closer", String(255), nullable=False, default=""),  # worker that writes the result
    Column("close_lease", Double, nullable=False, default=0.0),  # when that worker loses the closing
    Column("close_attempts", Integer, nullable=False, default=0),
    Column("close_sent", Double, nullable=False, default=0.0),  # when a message was last sent; 0 = never
    Column("planner", String(255), nullable=False, server_default=""),  # worker that cuts the region into tiles
    Column("plan_lease", Double, nullable=False, server_default="0"),  # when that worker loses the planning
    Column("plan_attempts", Integer, nullable=False, server_default="0"),
    Column("plan_sent", Double, nullable=False, server_default="0"),  # when a message was last sent; 0 = not yet
    Column("events", Integer, nullable=False, server_default="0"),  # number of the latest of its events
    Column("party", String(64), nullable=False, server_default=""),  # whose it is; empty = ordered without a key
    Column("pixels", BigInteger, nullable=False, server_default="0"),  # of all its tiles
    Column("label", Text, nullable=False, server_default=""),  # the Label as JSON; empty in ledgers of before
    Column("priority", String(8), nullable=False, server_default="normal"),  # among the jobs of its party
    Column("stop_at_s", Double),  # of workers; when it has cost so much, no further tile is begun; empty = never
    Column("stop_at_pixels", Double),  # the same of the other parts of its cost
    Column("stop_at_scene_reads", Double),
    Column("stop_at_read_bytes", Double),
    Column("stop_at_processing_units", Double),
    Index("jobs_created", "created", "id"),
    Index("jobs_state", "state"),
    Index("jobs_party", "party", "created"),
)

tiles = Table(
    "tiles",
    metadata,
    Column("job_id", String(64), ForeignKey("jobs.id"), primary_key=True),
    Column("tile_key", String(128), primary_key=True),
    Column("place", Integer, nullable=False),  # order in which tiles are sent out
    Column("tile_column", Integer, nullable=False),
    Column("tile_row", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("progress", Double, nullable=False, default=0.0),
    Column("error", Text, nullable=False, default=""),
    Column("worker", String(255), nullable=False, default=""),
    Column("lease", Double, nullable=False, default=0.0),
    Column("sent", Double, nullable=False, default=0.0),  # when a message was last sent; 0 = not yet, or reopened
    Column("updated", Double, nullable=False),
    Column("seconds", Double),  # time of the rendering; empty = not rendered, or reused
    Column("pixels", Integer),  # number of pixels rendered
    Column("started", Double),  # when it was last claimed
    Column("stage", String(8), nullable=False, server_default="ingest"),  # what it needs: `ingest`; `compute` = is read
    Column("reads", Integer, nullable=False, server_default="0"),  # attempts that did not fail: they read it
    Index("tiles_state", "state", "job_id"),
    Index("tiles_next", "job_id", "state", "stage", "sent", "place"),
)

IS_READ = tiles.c.stage == "compute"
"""Condition of tiles that wait to be computed: few at a time, and an index finds them among those that are open."""

items = Table(
    "items",
    metadata,
    Column("job_id", String(64), ForeignKey("jobs.id"), primary_key=True),  # the item's id is its job's
    Column("collection", String(64), nullable=False),  # the product
    Column("created", Double, nullable=False),  # when the job was
    Column("west", Double, nullable=False),  # bounding box in degrees
    Column("south", Double, nullable=False),
    Column("east", Double, nullable=False),  # greater than 180 where the item crosses 180 degrees
    Column("north", Double, nullable=False),
    Column("start_time", Double, nullable=False),
    Column("end_time", Double, nullable=False),
    Column("geometry", LargeBinary, nullable=False),  # WKB, WGS84, cut at 180 degrees
    Column("document", Text, nullable=False),  # the item as JSON, as it lies beside its files
    Column("party", String(64), nullable=False, server_default=""),  # that of its job
)
Index(
    "items_newest",  # holds every column that a search compares, so that a scan of it reads no document
    items.c.created.desc(),
    *(items.c[name] for name in ("job_id", "collection", "west", "south", "east", "north", "start_time", "end_time")),
)
Index("items_party", items.c.party, items.c.created.desc(), items.c.job_id)

Clock = Callable[[Connection], float]
"""Reads seconds since 1970 from a connection."""
AWAY = (OperationalError, InterfaceError, InternalError, PoolTimeout)
"""Errors of a ledger that is away for now: server down, disk full, no file descriptor left. Later it may be back."""
CONNECT_S = 5
"""Longest time until a PostgreSQL that does not answer counts as away."""
BUSY_TIMEOUT_MS = 30_000
"""Longest time that writers of SQLite wait for each other; each transaction takes milliseconds."""


def open_engine(url: str) -> Engine:
    """Return an engine whose transactions begin as writers, except those opened with `reading`."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        waits = {"connect_timeout": CONNECT_S} if parsed.get_backend_name() == "postgresql" else {}
        return create_engine(parsed, pool_pre_ping=True, connect_args=waits)
    if parsed.database and parsed.database != ":memory:" and not parsed.database.startswith("file:"):
        path = Path(parsed.database)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
        close_to_others(path)
    engine = create_engine(parsed)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def close_to_others(path: Path) -> None:
    """Take the files of a SQLite database away from users who are neither their owner nor of their group.

    New ones are for their owner alone; those of an older version may be open to all.
    """
    for file in (path, *(path.with_name(path.name + ending) for ending in ("-wal", "-shm", "-journal"))):
        with suppress(OSError):  # not there, or another user's
            mode = file.stat().st_mode
            if mode & stat.S_IRWXO:
                file.chmod(stat.S_IMODE(mode) & ~stat.S_IRWXO)


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that only reads and never waits for a writer."""
    with engine.execution_options(is_reader=True).begin() as connection:
        yield connection


def database_now(connection: Connection) -> float:
    """Return the database's clock, seconds since 1970: the one clock that all its users share."""
    clocks = {
        "postgresql": "extract(epoch from clock_timestamp())",
        "sqlite": "(julianday('now') - 2440587.5) * 86400.0",
    }
    return float(connection.exec_driver_sql(f"SELECT {clocks[connection.dialect.name]}").scalar_one())


def create_tables(engine: Engine) -> None:
    """Bring the ledger to this version's tables; several processes may do so at once.

    Raises:
        NewerLedger: a later version of landcast has changed its tables.
    """
    upgrade(engine)


def _prepare(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions are opened by _begin, not by Python's sqlite3
    for pragma in (f"busy_timeout={BUSY_TIMEOUT_MS}", "journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin(connection: Connection) -> None:
    """Take the write lock at once: SQLite refuses a reader that becomes a writer later instead of letting it wait."""
    is_reader = connection.get_execution_options().get("is_reader", False)
    connection.exec_driver_sql("BEGIN" if is_reader else "BEGIN IMMEDIATE")
