"""Fair shares, costs and limits of jobs."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Bring a ledger of the revision before to this one."""
    op.create_table(
        "turns",
        sa.Column("party", sa.String(length=64), nullable=False),
        sa.Column("priority", sa.String(length=8), nullable=False),
        sa.Column("turn", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("party", "priority"),
    )
    op.create_table(
        "job_costs",
        sa.Column("job_id", sa.String(length=64), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("pixels", sa.BigInteger(), nullable=False),
        sa.Column("scene_reads", sa.BigInteger(), nullable=False),
        sa.Column("read_bytes", sa.BigInteger(), nullable=False),
        sa.Column("processing_units", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"],
            ["jobs.id"],
        ),
        sa.PrimaryKeyConstraint("job_id"),
    )
    op.add_column("jobs", sa.Column("priority", sa.String(length=8), server_default="normal", nullable=False))
    op.add_column("jobs", sa.Column("stop_at_s", sa.Double(), nullable=True))
    op.add_column("tiles", sa.Column("started", sa.Double(), nullable=True))
    op.create_index("tiles_next", "tiles", ["job_id", "state", "sent", "place"], unique=False)
