"""The private Redis as a child process: restarted at the same socket when it dies. Started by workers/queue."""

import contextlib
import logging
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

from service.process.orphan_guard import OrphanGuard
from workers.queue.redis_server import start_redis

logger = logging.getLogger(__name__)


class RedisProcess:
    """A Redis that is kept alive. After a restart it is empty; the reconciler sends open tiles again."""

    def __init__(self, url: str, process: "subprocess.Popen[bytes]", orphan_guard: OrphanGuard) -> None:
        self.url = url
        """As Celery writes it: `redis+socket://...`."""
        self._process, self._orphan_guard = process, orphan_guard
        self._orphan_guard.group(process.pid)

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def tend(self) -> None:
        """Notice a death and restart with the same command."""
        if self._process.poll() is None:
            return
        self._orphan_guard.forget(self.pid)
        logger.warning("redis died pid=%d returncode=%s", self.pid, self._process.returncode)
        self._process = subprocess.Popen(
            self._process.args,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._orphan_guard.group(self.pid)

    def stop(self) -> None:
        """End it, whichever process it is by now."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)  # nothing to save: it keeps nothing on disk
        self._process.wait()
        self._orphan_guard.forget(self.pid)


@contextlib.contextmanager
def private_redis(orphan_guard: OrphanGuard) -> Iterator[RedisProcess]:
    """Run a private Redis; its processes and its folder are gone afterwards.

    Raises:
        WorkerUnavailable: it cannot be found or does not start.
    """
    with start_redis() as (url, process):
        folder = Path(url.partition("://")[2]).parent
        orphan_guard.folder(folder)
        kept = RedisProcess(url, process, orphan_guard)
        try:
            yield kept
        finally:
            kept.stop()
    orphan_guard.forget(folder)
