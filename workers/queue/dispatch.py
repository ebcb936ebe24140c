"""Handing jobs to the workers: into the ledger first, then as messages, a few tiles of a job at a time."""

import logging
import uuid
from pathlib import Path

from core.errors import StoreUnavailable, WorkerUnavailable
from core.groups.queues import Capability
from core.job import Job, Order
from core.settings import Settings
from outputs.atomic import remove
from workers.queue.broker import COMPUTE, FINISH, PLAN, TILE, broker_url, send
from workers.queue.ledger import Admit, Ledger, open_ledger
from workers.queue.planning import Planning
from workers.store.open_store import open_store
from workers.store.store import WORK, result_key, work_key

logger = logging.getLogger(__name__)

AHEAD = 32
"""Most tiles of one job in Redis: a small job ordered after a large one waits for these, not for all its tiles."""


def submit(
    order: Order,
    settings: Settings,
    *,
    pixels: int,
    job_id: str | None = None,
    party: str = "",
    admit: Admit | None = None,
    upload: bytes | None = None,
) -> Job:
    """Accept an order as a job, which a worker plans; a job that has the id already is returned instead.

    If Redis is away, the job is kept and sent later. `pixels`, `party`, `admit` and `upload`: see `Planning.add`.

    Raises:
        WorkerUnavailable: no Redis is configured; nothing was written.
    """
    broker_url(settings)
    ledger, job_id = open_ledger(settings), job_id or uuid.uuid4().hex[:12]
    is_new = Planning(ledger).add(order, job_id, pixels=pixels, party=party, admit=admit, upload=upload)
    job = ledger.job(job_id)
    if is_new:
        logger.info("job accepted job=%s product=%s archive=%s", job_id, order.product, order.archive)
        try:
            send(settings, PLAN, job_id)
        except WorkerUnavailable as error:  # workers.queue.reconcile sends it later
            logger.warning("job waits for Redis job=%s reason=%s", job_id, error)
    return job


def send_plan(ledger: Ledger, settings: Settings, job_id: str) -> int:
    """Send the message for the planning of a job if it is to be sent; return the number of messages.

    Raises:
        WorkerUnavailable: Redis cannot be reached.
    """
    if not Planning(ledger).take(job_id):
        return 0
    send(settings, PLAN, job_id)
    return 1


def feed(ledger: Ledger, settings: Settings, job_id: str) -> int:
    """Send messages for the next open tiles of a job, or for its closing if all are done; return their number.

    Raises:
        WorkerUnavailable: Redis cannot be reached.
    """
    count = 0
    for task, stage in ((COMPUTE, Capability.COMPUTE), (TILE, Capability.INGEST)):
        for key in ledger.take_unsent(job_id, AHEAD, stage):
            send(settings, task, job_id, key)
            count += 1
    if not count and ledger.take_unclosed(job_id):
        send(settings, FINISH, job_id)
        return 1
    return count


def dismiss(job_id: str, settings: Settings) -> Job:
    """Stop a job or withdraw its results, and remove its files, in the store too.

    Raises:
        UnknownJob: no job has the id.
    """
    job = open_ledger(settings).dismiss(job_id)
    sweep(job_id, settings, with_result=True)
    return job


def retry(job_id: str, settings: Settings) -> Job:
    """Try the tiles again that an ended job lacks; see `Ledger.retry`. If Redis is away, they are sent later.

    Raises:
        UnknownJob: no job has the id.
    """
    ledger = open_ledger(settings)
    job = ledger.retry(job_id)
    try:
        feed(ledger, settings, job_id)
        send_plan(ledger, settings, job_id)
    except WorkerUnavailable as error:
        logger.warning("retry waits for Redis job=%s reason=%s", job_id, error)
    return job


def scratch_folder(settings: Settings, job_id: str) -> Path:
    """Return the folder of this machine's own files for a job: half-written ones, copies of tiles."""
    return settings.home / WORK / job_id


def sweep(job_id: str, settings: Settings, *, with_result: bool = False) -> None:
    """Remove the files that the workers of an ended job have left, here and in the store, and its result if wanted.

    If the store is away, the scratch folder stays, or is made: `workers.queue.sweep` then comes back to the job.
    """
    store, scratch = open_store(settings), scratch_folder(settings, job_id)
    try:
        store.remove(work_key(job_id))
        if with_result:
            store.remove(result_key(job_id))
    except StoreUnavailable as error:
        logger.warning("files of a job are removed later job=%s reason=%s", job_id, error.reason)
        scratch.mkdir(parents=True, exist_ok=True)
    else:
        remove(scratch)
