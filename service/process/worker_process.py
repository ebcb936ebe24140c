"""The Celery worker as a child process: in a group of its own, restarted when it dies, ended with all its children."""

import contextlib
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from core.read_settings import environment
from core.settings import Settings
from service.process.orphan_guard import OrphanGuard

logger = logging.getLogger(__name__)

CODE = "from service.process.worker_main import main; main()"
"""With `-P`, Python imports the installed landcast, never a `workers/` in the current folder."""
ARGUMENTS = ("-A", "workers.tasks", "worker", "-P", "prefork", "-c", "1")
QUIET = ("--without-gossip", "--without-mingle", "--without-heartbeat")
"""A single worker needs none of these, and each costs seconds at start."""
DELAYS_S = (0.0, 1.0, 2.0, 5.0, 15.0)
"""Before the first, second, ... restart in a row."""
MAX_LOG_BYTES = 20_000_000
"""A longer log is renamed when a worker starts, and replaces the one that was renamed before."""
HOPELESS = 8
"""Deaths in a row after which a waiting command gives up."""
SETTLED_S = 60.0
"""After a life of this length, the next restart has the first delay again."""


def worker_command(name: str, settings: Settings) -> list[str]:
    """Return the command line of a worker; the name distinguishes workers of one machine."""
    level = settings.log_level.upper()
    plain = ["-q"] if settings.log == "json" else []  # without Celery's banner, which is no JSON
    return [sys.executable, "-P", "-c", CODE, *plain, *ARGUMENTS, *QUIET, "--loglevel", level, "-n", f"{name}@%h"]


class WorkerProcess:
    """One worker and its restarts. Used from one thread at a time."""

    def __init__(self, settings: Settings, *, log: Path, orphan_guard: OrphanGuard) -> None:
        """Prepare; `settings` name the Redis and the ledger to use, `log` the file that its output is appended to."""
        self._settings, self._orphan_guard = settings, orphan_guard
        self.log = log
        """File with the worker's output."""
        self._process: subprocess.Popen[bytes] | None = None
        self._scratch = Path()  # its folder for temporary files: a worker that is killed leaves some
        self._deaths = 0
        self._changed = 0.0  # when it last started or died

    @property
    def pid(self) -> int | None:
        """Process id of the worker's main process; None while there is none."""
        return self._process.pid if self._process else None

    @property
    def is_hopeless(self) -> bool:
        """Tell whether it has died HOPELESS times in a row."""
        return self._deaths >= HOPELESS

    def start(self) -> None:
        """Start the process; returns before it is ready for tasks."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > MAX_LOG_BYTES:
            self.log.replace(self.log.with_suffix(".old.log"))
        self._scratch = Path(tempfile.mkdtemp(prefix="landcast-worker-"))
        self._orphan_guard.folder(self._scratch)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                worker_command(f"celery-{os.getpid()}", self._settings),
                env=os.environ | environment(self._settings) | {"TMPDIR": str(self._scratch)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._changed = time.monotonic()
        self._orphan_guard.group(self._process.pid)
        logger.info("worker started pid=%d log=%s", self._process.pid, self.log)

    def tend(self) -> None:
        """Restart the worker if it has died, after a pause that grows with the number of deaths in a row."""
        if self._process is not None and self._process.poll() is not None:
            self._bury(self._process)
        waited_s = time.monotonic() - self._changed
        if self._process is None and self._deaths and waited_s >= DELAYS_S[min(self._deaths, len(DELAYS_S)) - 1]:
            self.start()

    def stop(self, grace_s: float) -> None:
        """End the worker and its children: a cold shutdown, which gives up the running task, then SIGKILL."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signal.SIGQUIT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(grace_s)
        self._clear_up(process)

    def _bury(self, process: subprocess.Popen[bytes]) -> None:
        self._clear_up(process)
        self._deaths = 1 if time.monotonic() - self._changed > SETTLED_S else self._deaths + 1
        self._process, self._changed = None, time.monotonic()
        logger.warning(
            "worker died pid=%d returncode=%s deaths_in_a_row=%d", process.pid, process.returncode, self._deaths
        )

    def _clear_up(self, process: subprocess.Popen[bytes]) -> None:
        _kill_group(process)
        shutil.rmtree(self._scratch, ignore_errors=True)
        self._orphan_guard.forget(process.pid)
        self._orphan_guard.forget(self._scratch)


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """End what is left of the group: a killed main process leaves its pool children behind."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
