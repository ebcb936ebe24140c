"""Tiles that one worker reads and another renders."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Bring a ledger of the revision before to this one."""
    op.add_column("tiles", sa.Column("stage", sa.String(length=8), server_default="ingest", nullable=False))
    op.add_column("tiles", sa.Column("reads", sa.Integer(), server_default="0", nullable=False))
    op.drop_index("tiles_next", table_name="tiles")
    op.create_index("tiles_next", "tiles", ["job_id", "state", "stage", "sent", "place"], unique=False)
