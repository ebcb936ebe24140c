"""Files that ended jobs have left, on this machine and in the store: found and removed, whoever should have done so."""

import logging
import time
from collections.abc import Callable

from core.errors import StoreUnavailable, UnknownJob
from core.job import JobState
from core.settings import Settings
from workers.queue.dispatch import scratch_folder, sweep
from workers.queue.ledger import Ledger
from workers.store.open_store import open_store

logger = logging.getLogger(__name__)

PAUSE_S = 60.0
"""Between two rounds of a worker: a machine without a service has nobody else to remove its scratch files."""
WITHOUT_RESULT = (JobState.FAILED, JobState.DISMISSED)


def sweep_ended(ledger: Ledger, settings: Settings) -> int:
    """Remove what ended jobs have left; return of how many. Scratch folders of jobs that are not known stay."""
    folder = scratch_folder(settings, "")
    names = {p.name for p in folder.iterdir()} if folder.is_dir() else set()
    try:
        names |= set(open_store(settings).leftovers())
    except StoreUnavailable as error:
        logger.debug("leftovers in the store not listed reason=%s", error.reason)
    return sum(_sweep_if_ended(ledger, settings, name) for name in sorted(names))


def _sweep_if_ended(ledger: Ledger, settings: Settings, job_id: str) -> bool:
    try:
        state = ledger.job(job_id).state
    except UnknownJob:
        return False
    if state.is_final:
        sweep(job_id, settings, with_result=state in WITHOUT_RESULT)
    return state.is_final


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
