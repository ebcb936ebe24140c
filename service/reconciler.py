"""The thread that reconciles queue and ledger while the service runs, and how it fares. One round: workers/queue."""

import logging
import threading
import time
from collections.abc import Callable

from core.settings import Settings
from workers.queue.ledger import Ledger
from workers.queue.reconcile import reconcile

log = logging.getLogger(__name__)

PAUSE_S = 1.0
"""Between two rounds: the longest time that a tile waits after its lease has run out."""
STUCK_S = 60.0
"""A round takes milliseconds; one that has not ended after this time is reported. SQLite waits 30 s for a writer."""


class Reconciler:
    """Rounds without end: one that fails is logged and followed by the next, whatever the error."""

    def __init__(
        self,
        ledger: Ledger,
        settings: Settings,
        *,
        pause_s: float = PAUSE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare; `clock` gives seconds and never goes back."""
        self._ledger, self._settings, self._pause_s, self._clock = ledger, settings, pause_s, clock
        self._failure = ""
        self._ended = self._clock()
        self._failed_at: float | None = None

    def run(self, stop: threading.Event) -> None:
        """Reconcile until the event is set."""
        while not stop.wait(self._pause_s):
            self.round()

    def round(self) -> None:
        """Reconcile once; raises nothing."""
        lease_s = self._settings.jobs.lease_seconds
        has_failed_lately = self._failed_at is not None and self._clock() - self._failed_at < lease_s
        try:
            reconcile(self._ledger, self._settings, allowance_s=lease_s if has_failed_lately else 0.0)
        except Exception as error:  # whatever it is: without a reconciler all jobs would hang until a restart
            if not self._failure:  # one line an outage, not one a second
                log.error("a round of the reconciler failed, the next one follows", exc_info=error)
            self._failure, self._failed_at = type(error).__name__, self._clock()
        else:
            if self._failure:
                log.warning("the reconciler goes on")
            self._failure = ""
        self._ended = self._clock()

    def trouble(self) -> str:
        """Return why it does not work at the moment, as the clause of a sentence; empty if it does."""
        if self._failure:
            return f"its last round failed ({self._failure}), the next one follows"
        silent_s = self._clock() - self._ended
        return f"its round has not ended for {silent_s:.0f} s" if silent_s > STUCK_S else ""
