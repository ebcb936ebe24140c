"""Tables of access: keys, how often each was used in a minute, and secrets of the service. In the ledger's database."""

from sqlalchemy import BigInteger, Column, Double, Integer, String, Table, Text

from workers.queue.schema import metadata

MAX_NAME = 64
"""Characters of the name of a key or a party."""

access_keys = Table(
    "access_keys",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("name", String(MAX_NAME), nullable=False),
    Column("party", String(MAX_NAME), nullable=False),
    Column("scopes", Text, nullable=False),  # separated by spaces
    Column("digest", String(64), nullable=False),  # SHA-256 of the secret, hexadecimal
    Column("created", Double, nullable=False),  # times are seconds since 1970, UTC
    Column("expires", Double),  # empty = never
    Column("revoked", Double),  # empty = not revoked
    Column("running_jobs", Integer),  # quotas; empty = that of the settings, 0 = none
    Column("pixels_per_day", BigInteger),
    Column("requests_per_minute", Integer),
)

key_requests = Table(
    "key_requests",
    metadata,
    Column("caller", String(80), primary_key=True),
    Column("minute", Integer, primary_key=True),  # minutes since 1970
    Column("count", Integer, nullable=False),
)

service_secrets = Table(
    "service_secrets",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("value", String(64), nullable=False),  # hexadecimal
)
