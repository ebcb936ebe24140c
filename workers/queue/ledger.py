"""The ledger: the state of every job and tile in a database, from which a lost queue can be refilled.

Claims are conditional UPDATEs: of any number of workers that claim one tile, or the closing of one job, exactly one
changes the row. A worker that does not renew its lease in time loses its tile. All times are the database's: clocks of
workers and services may differ.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from sqlalchemy import Connection, and_, exists, func, insert, or_, select, update

from core.errors import UnknownJob
from core.grid import Tile
from core.groups.queues import ALL, Capability
from core.job import Job, JobState, Order, TileState, TileTask
from core.settings import Settings
from ingest.io.meter import Spent
from workers.queue import tile_states
from workers.queue.cost.costs import NOTHING, add_closing
from workers.queue.cost.limit import stop_spent
from workers.queue.events.log import EventKind, note
from workers.queue.item_rows import Item
from workers.queue.items import add_item, remove_item
from workers.queue.job_end import ACTIVE, UNDER_WAY, end_job
from workers.queue.job_query import ALL_JOBS, JobFilter, job_list_query, job_query
from workers.queue.ledger_rows import grid_of, job_of, job_row, listed_job_of, tile_row, tile_task
from workers.queue.missing_tiles import reopen_missing
from workers.queue.schema import Clock, create_tables, database_now, jobs, open_engine, reading, tiles
from workers.queue.tile_states import has_unfinished, is_active, is_held, this_tile
from workers.queue.uploads.uploads import forget_upload, remove_upload

Admit = Callable[[Connection, float, int], None]
"""Transaction, now, pixels -> nothing, or an error that says why a job is not added."""
DIED = "its worker died while working on it, killed or out of memory"


def open_ledger(settings: Settings) -> "Ledger":
    """Return the ledger of some settings, SQLite in the home folder unless a database is named; made if missing."""
    url = settings.jobs.database_url
    path = settings.home.absolute() / "ledger.sqlite"
    return _open(url.get_secret_value() if url else f"sqlite:///{path}", settings.jobs.max_attempts)


@cache
def _open(url: str, max_attempts: int) -> "Ledger":
    ledger = Ledger(url, max_attempts=max_attempts)
    ledger.create_schema()
    return ledger


class Ledger:
    """Jobs and tile tasks in a database. May be used from several threads; open it after a fork, not before."""

    def __init__(self, url: str, *, max_attempts: int = 3, clock: Clock = database_now) -> None:
        """Open the database at a SQLAlchemy URL; `clock` reads seconds since 1970 from a connection."""
        self.engine = open_engine(url)
        self.max_attempts, self.clock = self._max_attempts, self._clock = max_attempts, clock

    def create_schema(self) -> None:
        """Create the tables that are missing."""
        create_tables(self.engine)

    def close(self) -> None:
        """Close the connections; the ledger opens new ones when it is used again."""
        self.engine.dispose()

    def add_job(
        self, order: Order, job_tiles: Sequence[Tile], job_id: str, *, party: str = "", admit: Admit | None = None
    ) -> Job:
        """Add a party's accepted order and its tiles (at least one, all of one grid), unless `admit` raises an error.

        A job that exists stays as it is.
        """
        with self.engine.begin() as connection:
            now = self._clock(connection)
            if not connection.scalar(select(exists().where(jobs.c.id == job_id))):
                row = job_row(order, job_tiles, job_id, now) | {"party": party}
                if admit is not None:
                    admit(connection, now, row["pixels"])
                connection.execute(insert(jobs), row)
                connection.execute(insert(tiles), [tile_row(t, n, job_id, now) for n, t in enumerate(job_tiles)])
                note(connection, now, job_id, EventKind.ACCEPTED)
        return self.job(job_id)

    def job(self, job_id: str) -> Job:
        """Return a job.

        Raises:
            UnknownJob: no job has the id.
        """
        with reading(self.engine) as connection:
            row = connection.execute(job_query().where(jobs.c.id == job_id)).one_or_none()
        if row is None:
            raise UnknownJob(job_id)
        return job_of(row)

    def jobs(
        self, limit: int = 100, offset: int = 0, state: JobState | None = None, *, only: JobFilter = ALL_JOBS
    ) -> list[Job]:
        """Return jobs, newest first, without their regions: their orders have only a product and a model."""
        chosen = only if state is None else replace(only, states=(state,))
        given = chosen.given()
        query = job_list_query(frozenset(given))
        with reading(self.engine) as connection:
            now = self._clock(connection) if chosen.needs_clock else 0.0
            rows = connection.execute(query, given | {"now": now, "limit": limit, "offset": offset})
            return [listed_job_of(row) for row in rows]

    def count(self, state: JobState | None = None) -> int:
        """Return the number of jobs, of one state or of all."""
        query = select(func.count()).select_from(jobs)
        if state is not None:
            query = query.where(jobs.c.state == state)
        with reading(self.engine) as connection:
            return int(connection.scalar(query) or 0)

    def report(self, job_id: str, message: str) -> None:
        """Set the message of an active job: its current stage, as a sentence."""
        change = update(jobs).where(jobs.c.id == job_id, jobs.c.state.in_(ACTIVE))
        with self.engine.begin() as connection:
            now = self._clock(connection)
            if connection.execute(change.values(message=message, updated=now)).rowcount == 1:
                note(connection, now, job_id, EventKind.STAGE, reason=message)

    def dismiss(self, job_id: str) -> Job:
        """Stop a job, or withdraw a finished one. Its workers notice within a second.

        Raises:
            UnknownJob: no job has the id.
        """
        with self.engine.begin() as connection:
            self._end(connection, job_id, JobState.DISMISSED, "dismissed", of=tuple(JobState))
            remove_item(connection, job_id)
            remove_upload(connection, job_id)
        return self.job(job_id)

    def retry(self, job_id: str) -> Job:
        """Try the missing tiles of an ended job again; one that is complete, runs or was dismissed stays as it is.

        The earlier result of a successful job stays until it is replaced.

        Raises:
            UnknownJob: no job has the id.
        """
        with self.engine.begin() as connection:
            now = self._clock(connection)
            if reopen_missing(connection, job_id, now):
                note(connection, now, job_id, EventKind.RETRIED)
        return self.job(job_id)

    def tiles(self, job_id: str) -> list[TileTask]:
        """Return the tile tasks of a job, in the order in which they are sent out."""
        query = select(tiles).where(tiles.c.job_id == job_id).order_by(tiles.c.place)
        with reading(self.engine) as connection:
            return [tile_task(row) for row in connection.execute(query)]

    def lattice(self, job_id: str) -> list[Tile]:
        """Return the tiles of a job with their grid, in the order in which they are sent out."""
        with reading(self.engine) as connection:
            document = connection.scalar(select(jobs.c.grid).where(jobs.c.id == job_id))
        if document is None:
            raise UnknownJob(job_id)
        grid = grid_of(document)
        return [grid.tile(task.column, task.row) for task in self.tiles(job_id)]

    def claim_tile(self, job_id: str, tile_key: str, worker: str, lease_s: float) -> bool:
        """Claim an open tile; True for exactly one of the workers that try."""
        with self.engine.begin() as connection:
            return tile_states.claim_tile(connection, self._clock(connection), job_id, tile_key, worker, lease_s)

    def heartbeat(self, job_id: str, tile_key: str, worker: str, lease_s: float, progress: float) -> bool:
        """Renew a lease and set the share done; False = the tile is no longer this worker's, or the job ended."""
        change = update(tiles).where(this_tile(job_id, tile_key), is_held(worker), is_active(job_id))
        with self.engine.begin() as connection:
            now = self._clock(connection)
            return connection.execute(change.values(lease=now + lease_s, progress=progress, updated=now)).rowcount == 1

    def finish_tile(
        self,
        job_id: str,
        tile_key: str,
        worker: str,
        seconds: float | None = None,
        pixels: int | None = None,
        *,
        spent: Spent = NOTHING,
    ) -> bool:
        """Mark a tile done; False = it is no longer this worker's.

        Args:
            job_id, tile_key, worker: as claimed.
            seconds, pixels: time and size of the rendering; None = an existing tile was reused.
            spent: on archives.
        """
        measured: Any = {"seconds": seconds, "pixels": pixels, "spent": spent}
        with self.engine.begin() as connection:
            now = self._clock(connection)
            is_done = tile_states.finish_tile(connection, now, job_id, tile_key, worker, **measured)
        stop_spent(self.engine, self._clock, job_id)
        return is_done

    def fail_tile(
        self,
        job_id: str,
        tile_key: str,
        worker: str,
        error: str,
        *,
        for_good: bool = False,
        stage: Capability | None = None,
        spent: Spent = NOTHING,
    ) -> TileState:
        """Reopen a tile that failed, or give it up if no attempt is left; its job ends if it is to have no gaps.

        Args:
            job_id, tile_key, worker: as claimed.
            error: the reason, as the clause of a sentence.
            for_good: another attempt is useless, for this tile and all others.
            stage: what the tile needs next; None = what it needed.
            spent: on archives.
        """
        with self.engine.begin() as connection:
            query = select(tiles).where(this_tile(job_id, tile_key), is_held(worker))
            row = connection.execute(query).one_or_none()
            if row is None:
                return TileState.RUNNING
            now = self._clock(connection)
            further: Any = {"for_good": for_good, "stage": stage, "spent": spent}
            state = self._give_up(connection, row, error, now=now, ended=now, **further)
        stop_spent(self.engine, self._clock, job_id)
        return state

    def release(self, is_gone: Callable[[str], bool], job_id: str | None = None, *, allowance_s: float = 0.0) -> int:
        """Reopen tiles whose lease has run out or whose worker is gone; return how many. See `fail_tile`.

        Args:
            is_gone: tells whether the worker of a name has ended.
            job_id: of the tiles; None = of all jobs.
            allowance_s: how long ago the lease must have run out.
        """
        query = select(tiles).join(jobs).where(tiles.c.state == TileState.RUNNING, jobs.c.state.in_(ACTIVE))
        if job_id is not None:
            query = query.where(tiles.c.job_id == job_id)
        with reading(self.engine) as connection:
            now = self._clock(connection)
            held = connection.execute(query).all()
        lost = [row for row in held if row.lease < now - allowance_s or is_gone(row.worker)]
        for row in lost:
            with self.engine.begin() as connection:
                self._give_up(connection, row, DIED, now=self._clock(connection), ended=row.updated)
            stop_spent(self.engine, self._clock, row.job_id)
        return len(lost)

    def take_unsent(self, job_id: str, ahead: int, stage: Capability = Capability.INGEST) -> list[str]:
        """Return keys of open tiles to send now, so that `ahead` of a job are under way at most; mark them as sent.

        What is read and waits to be computed counts as under way: nobody reads far ahead of those who compute.
        """
        is_open = and_(tiles.c.job_id == job_id, tiles.c.state == TileState.OPEN, is_active(job_id))
        of_stage, is_read = tiles.c.stage == stage, tiles.c.stage == Capability.COMPUTE
        counted = and_(is_read, tiles.c.sent > 0) if stage is Capability.COMPUTE else or_(tiles.c.sent > 0, is_read)
        with self.engine.begin() as connection:
            away = connection.scalar(select(func.count()).select_from(tiles).where(is_open, counted)) or 0
            query = select(tiles.c.tile_key).where(is_open, of_stage, tiles.c.sent == 0).order_by(tiles.c.place)
            keys = list(connection.scalars(query.limit(max(0, ahead - away))))
            if keys:
                change = update(tiles).where(is_open, tiles.c.tile_key.in_(keys))
                connection.execute(change.values(sent=self._clock(connection)))
        return keys

    def waiting(self) -> list[str]:
        """Return ids of active, planned jobs for which something is to be sent, oldest first."""
        unsent = exists().where(tiles.c.job_id == jobs.c.id, tiles.c.state == TileState.OPEN, tiles.c.sent == 0)
        unclosed = and_(jobs.c.closer == "", jobs.c.close_sent == 0, ~has_unfinished())
        query = select(jobs.c.id).where(*UNDER_WAY, or_(unsent, unclosed)).order_by(jobs.c.created)
        with reading(self.engine) as connection:
            return list(connection.scalars(query))

    def forget_sent(self, older_than_s: float, queues: Collection[Capability] = ALL) -> int:
        """Mark open tiles and unclosed jobs whose message in some queues is so old as unsent; return how many."""
        of_active = and_(tiles.c.job_id.in_(select(jobs.c.id).where(*UNDER_WAY)), tiles.c.stage.in_(queues))
        stale = update(tiles).where(of_active, tiles.c.state == TileState.OPEN, tiles.c.sent > 0)
        unclosed = update(jobs).where(jobs.c.state.in_(ACTIVE), jobs.c.closer == "", jobs.c.close_sent > 0)
        with self.engine.begin() as connection:
            before = self._clock(connection) - older_than_s
            count = connection.execute(stale.where(tiles.c.sent < before).values(sent=0.0)).rowcount
            if Capability.POST not in queues:
                return count
            unsent = unclosed.where(jobs.c.close_sent < before).values(close_sent=0.0)
            return count + connection.execute(unsent).rowcount

    def pace(self, product: str, model: str) -> float | None:
        """Return the seconds per pixel of the latest renderings of a product; None = none yet."""
        query = select(tiles.c.seconds, tiles.c.pixels).join(jobs)
        query = query.where(jobs.c.product == product, jobs.c.model == model, tiles.c.pixels > 0)
        recent = query.order_by(tiles.c.updated.desc()).limit(100).subquery()
        with reading(self.engine) as connection:
            seconds, pixels = connection.execute(select(func.sum(recent.c.seconds), func.sum(recent.c.pixels))).one()
        return float(seconds) / int(pixels) if pixels else None

    def take_unclosed(self, job_id: str) -> bool:
        """Mark the closing of a job as sent; True if all its tiles are done and it was not marked before."""
        ready = (jobs.c.id == job_id, jobs.c.state == JobState.RUNNING, jobs.c.closer == "", jobs.c.close_sent == 0)
        change = update(jobs).where(*ready, ~has_unfinished())
        with self.engine.begin() as connection:
            return connection.execute(change.values(close_sent=self._clock(connection))).rowcount == 1

    def claim_close(self, job_id: str, worker: str = "", lease_s: float = 60.0) -> bool:
        """Claim the closing of a job whose tiles are all done; True for exactly one of the workers that try."""
        ready = (jobs.c.id == job_id, jobs.c.state == JobState.RUNNING, jobs.c.closer == "", ~has_unfinished())
        with self.engine.begin() as connection:
            now = self._clock(connection)
            taken = {"closer": worker or "anonymous", "close_lease": now + lease_s, "updated": now}
            change = update(jobs).where(*ready).values(**taken, close_attempts=jobs.c.close_attempts + 1)
            found = connection.execute(change).rowcount == 1
            if found:
                note(connection, now, job_id, EventKind.RESULT_STARTED)
        return found

    def heartbeat_close(self, job_id: str, worker: str, lease_s: float) -> bool:
        """Renew the lease of a closing; False = it is no longer this worker's, or the job ended."""
        change = update(jobs).where(jobs.c.id == job_id, jobs.c.state == JobState.RUNNING, jobs.c.closer == worker)
        with self.engine.begin() as connection:
            now = self._clock(connection)
            return connection.execute(change.values(close_lease=now + lease_s, updated=now)).rowcount == 1

    def close_job(
        self, job_id: str, state: JobState, message: str, worker: str = "", *, item: Item | None = None
    ) -> bool:
        """End an active job and publish its item, both or neither; False = nothing changed.

        Args:
            job_id, state, message: the job and how it ended.
            worker: if given, the job ends only if this worker still holds its closing.
            item: STAC item of the result of a successful job.
        """
        with self.engine.begin() as connection:
            has_ended = self._end(connection, job_id, state, message, of=ACTIVE, worker=worker)
            if has_ended and worker:
                add_closing(connection, self._clock(connection), job_id)
            if has_ended and item is not None:
                remove_item(connection, job_id)  # of the result before a retry
                add_item(connection, job_id, item)
            if has_ended and state is JobState.SUCCESSFUL:
                forget_upload(connection, job_id)
        return has_ended

    def fail_close(self, job_id: str, worker: str, error: str) -> bool:
        """Let another worker try to close the job, or end it if no attempt is left; True = another may try."""
        held = (jobs.c.id == job_id, jobs.c.state == JobState.RUNNING, jobs.c.closer == worker)
        with self.engine.begin() as connection:
            attempts = connection.scalar(select(jobs.c.close_attempts).where(*held))
            if attempts is None:
                return False
            add_closing(connection, self._clock(connection), job_id)
            if attempts >= self._max_attempts:
                message = f"Writing the result failed {attempts} times, at last because {error}."
                self._end(connection, job_id, JobState.FAILED, message, of=ACTIVE)
                return False
            now = self._clock(connection)
            change = update(jobs).where(*held).values(closer="", close_sent=0.0, updated=now)
            is_open = connection.execute(change).rowcount == 1
            if is_open:
                note(connection, now, job_id, EventKind.RESULT_FAILED, reason=error)
        return is_open

    def release_closers(self, is_gone: Callable[[str], bool], *, allowance_s: float = 0.0) -> int:
        """Reopen the closing of jobs whose closer's lease has run out or who is gone; how many. See `release`."""
        query = select(jobs.c.id, jobs.c.closer, jobs.c.close_lease).where(jobs.c.closer != "")
        with reading(self.engine) as connection:
            now = self._clock(connection)
            held = connection.execute(query.where(jobs.c.state == JobState.RUNNING)).all()
        lost = [row for row in held if row.close_lease < now - allowance_s or is_gone(row.closer)]
        for row in lost:
            self.fail_close(row.id, row.closer, DIED.replace("on it", "on the result"))
        return len(lost)

    def _give_up(
        self, connection: Connection, row: Any, error: str, *, now: float, ended: float, **further: Any
    ) -> TileState:
        held = (row.job_id, row.tile_key, row.worker, row.attempts)
        return tile_states.give_up_tile(
            connection, now, *held, error, max_attempts=self._max_attempts, ended=ended, reads=row.reads, **further
        )

    def _end(
        self,
        connection: Connection,
        job_id: str,
        state: JobState,
        message: str,
        *,
        of: tuple[JobState, ...],
        worker: str = "",
    ) -> bool:
        return end_job(connection, self._clock(connection), job_id, state, message, of=of, worker=worker)
