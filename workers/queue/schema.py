"""Tables of the ledger and the engine they live in: SQLite in WAL mode or PostgreSQL. No states or transitions here."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import (
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
    inspect,
    text,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.schema import CreateColumn, CreateIndex, CreateTable

metadata = MetaData()

jobs = Table(
    "jobs",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("product", String(64), nullable=False),
    Column("model", String(128), nullable=False),
    Column("document", Text, nullable=False),  # the Order as JSON
    Column("grid", Text, nullable=False),  # the Grid of its tiles as JSON
    Column("state", String(16), nullable=False),
    Column("message", Text, nullable=False, default=""),
    Column("created", Double, nullable=False),  # times are seconds since 1970, UTC
    Column("updated", Double, nullable=False),
    Column("started", Double),
    Column("finished", Double),
    Column("tiles_total", Integer, nullable=False),
    Column("closer", String(255), nullable=False, default=""),  # worker that writes the result
    Column("close_lease", Double, nullable=False, default=0.0),  # when that worker loses the closing
    Column("close_attempts", Integer, nullable=False, default=0),
    Column("close_sent", Double, nullable=False, default=0.0),  # when a message was last sent; 0 = never
    Column("events", Integer, nullable=False, server_default="0"),  # number of the latest of its events
    Index("jobs_created", "created", "id"),
    Index("jobs_state", "state"),
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
    Index("tiles_state", "state", "job_id"),
)

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
)
Index(
    "items_newest",  # holds every column that a search compares, so that a scan of it reads no document
    items.c.created.desc(),
    *(items.c[name] for name in ("job_id", "collection", "west", "south", "east", "north", "start_time", "end_time")),
)

AWAY = (OperationalError, InterfaceError, InternalError, PoolTimeout)
"""Errors of a ledger that is away for now: server down, disk full, no file descriptor left. Later it may be back."""
CONNECT_S = 5
"""Longest time until a PostgreSQL that does not answer counts as away."""
BUSY_TIMEOUT_MS = 30_000
"""Longest time that writers of SQLite wait for each other; each transaction takes milliseconds."""
_CREATION_LOCK = 7_217_001
"""Key of the PostgreSQL advisory lock under which one process creates the tables."""


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
    engine = create_engine(parsed)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


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
    """Create the tables, columns and indexes that are missing; several processes may do so at once."""
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _CREATION_LOCK})
        for table in metadata.sorted_tables:
            connection.execute(CreateTable(table, if_not_exists=True))
            _add_columns(connection, table)
            for index in sorted(table.indexes, key=lambda i: str(i.name)):
                connection.execute(CreateIndex(index, if_not_exists=True))


def _add_columns(connection: Connection, table: Table) -> None:
    """Add columns that an older version lacks; such columns are nullable or have a server default."""
    present = {column["name"] for column in inspect(connection).get_columns(table.name)}
    for column in table.columns:
        if column.name not in present:
            definition = CreateColumn(column).compile(dialect=connection.dialect)
            connection.exec_driver_sql(f"ALTER TABLE {table.name} ADD COLUMN {definition}")


def _prepare(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions are opened by _begin, not by Python's sqlite3
    for pragma in (f"busy_timeout={BUSY_TIMEOUT_MS}", "journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin(connection: Connection) -> None:
    """Take the write lock at once: SQLite refuses a reader that becomes a writer later instead of letting it wait."""
    is_reader = connection.get_execution_options().get("is_reader", False)
    connection.exec_driver_sql("BEGIN" if is_reader else "BEGIN IMMEDIATE")
