"""Labels of jobs."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Bring a ledger of the revision before to this one."""
    op.add_column("jobs", sa.Column("label", sa.Text(), server_default="", nullable=False))
