"""Keys, quotas and the audit log."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Bring a ledger of the revision before to this one."""
    op.create_table(
        "access_keys",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("party", sa.String(length=64), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("created", sa.Double(), nullable=False),
        sa.Column("expires", sa.Double(), nullable=True),
        sa.Column("revoked", sa.Double(), nullable=True),
        sa.Column("running_jobs", sa.Integer(), nullable=True),
        sa.Column("pixels_per_day", sa.BigInteger(), nullable=True),
        sa.Column("requests_per_minute", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "key_requests",
        sa.Column("caller", sa.String(length=80), nullable=False),
        sa.Column("minute", sa.Integer(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("caller", "minute"),
    )
    op.create_table(
        "service_secrets",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("value", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.add_column("items", sa.Column("party", sa.String(length=64), server_default="", nullable=False))
    op.create_index("items_party", "items", ["party", sa.literal_column("created DESC"), "job_id"], unique=False)
    op.add_column("jobs", sa.Column("party", sa.String(length=64), server_default="", nullable=False))
    op.add_column("jobs", sa.Column("pixels", sa.BigInteger(), server_default="0", nullable=False))
    op.create_index("jobs_party", "jobs", ["party", "created"], unique=False)
