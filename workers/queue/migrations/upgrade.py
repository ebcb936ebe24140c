"""Bring a ledger to this version's tables: by the revisions that it lacks, under a lock, in one transaction.

What the tables are is defined in workers/queue/schema.py and beside it; a test compares the two.
"""

import threading
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, column, inspect, select, table, text

from core.errors import NewerLedger

if TYPE_CHECKING:
    from alembic.config import Config

FOLDER = Path(__file__).parent
_versions = table("alembic_version", column("version_num"))
"""One row: the revision that a ledger is at, as alembic writes it."""
_LOCK_KEY = 7_217_001
"""Key of the PostgreSQL advisory lock under which one process changes the tables; SQLite has one writer at a time."""
_in_this_process = threading.Lock()
"""Alembic keeps the migration that it carries out in variables of its module."""


def upgrade(engine: Engine) -> None:
    """Carry out the revisions that a ledger lacks; any number of processes may do so at once.

    A ledger without a revision is empty, or of a version before there were any: it gets what it lacks.

    Raises:
        NewerLedger: a later version of landcast has changed its tables.
    """
    with engine.connect().execution_options(is_reader=True) as connection:
        if _revision_of(connection) == newest():
            return
    with _in_this_process, engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
        if _revision_of(connection) != newest():  # another process may have been faster
            _carry_out(connection)


def newest() -> str:
    """Return the revision of this version of landcast."""
    return max(_revisions())


def configuration(connection: Connection) -> "Config":
    """Return alembic's configuration: where the revisions lie, and the connection to carry them out on."""
    from alembic.config import Config

    found = Config(attributes={"connection": connection})
    found.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    return found


def _carry_out(connection: Connection) -> None:
    from alembic import command  # a tenth of a service's start, which seldom finds anything to carry out

    command.upgrade(configuration(connection), "head")


def _revision_of(connection: Connection) -> str | None:
    """Return the revision of a ledger; None = it has none.

    Raises:
        NewerLedger: it is not one of this version's.
        ValueError: it has several, or an empty one.
    """
    if not inspect(connection).has_table(_versions.name):
        return None
    rows = connection.scalars(select(_versions.c.version_num)).all()
    if len(rows) > 1 or "" in rows:
        raise ValueError(f"the table {_versions.name} of the ledger does not hold one revision")
    if rows and rows[0] not in _revisions():
        raise NewerLedger(rows[0], newest())
    return str(rows[0]) if rows else None


@cache
def _revisions() -> frozenset[str]:
    """Return the revisions of this version, which their files are named by; they follow each other by number."""
    return frozenset(path.name[1:5] for path in (FOLDER / "versions").glob("r[0-9]*.py"))
