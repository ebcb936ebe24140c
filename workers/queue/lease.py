"""Lease: a claim that is renewed in the background during the work, and that stops the work when it is lost."""

import logging
import threading
from collections.abc import Callable
from types import TracebackType

from workers.queue.patience import brief, patiently
from workers.queue.schema import AWAY

logger = logging.getLogger(__name__)

BEAT_S = 1.0
"""Longest time between two beats, and so until a dismissal is noticed and progress is visible."""


class LeaseLost(Exception):
    """The work is no longer ours: the job was dismissed or has failed, or another worker has taken over."""


class Lease:
    """Context in which a claim is kept; `progress` is the callback for the work, raises LeaseLost once it is lost."""

    def __init__(self, beat: Callable[[float], bool], lease_s: float) -> None:
        """Prepare; `beat` takes the share done, renews the claim, and returns False once the claim is lost."""
        self._beat, self._every_s = beat, min(BEAT_S, lease_s / 4)
        self._share, self._lost = 0.0, False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="lease", daemon=True)

    def __enter__(self) -> "Lease":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def progress(self, share: float) -> None:
        """Note the share done, 0..1.

        Raises:
            LeaseLost: the work is to be dropped.
        """
        self._share = min(max(share, self._share), 1.0)
        if self._lost:
            raise LeaseLost

    def check(self) -> None:
        """Renew the claim now, before a step that cannot be undone; wait while the ledger is away.

        Raises:
            LeaseLost: the work is to be dropped.
        """
        self._lost = self._lost or not patiently(lambda: self._beat(self._share))
        self.progress(self._share)

    def _keep(self) -> None:
        is_away = False
        while not self._stop.wait(self._every_s) and not self._lost:
            try:
                self._lost, is_away = not self._beat(self._share), False
            except (*AWAY, OSError) as error:  # the lease itself is the limit
                if not is_away:  # one line an outage
                    logger.warning("lease not renewed, tried again every beat reason=%s", brief(error))
                is_away = True
