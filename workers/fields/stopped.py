"""The end of the one piece of work of a job of fields that a limit has stopped. Maps: queue/cost/limit.py."""

from typing import Any

from sqlalchemy import update

from core.job import JobState, TileState
from ingest.io.meter import Spent
from workers.queue.cost.costs import NOTHING, add_cost
from workers.queue.events.log import EventKind, note
from workers.queue.job_end import ACTIVE, end_job
from workers.queue.ledger import Ledger
from workers.queue.schema import tiles
from workers.queue.tile_states import is_held, this_tile


class LimitReached(Exception):
    """A limit of the order was reached; the lines of the fields that were answered until then are kept."""

    def __init__(self, reason: str, *, pixels: int, has_some: bool) -> None:
        super().__init__(reason)
        self.reason, self.pixels, self.has_some = reason, pixels, has_some


def stop_tile(
    ledger: Ledger,
    job_id: str,
    tile_key: str,
    worker: str,
    *,
    reason: str,
    pixels: int,
    has_some: bool,
    spent: Spent = NOTHING,
) -> bool:
    """Give up what is left of a job of fields; False = it is no longer this worker's.

    Args:
        ledger: of the job.
        job_id, tile_key, worker: as claimed.
        reason: the limit, as a clause.
        pixels: of the fields that this attempt has answered.
        has_some: whether any field was answered, so that there is something to deliver; else the job fails.
        spent: on archives.
    """
    change = update(tiles).where(this_tile(job_id, tile_key), is_held(worker))
    given_up: dict[str, Any] = {"state": TileState.FAILED, "error": reason, "worker": "", "sent": 0.0, "progress": 0.0}
    with ledger.engine.begin() as connection:
        now = ledger.clock(connection)
        row = connection.execute(change.values(**given_up, updated=now).returning(tiles.c.started)).one_or_none()
        if row is None:
            return False
        note(connection, now, job_id, EventKind.STOPPED, reason=f"fields are left out: {reason}")
        add_cost(connection, job_id, seconds=now - (row.started or now), pixels=pixels, spent=spent)
        if not has_some:
            message = f"All fields are left out: {reason}."
            end_job(connection, now, job_id, JobState.FAILED, message, of=ACTIVE)
    return True
