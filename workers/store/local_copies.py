"""Local copies of files of a store elsewhere: fetched once, kept within a limit, least recently used removed first."""

import contextlib
import logging
import os
import time
import zlib
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

from outputs.atomic import remove, written_aside

logger = logging.getLogger(__name__)

IN_USE_S = 60.0
"""A copy used so lately is not removed, even beyond the limit: a reader may be about to open it."""
LOCKS = 64
"""Files of locks: as many copies can be fetched at once."""


class LocalCopies:
    """Copies below one folder, shared by threads and processes. A copy never changes: another content, another name."""

    def __init__(self, folder: Path, *, limit_bytes: int) -> None:
        self._folder, self._limit_bytes = folder, limit_bytes

    def get(self, name: str, fetch: Callable[[Path], None]) -> Path:
        """Return the copy of a name.

        Args:
            name: a relative path, with slashes.
            fetch: writes the content to a path; called if there is no copy.
        """
        path = self._folder / name
        if not path.is_file():
            self._folder.mkdir(parents=True, exist_ok=True)
            with FileLock(self._folder / f".lock-{zlib.crc32(name.encode()) % LOCKS}"):
                if not path.is_file():
                    with written_aside(path) as aside:
                        fetch(aside)
                    self._evict(keep=path)
        with contextlib.suppress(FileNotFoundError):
            os.utime(path)
        return path

    def remove(self, name: str) -> None:
        """Remove a copy, or all copies below a folder."""
        remove(self._folder / name)

    def _evict(self, *, keep: Path) -> None:
        """Remove copies until the rest is within the limit."""
        found = []
        for path in self._folder.rglob("*"):
            with contextlib.suppress(FileNotFoundError):
                stat = path.stat()
                if path.is_file() and not path.name.startswith("."):
                    found.append((stat.st_mtime, stat.st_size, path))
        excess = sum(size for _, size, _ in found) - self._limit_bytes
        for used, size, path in sorted(found):
            if excess <= 0 or time.time() - used < IN_USE_S:
                return
            if path != keep:
                logger.info("local copy removed file=%s bytes=%d", path.name, size)
                path.unlink(missing_ok=True)
                excess -= size
