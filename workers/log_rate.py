"""A limit on how often the log repeats itself: a fault that comes back in a loop must not fill the disk."""

import logging
import time
from collections.abc import Callable

PERIOD_S, MOST = 60.0, 20
"""Of warnings and errors from one place in the code, so many are written in so many seconds."""


class LogRate(logging.Filter):
    """Lets the first warnings of one place in the code through, then none until the period ends; INFO passes always.

    The first line after a pause states how many were left out.
    """

    def __init__(
        self, *, most: int = MOST, period_s: float = PERIOD_S, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Let `most` lines of one place through in `period_s`."""
        super().__init__()
        self._most, self._period_s, self._clock = most, period_s, clock
        self._seen: dict[tuple[str, str, int], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether a line is to be written."""
        if record.levelno < logging.WARNING:
            return True
        place, now = (record.name, record.pathname, record.lineno), self._clock()
        began, count = self._seen.get(place, (now, 0))
        if now - began >= self._period_s:
            if count > self._most:
                record.msg = f"{record.getMessage()} ({count - self._most} such lines before it were left out)"
                record.args = ()
            began, count = now, 0
        self._seen[place] = (began, count + 1)
        return count < self._most


def limit_log_rate() -> None:
    """Limit the rate of every handler of the root logger."""
    rate = LogRate()
    for handler in logging.getLogger().handlers:
        handler.addFilter(rate)
