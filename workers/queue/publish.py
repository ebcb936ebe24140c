"""Publishing results of jobs that ended before the items table existed, from their files. Others: ledger.py."""

import logging
from collections.abc import Callable

from shapely.errors import ShapelyError
from sqlalchemy import Engine, and_, exists, or_, select

from core.errors import StoreUnavailable
from core.job import FIELDS, JobState
from core.settings import Settings
from workers.queue.item_rows import read_item
from workers.queue.items import add_item
from workers.queue.schema import items, jobs, reading
from workers.store.open_store import open_store

logger = logging.getLogger(__name__)

BATCH = 200
"""Jobs that are looked up in one query."""
UNUSABLE = (StoreUnavailable, OSError, ValueError, KeyError, TypeError, AttributeError, ShapelyError)
"""What reading an item of a file that was changed or cut short may raise."""


def publish_missing(engine: Engine, settings: Settings, is_stopped: Callable[[], bool] = lambda: False) -> int:
    """Publish results of jobs that ended before the items table existed, newest first; return how many.

    Each item is a transaction of its own: a fill that was broken off continues where it stopped. An item file that
    cannot be read is logged and left out.

    Args:
        engine: of the ledger.
        settings: where the files of jobs lie.
        is_stopped: called before each item; True ends the fill.
    """
    published, place = 0, None
    while batch := _unpublished(engine, place):
        for job_id, product, _ in batch:
            if is_stopped():
                return published
            published += _publish(engine, settings, job_id, product)
        place = batch[-1]
    if published:
        logger.info("results of earlier jobs published items=%d", published)
    return published


def _unpublished(engine: Engine, after: tuple[str, str, float] | None) -> list[tuple[str, str, float]]:
    """Return id, product and time of the next successful jobs without an item."""
    is_missing = ~exists().where(items.c.job_id == jobs.c.id)
    ended = (jobs.c.state == JobState.SUCCESSFUL, jobs.c.product != FIELDS)  # tables have no item
    query = select(jobs.c.id, jobs.c.product, jobs.c.created).where(*ended, is_missing)
    if after is not None:
        job_id, _, created = after
        query = query.where(or_(jobs.c.created < created, and_(jobs.c.created == created, jobs.c.id > job_id)))
    with reading(engine) as connection:
        rows = connection.execute(query.order_by(jobs.c.created.desc(), jobs.c.id).limit(BATCH))
        return [(row.id, row.product, row.created) for row in rows]


def _publish(engine: Engine, settings: Settings, job_id: str, product: str) -> bool:
    try:
        item = read_item(open_store(settings), job_id, product)
        with engine.begin() as connection:
            return add_item(connection, job_id, item)
    except UNUSABLE as error:
        logger.warning(
            "item not published job=%s file=%s.json reason=%s: %s", job_id, product, type(error).__name__, error
        )
        return False
