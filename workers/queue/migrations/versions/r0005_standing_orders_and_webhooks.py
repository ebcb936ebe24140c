"""Standing orders and webhooks."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Bring a ledger of the revision before to this one."""
    _add_standing_orders()
    _add_webhooks()


def _add_standing_orders() -> None:
    op.create_table(
        "standing_orders",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("party", sa.String(length=64), nullable=False),
        sa.Column("caller", sa.String(length=80), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("product", sa.String(length=64), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("every_days", sa.Integer(), nullable=False),
        sa.Column("created", sa.Double(), nullable=False),
        sa.Column("due", sa.Double(), nullable=False),
        sa.Column("ends", sa.Double(), nullable=True),
        sa.Column("holder", sa.String(length=255), nullable=False),
        sa.Column("lease", sa.Double(), nullable=False),
        sa.Column("scenes", sa.Text(), nullable=False),
        sa.Column("runs", sa.Integer(), nullable=False),
        sa.Column("last_run", sa.Double(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("standing_orders_due", "standing_orders", ["due"], unique=False)
    op.create_index("standing_orders_party", "standing_orders", ["party", "created"], unique=False)


def _add_webhooks() -> None:
    op.create_table(
        "webhooks",
        sa.Column("job_id", sa.String(length=64), nullable=False),
        sa.Column("success", sa.Text(), nullable=False),
        sa.Column("in_progress", sa.Text(), nullable=False),
        sa.Column("failed", sa.Text(), nullable=False),
        sa.Column("base", sa.Text(), nullable=False),
        sa.Column("caller", sa.String(length=80), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("told", sa.Double(), nullable=False),
        sa.Column("due", sa.Double(), nullable=True),
        sa.Column("holder", sa.String(length=255), nullable=False),
        sa.Column("lease", sa.Double(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], initially="DEFERRED", deferrable=True),
        sa.PrimaryKeyConstraint("job_id"),
    )
    op.create_index("webhooks_due", "webhooks", ["due"], unique=False)
