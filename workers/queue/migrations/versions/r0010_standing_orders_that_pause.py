"""Standing orders that pause."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Bring a ledger of the revision before to this one."""
    op.add_column("standing_orders", sa.Column("paused", sa.Integer(), server_default="0", nullable=False))
