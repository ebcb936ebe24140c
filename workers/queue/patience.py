"""Patience with a ledger or store that is away: a call is made again, after pauses that grow, until it succeeds."""

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from core.errors import StoreUnavailable
from workers.queue.schema import AWAY

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")

FIRST_S, LAST_S = 0.5, 10.0
"""Pauses: the first, and the longest, which is how late the end of an outage may be noticed."""


def patiently(call: Callable[[], Answer], *, pause: Callable[[float], None] = time.sleep) -> Answer:
    """Return what a call on the ledger or the store returns; wait while that is away.

    Args:
        call: may be made several times; one whose answer got lost must do no harm when made again.
        pause: takes seconds.
    """
    waited_s, pause_s, what = 0.0, FIRST_S, ""
    while True:
        try:
            answer = call()
        except (*AWAY, StoreUnavailable) as error:
            level = logging.DEBUG if waited_s else logging.WARNING  # one line an outage
            what = "store" if isinstance(error, StoreUnavailable) else "ledger"
            logger.log(level, "the %s is away, the work waits reason=%s", what, brief(error))
            pause(pause_s)
            waited_s, pause_s = waited_s + pause_s, min(LAST_S, 2 * pause_s)
            continue
        if waited_s:
            logger.warning("the %s is back waited_s=%.1f", what, waited_s)
        return answer


def brief(error: Exception) -> str:
    """Return the first line of an error of the database, without the statement and its values."""
    return str(getattr(error, "orig", None) or error).partition("\n")[0] or type(error).__name__
