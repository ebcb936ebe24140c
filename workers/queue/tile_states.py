"""Changes of one tile's state in a transaction of the caller: claimed, finished, failed. Whose turn: fairness/."""

from sqlalchemy import ColumnElement, Connection, and_, case, exists, func, select, update

from core.groups.queues import Capability
from core.job import FIELDS, JobState, TileState
from ingest.io.meter import Spent
from workers.queue.cost.costs import NOTHING, add_cost
from workers.queue.cost.limit import may_begin
from workers.queue.events.log import EventKind, note
from workers.queue.job_end import ACTIVE, UNDER_WAY, end_job
from workers.queue.missing_tiles import must_fail
from workers.queue.schema import IS_READ, jobs, tiles


def this_tile(job_id: str, tile_key: str) -> ColumnElement[bool]:
    """Return the condition of a tile."""
    return and_(tiles.c.job_id == job_id, tiles.c.tile_key == tile_key)


def is_held(worker: str) -> ColumnElement[bool]:
    """Return the condition of tiles that a worker has claimed."""
    return and_(tiles.c.state == TileState.RUNNING, tiles.c.worker == worker)


def is_active(job_id: str) -> ColumnElement[bool]:
    """Return the condition that a job is planned and has not ended."""
    return exists().where(jobs.c.id == job_id, *UNDER_WAY)


def claim_tile(connection: Connection, now: float, job_id: str, tile_key: str, worker: str, lease_s: float) -> bool:
    """Claim an open tile; False = it is not open, or its job has ended or cost as much as it may."""
    change = update(tiles).where(this_tile(job_id, tile_key), tiles.c.state == TileState.OPEN)
    change = change.where(is_active(job_id), may_begin(job_id))
    taken = {"state": TileState.RUNNING, "worker": worker, "lease": now + lease_s, "updated": now, "started": now}
    progress = case((IS_READ, tiles.c.progress), else_=0.0)
    found = connection.execute(change.values(**taken, progress=progress, attempts=tiles.c.attempts + 1)).rowcount == 1
    if found:
        start = update(jobs).where(jobs.c.id == job_id, jobs.c.state == JobState.ACCEPTED)
        connection.execute(start.values(state=JobState.RUNNING, started=now, updated=now, message=""))
        note(connection, now, job_id, EventKind.TILE_STARTED, tile_key=tile_key)
    return found


def finish_tile(
    connection: Connection,
    now: float,
    job_id: str,
    tile_key: str,
    worker: str,
    *,
    seconds: float | None,
    pixels: int | None,
    spent: Spent,
) -> bool:
    """Mark a tile done and add what it cost; False = it is no longer this worker's.

    The time of its reading, where another worker has read it, is added to that of the rendering.
    """
    change = update(tiles).where(this_tile(job_id, tile_key), is_held(worker))
    done = {"state": TileState.DONE, "progress": 1.0, "error": "", "pixels": pixels}
    both = None if seconds is None else case((IS_READ, func.coalesce(tiles.c.seconds, 0.0) + seconds), else_=seconds)
    row = connection.execute(change.values(**done, seconds=both, updated=now).returning(tiles.c.started)).one_or_none()
    if row is None:
        return False
    note(connection, now, job_id, EventKind.TILE_DONE, tile_key=tile_key, seconds=seconds)
    add_cost(connection, job_id, seconds=now - (row.started or now), pixels=pixels or 0, spent=spent)
    return True


def give_up_tile(
    connection: Connection,
    now: float,
    job_id: str,
    tile_key: str,
    worker: str,
    attempts: int,
    error: str,
    *,
    max_attempts: int,
    ended: float,
    reads: int = 0,
    stage: Capability | None = None,
    for_good: bool = False,
    spent: Spent = NOTHING,
) -> TileState:
    """Reopen a tile whose attempt failed, or give it up if none is left; its job ends if it is to have no gaps.

    Args:
        attempts: the attempt that failed; another one is left alone.
        error: why, as the clause of a sentence.
        ended: when it failed, or of a worker that died, its last sign of life.
        reads: attempts that did not fail: they read the tile for another worker.
        stage: what the tile needs next; None = what it needed.
        for_good: another attempt is useless, for this tile and all others.
        spent: on archives.
    """
    ends = for_good or attempts - reads >= max_attempts
    state = TileState.FAILED if ends else TileState.OPEN
    change = update(tiles).where(this_tile(job_id, tile_key), is_held(worker), tiles.c.attempts == attempts)
    given = {"state": state, "error": error, "worker": "", "sent": 0.0, "progress": 0.0, "updated": now}
    given |= {} if stage is None else {"stage": stage}
    row = connection.execute(change.values(**given).returning(tiles.c.started)).one_or_none()
    if row is None:
        return state
    kind = EventKind.TILE_GIVEN_UP if ends else EventKind.TILE_FAILED
    note(connection, now, job_id, kind, tile_key=tile_key, reason=error)
    add_cost(connection, job_id, seconds=ended - (row.started or ended), spent=spent)
    if ends:
        what = _what(connection, job_id, tile_key)
        message = error if for_good else f"{what} failed {attempts - reads} times, at last because {error}."
        if for_good or must_fail(connection, job_id):
            end_job(connection, now, job_id, JobState.FAILED, message, of=ACTIVE)
    return state


def _what(connection: Connection, job_id: str, tile_key: str) -> str:
    """Return what failed, for a sentence: a tile, or of a job of fields its only piece of work."""
    product = connection.scalar(select(jobs.c.product).where(jobs.c.id == job_id))
    return "Answering the fields" if product == FIELDS else f"Tile {tile_key}"


def has_unfinished() -> ColumnElement[bool]:
    """Return the condition that a job has a tile that is neither done nor given up."""
    return exists().where(tiles.c.job_id == jobs.c.id, tiles.c.state.in_((TileState.OPEN, TileState.RUNNING)))
