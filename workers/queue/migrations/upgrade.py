"""Bring a ledger to this version's tables: by the revisions that it lacks, under a lock, in one transaction.

What the tables are is defined in workers/queue/schema.py and beside it; a test compares the two.
"""

import threading
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from core.errors import NewerLedger

FOLDER = Path(__file__).parent
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
            command.upgrade(configuration(connection), "head")


def newest() -> str:
    """Return the revision of this version of landcast."""
    return str(_scripts().get_current_head())


def configuration(connection: Connection) -> Config:
    """Return alembic's configuration: where the revisions lie, and the connection to carry them out on."""
    found = Config(attributes={"connection": connection})
    found.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    return found


def _revision_of(connection: Connection) -> str | None:
    """Return the revision of a ledger; None = it has none.

    Raises:
        NewerLedger: it is not one of this version's.
    """
    found = MigrationContext.configure(connection).get_current_revision()
    if found is not None and found not in {script.revision for script in _scripts().walk_revisions()}:
        raise NewerLedger(found, newest())
    return found


@cache
def _scripts() -> ScriptDirectory:
    return ScriptDirectory(FOLDER)
