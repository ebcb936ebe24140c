"""The processes of a site: Redis, PostgreSQL, service, worker; each can be killed, paused, and started again."""

import contextlib
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil
import redis

from tests.conftest import ROOT
from tests.workers.conftest import Postgres, _postgres_programs
from workers.queue.redis_server import find_redis_server

LANDCAST = (sys.executable, "-m", "tests.chaos.landcast")
PLAIN = (sys.executable, "-m", "cli.main")
"""The same without gates."""
START_S = 60.0


def until(claim: Callable[[], object], what: str, *, seconds: float = START_S) -> None:
    """Wait until a claim is true.

    Raises:
        TimeoutError: it did not become true in time.
    """
    end = time.monotonic() + seconds
    while not claim():
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.03)


def free_port() -> int:
    """Return a port of this machine that nobody uses."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Part:
    """A process in a session of its own, with its log."""

    def __init__(
        self,
        command: Sequence[str],
        log: Path,
        environment: Mapping[str, str] | None = None,
        *,
        most_files: int | None = None,
    ) -> None:
        """Start it; `most_files` is its limit of file descriptors."""
        self.command, self.log, self.environment = tuple(command), log, dict(environment or {})
        self._most_files = most_files
        self.start()

    def start(self) -> None:
        """Start it, again if it has ended."""
        limit = self._most_files
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command,
                cwd=ROOT,
                env={k: v for k, v in os.environ.items() if not k.startswith("LANDCAST_")} | self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=(lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))) if limit else None,
            )

    @property
    def pid(self) -> int:
        """Process id."""
        return self.process.pid

    def family(self, word: str = "") -> list[psutil.Process]:
        """Return its direct children that live and whose command line holds a word."""
        found = []
        for child in psutil.Process(self.pid).children():
            with contextlib.suppress(psutil.NoSuchProcess):  # a zombie too
                found += [child] if word in " ".join(child.cmdline()) else []
        return found

    def kill(self) -> None:
        """End its main process alone, at once."""
        self.process.kill()
        self.process.wait()

    def end(self) -> None:
        """End it with everything in its session that is left."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self.process.wait()


class Redis(Part):
    """A Redis on a unix socket, which keeps nothing on disk."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "redis.sock"
        self.url = f"redis+socket://{self.socket}"
        options = ("--port", "0", "--unixsocket", str(self.socket), "--save", "", "--appendonly", "no")
        super().__init__((str(find_redis_server()), *options, "--dir", str(folder)), folder / "redis.log")

    def start(self) -> None:
        """Return once it answers."""
        super().start()
        until(self._answers, "Redis starts")

    def _answers(self) -> bool:
        with contextlib.suppress(redis.RedisError), redis.Redis(unix_socket_path=str(self.socket)) as client:
            return bool(client.ping())
        return False


class Database:
    """A PostgreSQL of one site."""

    def __init__(self, folder: Path) -> None:
        programs = _postgres_programs()
        if programs is None:
            raise FileNotFoundError("PostgreSQL is not installed")
        self.folder = Path(tempfile.mkdtemp(prefix="landcast-pg-", dir="/tmp"))
        self._server = Postgres(programs, self.folder)
        self.url = self._server.url

    @property
    def pid(self) -> int:
        """Process id of the main process."""
        return int((self.folder / "data" / "postmaster.pid").read_text().split()[0])

    def kill(self) -> None:
        """End it and all its processes at once, as a machine that loses its power does."""
        pid = self.pid
        main = psutil.Process(pid)
        for process in (main, *main.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self._server._server.wait()
        (self.folder / ".s.PGSQL.5432").unlink(missing_ok=True)

    def start(self) -> None:
        """Return once it answers again."""
        (self.folder / "data" / "postmaster.pid").unlink(missing_ok=True)
        self._server.start()

    def end(self) -> None:
        """End it and remove its folder."""
        with contextlib.suppress(psutil.NoSuchProcess, FileNotFoundError):
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def pause(pids: Sequence[int], seconds: float) -> None:
    """Stop processes with all their descendants for a time."""
    found = [p for pid in pids for p in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True))]
    _signal(found, signal.SIGSTOP)
    time.sleep(seconds)
    _signal(found, signal.SIGCONT)


def pause_alone(pid: int, seconds: float) -> None:
    """Stop one process, but not its children, for a time."""
    found = [psutil.Process(pid)]
    _signal(found, signal.SIGSTOP)
    time.sleep(seconds)
    _signal(found, signal.SIGCONT)


def _signal(processes: Sequence[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(number)
