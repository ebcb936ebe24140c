"""Limits of all parts of a cost."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Bring a ledger of the revision before to this one."""
    for name in ("pixels", "scene_reads", "read_bytes", "processing_units"):
        op.add_column("jobs", sa.Column(f"stop_at_{name}", sa.Double(), nullable=True))
