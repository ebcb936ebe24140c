"""Planning in workers."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Bring a ledger of the revision before to this one."""
    op.add_column("jobs", sa.Column("planner", sa.String(length=255), server_default="", nullable=False))
    op.add_column("jobs", sa.Column("plan_lease", sa.Double(), server_default="0", nullable=False))
    op.add_column("jobs", sa.Column("plan_attempts", sa.Integer(), server_default="0", nullable=False))
    op.add_column("jobs", sa.Column("plan_sent", sa.Double(), server_default="0", nullable=False))
