"""The table of webhooks, in the ledger's database: one row for each job whose orderer wants to be told."""

from sqlalchemy import Column, Double, ForeignKey, Index, Integer, String, Table, Text

from workers.queue.schema import metadata

webhooks = Table(
    "webhooks",
    metadata,
    Column("job_id", String(64), ForeignKey("jobs.id", deferrable=True, initially="DEFERRED"), primary_key=True),
    Column("success", Text, nullable=False),  # URIs; empty = is not told
    Column("in_progress", Text, nullable=False),
    Column("failed", Text, nullable=False),
    Column("base", Text, nullable=False),  # URL of the service in what is sent
    Column("caller", String(80), nullable=False),  # whose secret signs; empty = that of orders without a key
    Column("number", Integer, nullable=False),  # latest event of the job that was told or given up
    Column("told", Double, nullable=False),  # when its progress was last told; times are seconds since 1970, UTC
    Column("due", Double),  # when to try next; empty = nothing is left to tell
    Column("holder", String(255), nullable=False),  # thread that sends
    Column("lease", Double, nullable=False),  # when that thread loses it
    Column("attempts", Integer, nullable=False),  # failed ones to tell the end
    Column("error", Text, nullable=False),  # why the latest attempt failed
    Index("webhooks_due", "due"),
)
