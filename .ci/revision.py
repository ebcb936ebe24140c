"""Write the next revision of the ledger's tables: python .ci/revision.py "what it adds".

The tables as they are defined are compared with those that the revisions so far make, on an empty SQLite ledger.
"""

import importlib
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, MetaData

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from workers.queue.migrations.upgrade import configuration, newest  # noqa: E402
from workers.queue.schema import create_tables, metadata, open_engine  # noqa: E402

ROOMS_WITH_TABLES = ("workers", "service")


def defined() -> MetaData:
    """Return the definitions of all tables, wherever they are written."""
    for room in ROOMS_WITH_TABLES:
        for path in (ROOT / room).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            if "migrations" not in path.parts and "metadata" in text and "Table(" in text:
                importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    return metadata


def differences(connection: Connection) -> list[object]:
    """Return what is defined otherwise than it is in a ledger."""
    return list(compare_metadata(MigrationContext.configure(connection), defined()))


def write_revision(message: str) -> Path | None:
    """Write the file of the next revision; None = the revisions make the tables as they are defined."""
    with TemporaryDirectory() as folder:
        engine = open_engine(f"sqlite:///{folder}/ledger.sqlite")
        create_tables(engine)
        with engine.begin() as connection:
            if not differences(connection):
                return None
            config = configuration(connection)
            config.attributes["metadata"] = defined()
            config.set_main_option("file_template", "r%%(rev)s_%%(slug)s")
            number = f"{int(newest()) + 1:04d}"
            written = command.revision(config, message, autogenerate=True, rev_id=number)
        engine.dispose()
    return Path(written.path)  # type: ignore[union-attr]


def main() -> None:
    """Write a revision, and say where."""
    if len(sys.argv) != 2:
        raise SystemExit("Say in a few words what the revision changes: make revision MESSAGE='table of keys'")
    path = write_revision(sys.argv[1])
    print(f"Written: {path.relative_to(ROOT)}; read and format it" if path else "The revisions are complete.")


if __name__ == "__main__":
    main()
