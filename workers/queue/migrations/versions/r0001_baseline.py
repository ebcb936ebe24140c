"""The tables as they were before there were revisions.

Ledgers of versions from before have all of these tables, or lack some tables, columns and indexes: each gets what it
lacks. What later revisions change is not here, and this file never changes.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.schema import CreateColumn, CreateIndex, CreateTable

revision = "0001"
down_revision = None

metadata = sa.MetaData()

jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("product", sa.String(64), nullable=False),
    sa.Column("model", sa.String(128), nullable=False),
    sa.Column("document", sa.Text, nullable=False),
    sa.Column("grid", sa.Text, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("created", sa.Double, nullable=False),
    sa.Column("updated", sa.Double, nullable=False),
    sa.Column("started", sa.Double),
    sa.Column("finished", sa.Double),
    sa.Column("tiles_total", sa.Integer, nullable=False),
    sa.Column("closer", sa.String(255), nullable=False),
    sa.Column("close_lease", sa.Double, nullable=False),
    sa.Column("close_attempts", sa.Integer, nullable=False),
    sa.Column("close_sent", sa.Double, nullable=False),
    sa.Index("jobs_created", "created", "id"),
    sa.Index("jobs_state", "state"),
)

tiles = sa.Table(
    "tiles",
    metadata,
    sa.Column("job_id", sa.String(64), sa.ForeignKey("jobs.id"), primary_key=True),
    sa.Column("tile_key", sa.String(128), primary_key=True),
    sa.Column("place", sa.Integer, nullable=False),
    sa.Column("tile_column", sa.Integer, nullable=False),
    sa.Column("tile_row", sa.Integer, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("progress", sa.Double, nullable=False),
    sa.Column("error", sa.Text, nullable=False),
    sa.Column("worker", sa.String(255), nullable=False),
    sa.Column("lease", sa.Double, nullable=False),
    sa.Column("sent", sa.Double, nullable=False),
    sa.Column("updated", sa.Double, nullable=False),
    sa.Column("seconds", sa.Double),
    sa.Column("pixels", sa.Integer),
    sa.Index("tiles_state", "state", "job_id"),
)

items = sa.Table(
    "items",
    metadata,
    sa.Column("job_id", sa.String(64), sa.ForeignKey("jobs.id"), primary_key=True),
    sa.Column("collection", sa.String(64), nullable=False),
    sa.Column("created", sa.Double, nullable=False),
    sa.Column("west", sa.Double, nullable=False),
    sa.Column("south", sa.Double, nullable=False),
    sa.Column("east", sa.Double, nullable=False),
    sa.Column("north", sa.Double, nullable=False),
    sa.Column("start_time", sa.Double, nullable=False),
    sa.Column("end_time", sa.Double, nullable=False),
    sa.Column("geometry", sa.LargeBinary, nullable=False),
    sa.Column("document", sa.Text, nullable=False),
)
COVERED = ("job_id", "collection", "west", "south", "east", "north", "start_time", "end_time")
sa.Index("items_newest", items.c.created.desc(), *(items.c[name] for name in COVERED))

idempotency_keys = sa.Table(
    "idempotency_keys",
    metadata,
    sa.Column("key", sa.String(255), primary_key=True),
    sa.Column("body_sha256", sa.String(64), nullable=False),
    sa.Column("job_id", sa.String(64), nullable=False),
)


def upgrade() -> None:
    """Make an empty ledger, or add what one of an older version lacks."""
    for table in metadata.sorted_tables:
        op.execute(CreateTable(table, if_not_exists=True))
        _add_columns(table)
        for index in sorted(table.indexes, key=lambda i: str(i.name)):
            op.execute(CreateIndex(index, if_not_exists=True))


def _add_columns(table: sa.Table) -> None:
    """Add columns that an older version lacks: only such that may be empty were ever added."""
    connection = op.get_bind()
    present = {column["name"] for column in sa.inspect(connection).get_columns(table.name)}
    for column in table.columns:
        if column.name not in present:
            definition = CreateColumn(column).compile(dialect=connection.dialect)
            connection.exec_driver_sql(f"ALTER TABLE {table.name} ADD COLUMN {definition}")
