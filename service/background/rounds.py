"""A thread that does something again and again while the service runs, whatever goes wrong. What: its maker says."""

import logging
import threading
from collections.abc import Callable

from workers.queue.schema import AWAY

log = logging.getLogger(__name__)

AFTER_FAILURE_S = 10.0


def start_rounds(name: str, work: Callable[[], bool], stop: threading.Event, *, pause_s: float) -> threading.Thread:
    """Start a thread that does rounds of some work until the event is set.

    Args:
        name: of the thread, for the log.
        work: one round; returns True if the next one should follow at once.
        stop: ends the thread after the round.
        pause_s: between two rounds.
    """
    thread = threading.Thread(target=_run, args=(name, work, stop, pause_s), name=name, daemon=True)
    thread.start()
    return thread


def _run(name: str, work: Callable[[], bool], stop: threading.Event, pause_s: float) -> None:
    has_failed, wait_s = False, 0.0
    while not stop.wait(wait_s):
        try:
            wait_s = 0.0 if work() else pause_s
        except Exception as error:  # whatever it is: without this thread the work would lie until a restart
            if not has_failed:  # one line an outage
                is_known = isinstance(error, AWAY)
                text = "a round failed, the next one follows thread=%s reason=%s"
                log.error(text, name, type(error).__name__, exc_info=None if is_known else error)
            has_failed, wait_s = True, max(pause_s, AFTER_FAILURE_S)
        else:
            if has_failed:
                log.warning("rounds go on thread=%s", name)
            has_failed = False
