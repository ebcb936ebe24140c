"""Real parts for the tests of the workers: Redis, PostgreSQL where it is installed, Celery workers as processes."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
import redis
from pydantic import SecretStr
from sqlalchemy import create_engine

from core.errors import WorkerUnavailable
from core.grid import Tile
from core.job import Job, JobState, Order
from core.settings import Settings
from tests.conftest import ROOT
from tests.fakes import FAKE_DEPENDENCIES, REGION
from tests.workers.queue.ledger_parts import Clock
from workers.accept import accept
from workers.queue.dispatch import feed
from workers.queue.ledger import Ledger, open_ledger
from workers.queue.liveness import worker_name
from workers.queue.reconcile import GRACE_S, reconcile
from workers.queue.redis_server import private_redis
from workers.tasks import Worker, carry_out_tile, close_job


@pytest.fixture(scope="session")
def _shared_redis() -> Iterator[str]:
    with private_redis() as url:
        yield url


@pytest.fixture
def redis_url(_shared_redis: str) -> str:
    """An empty Redis: no two ledgers share its messages."""
    with redis.Redis(unix_socket_path=_shared_redis.partition("://")[2]) as client:
        client.flushall()
    return _shared_redis


def _postgres_programs() -> Path | None:
    on_path = shutil.which("postgres")
    folders = [Path(on_path).resolve().parent] if on_path else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return folders[-1] if folders else None


def _as_somebody_else(folder: Path) -> list[str]:
    """Return the words that run a command as a user whom PostgreSQL accepts; root is refused."""
    if os.getuid() != 0:
        return []
    shutil.chown(folder, "nobody")
    return ["setpriv", "--reuid=nobody", "--clear-groups", "--"]


class Postgres:
    """A PostgreSQL of the tests' own, which can be stopped and started again."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs, self._folder, self._words = programs, folder, _as_somebody_else(folder)
        self.url = f"postgresql+psycopg://landcast@/postgres?host={folder}"
        run = [str(programs / "initdb"), "-D", f"{folder}/data", "-U", "landcast", "--auth=trust", "--no-sync"]
        subprocess.run([*self._words, *run], check=True, capture_output=True, cwd=folder)
        self.start()

    def start(self) -> None:
        """Return once it accepts connections."""
        socket, log = self._folder / ".s.PGSQL.5432", self._folder / "log"
        options = ["-c", "listen_addresses=", "-c", f"unix_socket_directories={self._folder}", "-c", "fsync=off"]
        run = [str(self._programs / "postgres"), "-D", f"{self._folder}/data", *options]
        with log.open("wb") as output:
            self._server = subprocess.Popen([*self._words, *run], stderr=output, cwd=self._folder)
        wait_for(lambda: socket.exists() and "ready to accept" in log.read_text())

    def stop(self) -> None:
        """End it at once, with all its connections."""
        self._server.send_signal(signal.SIGINT)
        self._server.wait(20)


def _postgres() -> Iterator[Postgres]:
    programs = _postgres_programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed")
    folder = Path(tempfile.mkdtemp(prefix="landcast-pg-", dir="/tmp"))
    server = Postgres(programs, folder)
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    for server in _postgres():
        yield server.url


@pytest.fixture
def empty_postgres_url(postgres_url: str) -> str:
    """PostgreSQL without any table. A ledger of it that is open already has to create its schema again."""
    engine = create_engine(postgres_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
    engine.dispose()
    return postgres_url


@pytest.fixture
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL of one test's own, for tests that stop it."""
    yield from _postgres()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Each kind of database, empty."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    url: str = request.getfixturevalue("empty_postgres_url")
    return url


@pytest.fixture
def clock() -> Clock:
    """Stands still."""
    return Clock()


@pytest.fixture
def ledger(database_url: str, clock: Clock) -> Iterator[Ledger]:
    """An empty ledger by that clock, in each kind of database."""
    found = Ledger(database_url, clock=clock)
    found.create_schema()
    yield found
    found.close()


def workshop(home: Path, redis_url: str) -> Settings:
    """Return settings of a small workshop: a ledger of its own, small tiles, a short lease."""
    return Settings(home=home, redis_url=SecretStr(redis_url), tile_size=32, lease_seconds=2.0, archive="sample")


@pytest.fixture
def shop(tmp_path: Path, redis_url: str) -> Settings:
    """A workshop of this test's own over the private Redis; nobody works in it yet."""
    return workshop(tmp_path / "home", redis_url)


@pytest.fixture
def lonely(tmp_path: Path) -> Settings:
    """A workshop whose Redis is away; the test does the work itself."""
    return workshop(tmp_path / "lonely", "redis+socket:///nowhere")


def wait_for(is_true: Callable[[], bool], *, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def order(settings: Settings, product: str = "fake-map", **inputs: object) -> Job:
    """Accept and submit an order of fakes."""
    given = {"region": REGION, **inputs}
    accepted, _, tiles = accept(product, given, settings, FAKE_DEPENDENCIES)
    return submit_planned(accepted, tiles, settings)


def submit_planned(order: Order, tiles: Sequence[Tile], settings: Settings, job_id: str = "") -> Job:
    """Write an order and its tiles into the ledger, as if a worker had planned it, and send the first of them."""
    ledger = open_ledger(settings)
    job = ledger.add_job(order, tiles, job_id or uuid.uuid4().hex[:12])
    with suppress(WorkerUnavailable):
        feed(ledger, settings, job.id)
    return job


def end_of(settings: Settings, job_id: str, *, seconds: float = 90.0, grace_s: float = GRACE_S) -> Job:
    """Reconcile until a job has ended, as the service does."""
    ledger = open_ledger(settings)

    def has_ended() -> bool:
        reconcile(ledger, settings, grace_s=grace_s)
        return ledger.job(job_id).state.is_final

    wait_for(has_ended, seconds=seconds)
    return ledger.job(job_id)


def files_of(settings: Settings, job: Job) -> list[str]:
    folder = settings.home / "jobs" / job.id
    return sorted(p.name for p in folder.iterdir()) if folder.exists() else []


def carry_out(settings: Settings, product: str = "fake-map", **inputs: object) -> Job:
    """Order a product and do all the work in this process, without a queue."""
    job, worker = order(settings, product, **inputs), worker_here(settings)
    for task in worker.ledger.tiles(job.id):
        carry_out_tile(worker, job.id, task.tile_key)
    close_job(worker, job.id)
    return worker.ledger.job(job.id)


def worker_here(settings: Settings) -> Worker:
    """Return a worker that works in this process, for tests that need no queue."""
    return Worker(name=worker_name(), settings=settings, ledger=open_ledger(settings), dependencies=FAKE_DEPENDENCIES)


class CeleryWorker:
    """A real Celery worker, with fakes unless another app is named, in a process group of its own."""

    def __init__(self, settings: Settings, log: Path, *, shift_s: float = 0.0, app: str = "tests.worker_app") -> None:
        assert settings.jobs.redis_url
        given = {
            "HOME": settings.home.absolute(),
            "REDIS_URL": settings.jobs.redis_url.get_secret_value(),
            "TILE_SIZE": settings.jobs.tile_size,
            "LEASE_SECONDS": settings.jobs.lease_seconds,
            "STORE": settings.store,
            "ARCHIVE": settings.archives.default,
            "QUEUES": settings.workers.queues,
        }
        if settings.jobs.database_url:
            given["DATABASE_URL"] = settings.jobs.database_url.get_secret_value()
        app = "tests.shifted_worker_app" if shift_s else app
        words = ["-A", app, "worker", "-P", "prefork", "-c", "1", "--without-gossip", "--without-mingle"]
        self.log = log
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "celery",
                    *words,
                    "--without-heartbeat",
                    "--loglevel=INFO",
                    "-n",
                    f"w{os.getpid()}-{time.time()}@%h",
                ],
                cwd=ROOT,
                env=os.environ | {f"LANDCAST_{k}": str(v) for k, v in given.items()} | {"TEST_SHIFT_S": str(shift_s)},
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def children(self) -> Sequence[psutil.Process]:
        """Return the pool's processes."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def kill(self) -> None:
        """End everything at once, as `kill -9` of the whole group does."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def end(self) -> None:
        """Kill it if it is alive still."""
        if self.process.poll() is None:
            self.kill()


@pytest.fixture
def start_worker(tmp_path: Path) -> Iterator[Callable[..., CeleryWorker]]:
    """A function that starts a worker for some settings; all are ended with the test."""
    started: list[CeleryWorker] = []

    def start(settings: Settings, **further: Any) -> CeleryWorker:
        started.append(CeleryWorker(settings, tmp_path / f"worker{len(started)}.log", **further))
        return started[-1]

    yield start
    for worker in started:
        worker.end()


def until_running(ledger: Ledger, job_id: str, *, share: float = 0.0) -> None:
    """Wait until a tile of a job is being rendered, and further than a share."""
    wait_for(lambda: any(t.state == "running" and t.progress >= share for t in ledger.tiles(job_id)))


def assert_successful(job: Job) -> None:
    assert (job.state, job.message) == (JobState.SUCCESSFUL, "done")
