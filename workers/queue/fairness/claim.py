"""Claiming a tile: the one that a message names, or the one that is due before it.

A message stands for one open tile, whichever it names: if its tile is not claimed, another message's tile is, and that
message later stands for the tile that was left. Tiles that are to be read and tiles that are to be computed have
messages of their own, so this holds for each of the two by itself.
"""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, exists, func, select, update

from core.groups.queues import Capability
from core.job import TileState
from workers.queue.fairness.turns import Turn, keep, next_turn
from workers.queue.job_end import ACTIVE, UNDER_WAY
from workers.queue.ledger import Ledger
from workers.queue.schema import jobs, tiles
from workers.queue.tile_states import claim_tile

TRIES = 16
"""Claims that may fail in a row because another worker was faster; then the message is taken for done."""


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """A tile that is this worker's now."""

    job_id: str
    tile_key: str


class Turns:
    """Claims of the tiles of a ledger, in the order that is fair. May be used from several threads."""

    def __init__(self, ledger: Ledger) -> None:
        self._engine, self._clock = ledger.engine, ledger.clock

    def claim(
        self, job_id: str, tile_key: str, worker: str, lease_s: float, stage: Capability = Capability.INGEST
    ) -> Claimed | None:
        """Claim an open tile for a worker that has got a message; None = no tile is open.

        Args:
            job_id, tile_key: what the message names: claimed if the turn is its job's party's and priority's.
            worker, lease_s: who claims, and for how long.
            stage: what the tile needs: that of the message's queue.
        """
        with self._engine.begin() as connection:
            found = self._claim(connection, Claimed(job_id=job_id, tile_key=tile_key), worker, lease_s, stage)
        if found is not None and (found.job_id, found.tile_key) != (job_id, tile_key):
            self._leave(found, job_id, tile_key, stage)
        return found

    def _claim(
        self, connection: Connection, named: Claimed, worker: str, lease_s: float, stage: Capability
    ) -> Claimed | None:
        for _ in range(TRIES):
            now = self._clock(connection)
            waiting = _waiting(connection, stage)
            if not waiting:
                return None
            turn, changes = next_turn(connection, waiting, _running(connection), now)
            chosen = _named(connection, turn, named, stage) or _first(connection, turn, stage)
            if chosen and claim_tile(connection, now, chosen.job_id, chosen.tile_key, worker, lease_s):
                keep(connection, changes)
                return chosen
        return None

    def _leave(self, found: Claimed, job_id: str, tile_key: str, stage: Capability) -> None:
        """Mark the named tile as unsent if the claimed one had no message, which would stand for it now."""
        had_message = select(tiles.c.sent).where(tiles.c.job_id == found.job_id, tiles.c.tile_key == found.tile_key)
        named = (tiles.c.job_id == job_id, tiles.c.tile_key == tile_key, *_is_open(stage))
        with self._engine.begin() as connection:
            if not connection.scalar(had_message):
                connection.execute(update(tiles).where(*named).values(sent=0.0))


def _has_open(stage: Capability) -> ColumnElement[bool]:
    return exists().where(tiles.c.job_id == jobs.c.id, *_is_open(stage))


def _is_open(stage: Capability) -> tuple[ColumnElement[bool], ...]:
    return tiles.c.state == TileState.OPEN, tiles.c.stage == stage


def _waiting(connection: Connection, stage: Capability) -> list[Turn]:
    query = select(jobs.c.party, jobs.c.priority).where(*UNDER_WAY, _has_open(stage)).distinct()
    return [Turn(party=row.party, priority=row.priority) for row in connection.execute(query)]


def _running(connection: Connection) -> dict[str, int]:
    query = select(jobs.c.party, func.count()).select_from(tiles).join(jobs)
    query = query.where(tiles.c.state == TileState.RUNNING, jobs.c.state.in_(ACTIVE)).group_by(jobs.c.party)
    return {party: int(count) for party, count in connection.execute(query)}


def _named(connection: Connection, turn: Turn, named: Claimed, stage: Capability) -> Claimed | None:
    """Return the tile that a message names, if it is open and its job's turn."""
    own = (jobs.c.party == turn.party, jobs.c.priority == turn.priority, *UNDER_WAY)
    this = (tiles.c.job_id == named.job_id, tiles.c.tile_key == named.tile_key, *_is_open(stage))
    is_due = connection.scalar(select(exists().where(*this, jobs.c.id == tiles.c.job_id, *own)))
    return named if is_due else None


def _first(connection: Connection, turn: Turn, stage: Capability) -> Claimed | None:
    """Return the next tile of a turn: of the job with the fewest running tiles, of those the oldest."""
    running = select(func.count()).where(tiles.c.job_id == jobs.c.id, tiles.c.state == TileState.RUNNING)
    own = select(jobs.c.id).where(jobs.c.party == turn.party, jobs.c.priority == turn.priority, *UNDER_WAY)
    due = own.where(_has_open(stage)).order_by(running.scalar_subquery(), jobs.c.created, jobs.c.id).limit(1)
    job_id = connection.scalar(due)
    query = select(tiles.c.tile_key).where(tiles.c.job_id == job_id, *_is_open(stage))
    tile_key = connection.scalar(query.order_by(tiles.c.place).limit(1).with_for_update(skip_locked=True))
    return None if tile_key is None else Claimed(job_id=str(job_id), tile_key=tile_key)
