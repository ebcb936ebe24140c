"""Planning in the ledger: a job has no tiles until a worker has planned it; who plans it, and how that ends.

A job is unplanned while it is accepted and has no tiles. Claims are conditional UPDATEs, as in ledger.py.
"""

from collections.abc import Callable, Sequence

from sqlalchemy import ColumnElement, Connection, delete, exists, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from core.grid import Grid, Tile
from core.job import JobState, Order
from workers.queue.events.log import EventKind, note
from workers.queue.job_end import ACTIVE, end_job
from workers.queue.ledger import DIED, Admit, Ledger
from workers.queue.ledger_rows import grid_document, order_row, plan_row, tile_row
from workers.queue.schema import jobs, reading, tiles
from workers.queue.uploads.uploads import add_upload

UNPLANNED = (jobs.c.state == JobState.ACCEPTED, jobs.c.tiles_total == 0)


class Planning:
    """The planning of the jobs of a ledger. May be used from several threads."""

    def __init__(self, ledger: Ledger) -> None:
        self._engine, self._clock, self._max_attempts = ledger.engine, ledger.clock, ledger.max_attempts

    def add(
        self,
        order: Order,
        job_id: str,
        *,
        pixels: int,
        party: str = "",
        admit: Admit | None = None,
        upload: bytes | None = None,
    ) -> bool:
        """Add a party's accepted order as an unplanned job whose message is sent; False = a job has the id already.

        Args:
            order, job_id, party: the job.
            pixels: about as many as its tiles will have; the true number replaces it.
            admit: called before; what it raises keeps the job out.
            upload: what was sent with the order and is not in it.
        """
        with self._engine.begin() as connection:
            if connection.scalar(select(exists().where(jobs.c.id == job_id))):
                return False
            now = self._clock(connection)
            if admit is not None:
                admit(connection, now, pixels)
            row = order_row(order, job_id, now) | {"pixels": pixels, "party": party, "plan_sent": now}
            connection.execute(insert(jobs), row)
            if upload is not None:
                add_upload(connection, job_id, upload)
            note(connection, now, job_id, EventKind.ACCEPTED)
        return True

    def claim(self, job_id: str, worker: str, lease_s: float) -> bool:
        """Claim the planning of an unplanned job; True for exactly one of the workers that try."""
        change = update(jobs).where(jobs.c.id == job_id, *UNPLANNED, jobs.c.planner == "")
        with self._engine.begin() as connection:
            now = self._clock(connection)
            taken = {"planner": worker, "plan_lease": now + lease_s, "message": "planning", "updated": now}
            return connection.execute(change.values(**taken, plan_attempts=jobs.c.plan_attempts + 1)).rowcount == 1

    def heartbeat(self, job_id: str, worker: str, lease_s: float) -> bool:
        """Renew the lease of a planning; False = it is no longer this worker's, or the job ended."""
        change = update(jobs).where(jobs.c.id == job_id, *UNPLANNED, jobs.c.planner == worker)
        with self._engine.begin() as connection:
            lease = self._clock(connection) + lease_s
            return connection.execute(change.values(plan_lease=lease)).rowcount == 1

    def resume(self, job_id: str, grid: Grid) -> tuple[int | None, int]:
        """Return where an earlier planner stopped: its last row, None if there is none, and the number of its tiles.

        Tiles of another grid, as of a planner with other settings, are removed.
        """
        own = tiles.c.job_id == job_id
        with self._engine.begin() as connection:
            document = connection.scalar(select(jobs.c.grid).where(jobs.c.id == job_id))
            if document != grid_document(grid):
                connection.execute(delete(tiles).where(own))
            row, count = connection.execute(select(func.min(tiles.c.tile_row), func.count()).where(own)).one()
        return row, int(count)

    def add_page(self, job_id: str, worker: str, page: Sequence[Tile]) -> bool:
        """Add whole rows of tiles, south of those before; False = the planning is no longer this worker's.

        Nobody carries them out before `finish`. A page that was added already changes nothing.
        """
        change = update(jobs).where(jobs.c.id == job_id, *UNPLANNED, jobs.c.planner == worker)
        with self._engine.begin() as connection:
            now = self._clock(connection)
            so_far = {"grid": grid_document(page[0].grid), "updated": now}
            if connection.execute(change.values(**so_far)).rowcount != 1:
                return False
            count = self._add_tiles(connection, job_id, page, now)
            message = f"planning: {_counted(count)} so far"
            connection.execute(update(jobs).where(jobs.c.id == job_id).values(message=message))
        return True

    def finish(self, job_id: str, worker: str, page: Sequence[Tile]) -> bool:
        """Add the last tiles of a job, at least one; False = the planning is no longer this worker's."""
        change = update(jobs).where(jobs.c.id == job_id, *UNPLANNED, jobs.c.planner == worker)
        with self._engine.begin() as connection:
            now = self._clock(connection)
            if connection.execute(change.values(planner="", updated=now)).rowcount != 1:
                return False
            count = self._add_tiles(connection, job_id, page, now)
            planned = plan_row(page[0].grid, count)
            connection.execute(update(jobs).where(jobs.c.id == job_id).values(**planned))
            note(connection, now, job_id, EventKind.PLANNED, reason=_counted(count))
        return True

    def _add_tiles(self, connection: Connection, job_id: str, page: Sequence[Tile], now: float) -> int:
        """Add tiles after those that a job has; return the number of all."""
        own = select(func.count()).select_from(tiles).where(tiles.c.job_id == job_id)
        first = connection.scalar(own) or 0
        rows = [tile_row(tile, first + number, job_id, now) for number, tile in enumerate(page)]
        add = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
        connection.execute(add(tiles).on_conflict_do_nothing(), rows)
        return connection.scalar(own) or 0

    def fail(self, job_id: str, worker: str, error: str, *, for_good: bool = False) -> bool:
        """Let another worker plan a job, or end it if no attempt is left; True = another may try.

        Args:
            job_id, worker: as claimed.
            error: the reason: the clause of a sentence, or a sentence if another attempt is useless.
            for_good: another attempt is useless.
        """
        change = update(jobs).where(jobs.c.id == job_id, *UNPLANNED, jobs.c.planner == worker)
        with self._engine.begin() as connection:
            now = self._clock(connection)
            given_up = change.values(planner="", plan_sent=0.0, message="", updated=now)
            attempts = connection.scalar(given_up.returning(jobs.c.plan_attempts))
            if attempts is None:
                return False
            if not for_good and attempts < self._max_attempts:
                return True
            message = error if for_good else f"Planning failed {attempts} times, at last because {error}."
            end_job(connection, now, job_id, JobState.FAILED, message, of=ACTIVE)
        return False

    def release(self, is_gone: Callable[[str], bool], *, allowance_s: float = 0.0) -> int:
        """Reopen plannings whose lease has run out or whose planner is gone; how many. See `Ledger.release`."""
        query = select(jobs.c.id, jobs.c.planner, jobs.c.plan_lease).where(*UNPLANNED, jobs.c.planner != "")
        with reading(self._engine) as connection:
            now = self._clock(connection)
            held = connection.execute(query).all()
        lost = [row for row in held if row.plan_lease < now - allowance_s or is_gone(row.planner)]
        for row in lost:
            self.fail(row.id, row.planner, DIED.replace("on it", "on the plan"))
        return len(lost)

    def waiting(self) -> list[str]:
        """Return ids of unplanned jobs for which a message is to be sent, oldest first."""
        with reading(self._engine) as connection:
            return list(connection.scalars(select(jobs.c.id).where(*_unsent()).order_by(jobs.c.created)))

    def take(self, job_id: str) -> bool:
        """Mark the message of a job's planning as sent; True if it was to be sent."""
        with self._engine.begin() as connection:
            change = update(jobs).where(jobs.c.id == job_id, *_unsent())
            return connection.execute(change.values(plan_sent=self._clock(connection))).rowcount == 1

    def forget_sent(self, older_than_s: float) -> int:
        """Mark messages that were sent so long ago, of jobs that nobody plans, as unsent; return how many."""
        with self._engine.begin() as connection:
            stale = jobs.c.plan_sent < self._clock(connection) - older_than_s
            lost = update(jobs).where(*UNPLANNED, jobs.c.planner == "", jobs.c.plan_sent > 0, stale)
            return connection.execute(lost.values(plan_sent=0.0)).rowcount


def _unsent() -> tuple[ColumnElement[bool], ...]:
    return (*UNPLANNED, jobs.c.planner == "", jobs.c.plan_sent == 0)


def _counted(count: int) -> str:
    return f"{count} tile" if count == 1 else f"{count} tiles"
