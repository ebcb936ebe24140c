"""What was sent with an order, as long as its job may need it: written with the job, gone once nothing is missing.

It lies in the ledger, not in the store: it is there exactly if its job is, whoever is killed when.
"""

import zlib

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    ForeignKey,
    LargeBinary,
    String,
    Table,
    delete,
    exists,
    insert,
    select,
)

from core.job import TileState
from workers.queue.schema import metadata, reading, tiles

job_uploads = Table(
    "job_uploads",
    metadata,
    Column("job_id", String(64), ForeignKey("jobs.id"), primary_key=True),
    Column("document", LargeBinary, nullable=False),  # compressed by zlib
)


def add_upload(connection: Connection, job_id: str, content: bytes) -> None:
    """Keep what was sent with the order of a job, in the transaction that adds the job."""
    connection.execute(insert(job_uploads).values(job_id=job_id, document=zlib.compress(content)))


def upload_of(engine: Engine, job_id: str) -> bytes | None:
    """Return what was sent with the order of a job; None = nothing, or it is gone."""
    with reading(engine) as connection:
        found = connection.scalar(select(job_uploads.c.document).where(job_uploads.c.job_id == job_id))
    return None if found is None else zlib.decompress(found)


def forget_upload(connection: Connection, job_id: str) -> None:
    """Forget what was sent with the order of a job of which nothing is missing, in the transaction of its end."""
    is_missing = exists().where(tiles.c.job_id == job_id, tiles.c.state != TileState.DONE)
    connection.execute(delete(job_uploads).where(job_uploads.c.job_id == job_id, ~is_missing))


def remove_upload(connection: Connection, job_id: str) -> None:
    """Forget what was sent with the order of a job that needs it no longer, in the transaction that ends the job."""
    connection.execute(delete(job_uploads).where(job_uploads.c.job_id == job_id))
