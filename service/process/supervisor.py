"""The supervisor: one process that runs the API, keeps a private Redis and a worker alive, and leaves nothing behind.

What the API and the worker do lives elsewhere.
"""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import uvicorn
from pydantic import SecretStr

from core.errors import WorkerUnavailable
from core.settings import Settings
from service.app import create_app, end_streams
from service.process.address import listen, remove_address, url_of, write_address
from service.process.connections import BACKLOG, count_open_files, limited, most_connections, raise_file_limit
from service.process.orphan_guard import OrphanGuard
from service.process.redis_process import RedisProcess, private_redis
from service.process.signals import held_off
from service.process.worker_process import WorkerProcess
from workers.queue.broker import broker_url

logger = logging.getLogger(__name__)

TEND_S = 0.3
"""Pause between two checks of the children: the longest time until a dead worker is noticed."""
START_S = 30.0
API_GRACE_S, WORKER_GRACE_S = 3.0, 3.0


class Supervisor:
    """The running service. A context manager: everything is up inside, everything is gone after."""

    def __init__(self, settings: Settings, *, with_worker: bool = True) -> None:
        """Prepare. Without a worker, orders wait for one that is started elsewhere with the same Redis and ledger.

        Entering the context raises WorkerUnavailable if a part cannot be started, and InvalidOption if workers cannot
        use the given Redis.
        """
        self._given, self._with_worker = settings, with_worker
        self.settings = settings
        """With the absolute home folder and the Redis in use; complete inside the context."""
        self.url = ""
        """Address of the API."""
        self.worker: WorkerProcess | None = None
        self.redis: RedisProcess | None = None
        """The private one, if there is one."""

    def __enter__(self) -> "Supervisor":
        home = self._given.home.resolve()
        home.mkdir(parents=True, exist_ok=True, mode=0o700)  # jobs and results are the user's own
        self.settings = self._given.but(home=home)
        with ExitStack() as stack:
            self._start(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        with held_off():
            self._stack.close()

    def _start(self, stack: ExitStack) -> None:
        orphan_guard = stack.enter_context(OrphanGuard())
        if self.settings.jobs.redis_url is None:
            self._start_redis(stack, orphan_guard)
        broker_url(self.settings)  # raises at once if workers could not use this Redis
        if self._with_worker:
            log = self.settings.home / "logs" / "worker.log"
            self.worker = WorkerProcess(self.settings, log=log, orphan_guard=orphan_guard)
            stack.callback(self.worker.stop, WORKER_GRACE_S)
            self.worker.start()
        self.url = stack.enter_context(run_api(self.settings))
        stack.enter_context(self._tending())

    def _start_redis(self, stack: ExitStack, orphan_guard: OrphanGuard) -> None:
        self.redis = stack.enter_context(private_redis(orphan_guard))
        self.settings = self.settings.but(redis_url=SecretStr(self.redis.url))

    @contextmanager
    def _tending(self) -> Iterator[None]:
        stop = threading.Event()
        thread = threading.Thread(target=self._tend, args=(stop,), name="tend", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def _tend(self, stop: threading.Event) -> None:
        has_failed = False
        while not stop.wait(TEND_S):
            try:
                for child in (self.redis, self.worker):
                    if child is not None:
                        child.tend()
                has_failed = False
            except OSError as error:  # no memory, file descriptor or process left: the next round tries again
                if not has_failed:
                    logger.error("a child could not be started, tried again reason=%s", error)
                has_failed = True


@contextmanager
def run_api(settings: Settings) -> Iterator[str]:
    """Serve the API from a thread of this process; yields its address.

    Raises:
        WorkerUnavailable: the port is taken, the address is not this machine's, or the API did not start.
    """
    listener = listen(settings)
    most = most_connections(settings.http.max_connections, file_limit=raise_file_limit(), open_files=count_open_files())
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        http=limited(most, settings.http.idle_seconds),
        backlog=min(BACKLOG, most),
        timeout_keep_alive=max(1, round(settings.http.idle_seconds)),
        log_config=None,
        access_log=False,
        lifespan="on",
        timeout_graceful_shutdown=int(API_GRACE_S),
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="api", daemon=True)
    thread.start()
    try:
        _wait_until_started(server, thread)
        write_address(settings.home, url_of(listener))
        yield url_of(listener)
    finally:
        remove_address(settings.home, url_of(listener))
        end_streams(app)
        server.should_exit = True
        thread.join(API_GRACE_S + 2)
        listener.close()


def _wait_until_started(server: uvicorn.Server, thread: threading.Thread) -> None:
    deadline = time.monotonic() + START_S
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise WorkerUnavailable("the API did not start; see the log above")
        time.sleep(0.02)
