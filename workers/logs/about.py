"""What a process is at work on, for its log lines: a job, a tile, a request. Set where work begins."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""Of the request that is being answered; empty = none."""
_task: dict[str, str] = {}
"""Of a worker process, which carries out one task at a time with several threads: so it is the process's own."""


@contextmanager
def working_on(**names: str) -> Iterator[None]:
    """Let the log lines of this process, of all its threads, name a job, a tile and a worker."""
    before = dict(_task)
    _task.update(names)
    try:
        yield
    finally:
        _task.clear()
        _task.update(before)


def at_work_on() -> Mapping[str, str]:
    """Return what log lines of this moment are about: those of `job`, `tile`, `worker`, `request` that are known."""
    request = request_id.get()
    return {**_task, **({"request": request} if request else {})}
