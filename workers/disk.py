"""Room on the disk of the home folder: how much is left, and waiting for it. Nothing is removed here."""

import logging
import shutil
import time
from collections.abc import Callable
from pathlib import Path

logger = logging.getLogger(__name__)

MIN_FREE_BYTES = 64 * 1024**2
"""With less, no tile is begun: a tile and the ledger's log of changes take a few MB each."""
PAUSE_S = 2.0


def free_bytes(folder: Path) -> int:
    """Return the free bytes of the disk that a folder lies on or will lie on."""
    there = next(p for p in (folder.absolute(), *folder.absolute().parents) if p.exists())
    return shutil.disk_usage(there).free


def await_room(
    folder: Path,
    *,
    free: Callable[[Path], int] = free_bytes,
    pause: Callable[[float], None] = time.sleep,
) -> None:
    """Return once the disk of a folder has room; the log names the wait once."""
    if free(folder) >= MIN_FREE_BYTES:
        return
    logger.warning("the disk is full, the work waits folder=%s free_bytes=%d", folder, free(folder))
    while free(folder) < MIN_FREE_BYTES:
        pause(PAUSE_S)
    logger.warning("the disk has room again folder=%s", folder)
