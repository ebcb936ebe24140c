"""The files of the audit log: the one that grows is set aside when it is large or old, and old ones are removed.

Any number of processes may write: each opens the file for each line, and one of them at a time sets it aside.
"""

import json
import logging
import os
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from filelock import FileLock

logger = logging.getLogger(__name__)

MAX_BYTES = 10_000_000
"""Of the growing file; it is then set aside."""
MOST = 50
"""Files that are kept besides it, whatever their age: the log has half a gigabyte at most."""
TURN_DAYS = 30
"""A growing file whose first line is older than this is set aside, so that it does not keep old lines for ever."""
LOOK_S = 3600.0
"""Between two looks of one process at the age of the first line."""
DAY_S = 86_400.0


class AuditFiles:
    """A file that grows, and earlier ones: `NAME.1` is the newest of them. May be used from several threads."""

    def __init__(self, path: Path, *, days: int, clock: Callable[[], float] = time.time) -> None:
        """Prepare.

        Args:
            path: of the growing file.
            days: an earlier file whose last line is older than this is removed; 0 = none for its age.
            clock: seconds since 1970.
        """
        self._path, self._days, self._clock = path, days, clock
        self._looked = 0.0

    def append(self, line: str) -> None:
        """Write a line, and set the file aside if it is large or old.

        Raises:
            OSError: it cannot be written.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(file, "wb") as out:
            out.write(f"{line}\n".encode())  # one write: lines of several processes do not mix
            size = os.fstat(out.fileno()).st_size
        now = self._clock()
        if size >= MAX_BYTES or now - self._looked >= LOOK_S:
            self._looked = now
            self._tidy(now)

    def _tidy(self, now: float) -> None:
        with FileLock(f"{self._path}.lock", mode=0o600):
            if self._is_full(now):
                self._set_aside()
            for earlier in self._earlier():
                if self._days and now - earlier.stat().st_mtime > self._days * DAY_S:
                    earlier.unlink(missing_ok=True)

    def _is_full(self, now: float) -> bool:
        """Tell whether the growing file is to be set aside: another process may just have done so."""
        if not self._path.exists():
            return False
        return self._path.stat().st_size >= MAX_BYTES or now - _began(self._path, now) > TURN_DAYS * DAY_S

    def _set_aside(self) -> None:
        earlier = self._earlier()
        for file in earlier[MOST - 1 :]:
            logger.warning("audit log removed, as there are too many of them file=%s", file.name)
            file.unlink(missing_ok=True)
        for file in reversed(earlier[: MOST - 1]):
            file.replace(self._numbered(int(file.name.rsplit(".", 1)[1]) + 1))
        self._path.replace(self._numbered(1))

    def _earlier(self) -> list[Path]:
        """Return the earlier files, newest first."""
        found = self._path.parent.glob(f"{self._path.name}.*")
        numbered = [file for file in found if file.name.rsplit(".", 1)[1].isdigit()]
        return sorted(numbered, key=lambda file: int(file.name.rsplit(".", 1)[1]))

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")


def _began(path: Path, now: float) -> float:
    """Return the time of the first line, seconds since 1970; now, if it states none."""
    with path.open(encoding="utf-8", errors="replace") as lines:
        first = lines.readline(100_000)
    try:
        return datetime.fromisoformat(json.loads(first)["time"]).timestamp()
    except (ValueError, KeyError, TypeError):
        return now
