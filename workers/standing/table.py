"""The table of standing orders, in the ledger's database. What happens to its rows: store.py."""

from sqlalchemy import Column, Double, Index, Integer, String, Table, Text

from workers.queue.schema import metadata

MAX_TITLE = 200

standing_orders = Table(
    "standing_orders",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("party", String(64), nullable=False),
    Column("caller", String(80), nullable=False),  # id of the key or token that made it; empty = no key was needed
    Column("title", String(MAX_TITLE), nullable=False),
    Column("product", String(64), nullable=False),
    Column("document", Text, nullable=False),  # inputs, outputs, subscriber as JSON
    Column("every_days", Integer, nullable=False),  # 0 = when new scenes arrive
    Column("created", Double, nullable=False),  # times are seconds since 1970, UTC
    Column("due", Double, nullable=False),  # when to look at it next
    Column("ends", Double),  # empty = never
    Column("holder", String(255), nullable=False),  # service that looks at it
    Column("lease", Double, nullable=False),  # when that service loses it
    Column("scenes", Text, nullable=False),  # digests of the scenes that its runs have had, separated by spaces
    Column("runs", Integer, nullable=False),  # jobs so far
    Column("last_run", Double),
    Column("failures", Integer, nullable=False),  # looks in a row that failed
    Column("message", Text, nullable=False),  # what came of the last look
    Column("paused", Integer, nullable=False, server_default="0"),  # 1 = nothing is run until it is resumed
    Index("standing_orders_due", "due"),
    Index("standing_orders_party", "party", "created"),
)
