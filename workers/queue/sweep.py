"""Files that ended jobs have left, on this machine and in the store: found and removed, whoever should have done so."""

import logging
import time
from collections.abc import Callable, Sequence

from sqlalchemy import and_, exists, select

from core.errors import StoreUnavailable
from core.job import FIELDS, JobState, TileState
from core.settings import Settings
from workers.queue.dispatch import scratch_folder, sweep
from workers.queue.ledger import Ledger
from workers.queue.schema import jobs, reading, tiles
from workers.store.open_store import open_store

logger = logging.getLogger(__name__)

PAUSE_S = 60.0
"""Between two rounds of a worker: a machine without a service has nobody else to remove its scratch files."""
BATCH = 1000
"""Jobs that are looked up in one query."""
WITHOUT_RESULT = (JobState.FAILED, JobState.DISMISSED)


def sweep_ended(ledger: Ledger, settings: Settings) -> int:
    """Remove what ended jobs have left; return of how many.

    Scratch folders of jobs that are not known stay, and what a job of fields has kept for its retry.
    """
    folder = scratch_folder(settings, "")
    names = {p.name for p in folder.iterdir()} if folder.is_dir() else set()
    try:
        names |= set(open_store(settings).leftovers())
    except StoreUnavailable as error:
        logger.debug("leftovers in the store not listed reason=%s", error.reason)
    listed = sorted(names)
    parts = [listed[n : n + BATCH] for n in range(0, len(listed), BATCH)]
    ended = [found for part in parts for found in _ended(ledger, part)]
    for job_id, state in ended:
        sweep(job_id, settings, with_result=state in WITHOUT_RESULT)
    return len(ended)


def _ended(ledger: Ledger, names: Sequence[str]) -> list[tuple[str, JobState]]:
    is_missing = exists().where(tiles.c.job_id == jobs.c.id, tiles.c.state != TileState.DONE)
    keeps_lines = and_(jobs.c.product == FIELDS, jobs.c.state == JobState.SUCCESSFUL, is_missing)
    final = [state for state in JobState if state.is_final]
    query = select(jobs.c.id, jobs.c.state).where(jobs.c.id.in_(names), jobs.c.state.in_(final), ~keeps_lines)
    with reading(ledger.engine) as connection:
        return [(row.id, JobState(row.state)) for row in connection.execute(query)]


class Sweeper:
    """Sweeps now and then, between two tasks of a worker."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Prepare; `clock` gives seconds and never goes back."""
        self._clock, self._next = clock, clock()

    def sweep(self, ledger: Ledger, settings: Settings) -> None:
        """Sweep, if the last time was long enough ago."""
        if self._clock() >= self._next:
            self._next = self._clock() + PAUSE_S
            sweep_ended(ledger, settings)
