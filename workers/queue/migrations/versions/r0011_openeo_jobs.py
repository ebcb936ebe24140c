"""openEO jobs."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Bring a ledger of the revision before to this one."""
    op.create_table(
        "openeo_jobs",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("party", sa.String(255), nullable=False),
        sa.Column("created", sa.Float(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("process", sa.Text(), nullable=False),
    )
    op.create_index("ix_openeo_jobs_party", "openeo_jobs", ["party"])
