"""Handing jobs to the workers: into the ledger first, then as messages, a few tiles of a job at a time."""

import logging
import uuid
from collections.abc import Sequence
from pathlib import Path

from core.errors import WorkerUnavailable
from core.grid import Tile
from core.job import Job, Order
from core.settings import Settings
from outputs.atomic import remove
from workers.queue.broker import FINISH, TILE, broker_url, send
from workers.queue.ledger import Ledger, open_ledger

logger = logging.getLogger(__name__)

AHEAD = 32
"""Tiles of one job that wait in Redis at most: a small job ordered after a large one waits for so many, not for all."""


def submit(order: Order, tiles: Sequence[Tile], settings: Settings, *, job_id: str | None = None) -> Job:
    """Accept an order as a job; an id that is known already gives that job.

    Where Redis is away, the job is kept all the same, and sent when it is back.

    Raises:
        WorkerUnavailable: no Redis is configured at all; nothing was written.
    """
    broker_url(settings)
    ledger = open_ledger(settings)
    job = ledger.add_job(order, tiles, job_id or uuid.uuid4().hex[:12])
    logger.info("job accepted job=%s product=%s tiles=%d archive=%s", job.id, order.product, len(tiles), order.archive)
    try:
        feed(ledger, settings, job.id)
    except WorkerUnavailable as error:
        logger.warning("job waits for Redis job=%s reason=%s", job.id, error)
    return job


def feed(ledger: Ledger, settings: Settings, job_id: str) -> int:
    """Send messages for the next open tiles of a job, or for closing it when all are done; return how many.

    Raises:
        WorkerUnavailable: Redis cannot be reached.
    """
    keys = ledger.take_unsent(job_id, AHEAD)
    for key in keys:
        send(settings, TILE, job_id, key)
    if not keys and ledger.take_unclosed(job_id):
        send(settings, FINISH, job_id)
        return 1
    return len(keys)


def dismiss(job_id: str, settings: Settings) -> Job:
    """Stop a job or withdraw its results, and remove its files.

    Raises:
        UnknownJob: no job has the id.
    """
    job = open_ledger(settings).dismiss(job_id)
    sweep(job_id, settings)
    remove(job_folder(settings, job_id))
    return job


def job_folder(settings: Settings, job_id: str) -> Path:
    """Return where the files of a successful job lie."""
    return settings.home / "jobs" / job_id


def item_path(settings: Settings, job_id: str, product: str) -> Path:
    """Return where the STAC item of a successful job lies."""
    return job_folder(settings, job_id) / f"{product}.json"


def scratch_folder(settings: Settings, job_id: str) -> Path:
    """Return where the workers of a job keep what is not to be shared: tiles with gaps, half-written results."""
    return settings.home / "work" / job_id


def sweep(job_id: str, settings: Settings) -> None:
    """Remove what the workers of an ended job have left."""
    remove(scratch_folder(settings, job_id))
