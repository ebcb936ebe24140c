"""The end of a read: a tile whose cube is in the store, for a worker that computes."""

from sqlalchemy import Connection, update

from core.groups.queues import Capability
from core.job import TileState
from ingest.io.meter import Spent
from workers.queue.cost.costs import NOTHING, add_cost
from workers.queue.events.log import EventKind, note
from workers.queue.ledger import Ledger
from workers.queue.schema import tiles
from workers.queue.tile_states import is_held, this_tile

SHARE = 0.1
"""Share of the work on a tile that reading it is taken for."""


def finish_read(
    ledger: Ledger, job_id: str, tile_key: str, worker: str, seconds: float, *, spent: Spent = NOTHING
) -> bool:
    """Open a tile for those who compute: its cube is in the store; False = it is no longer this worker's.

    The attempt did not fail, so that it does not count towards giving the tile up.

    Args:
        ledger: of the tile.
        job_id, tile_key, worker: as claimed.
        seconds: time of the reading, to which that of the rendering is added later.
        spent: on archives.
    """
    with ledger.engine.begin() as connection:
        now = ledger.clock(connection)
        found = _open_to_compute(connection, now, job_id, tile_key, worker, seconds)
        if found is None:
            return False
        note(connection, now, job_id, EventKind.TILE_READ, tile_key=tile_key, seconds=seconds)
        add_cost(connection, job_id, seconds=now - found, spent=spent)
    return True


def _open_to_compute(
    connection: Connection, now: float, job_id: str, tile_key: str, worker: str, seconds: float
) -> float | None:
    """Return when the tile was claimed; None = it is not this worker's."""
    change = update(tiles).where(this_tile(job_id, tile_key), is_held(worker))
    opened = {"state": TileState.OPEN, "stage": Capability.COMPUTE, "worker": "", "sent": 0.0, "error": ""}
    told = {"progress": SHARE, "seconds": seconds, "pixels": None, "updated": now}
    row = connection.execute(
        change.values(**opened, **told, reads=tiles.c.reads + 1).returning(tiles.c.started)
    ).one_or_none()
    return None if row is None else float(row.started or now)
