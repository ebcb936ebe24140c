"""The main program of a worker: Celery's, but Ctrl-C is a normal end of it, as it is of a service."""

import os
import signal
import sys
from types import FrameType
from typing import Any

ENDS = (signal.SIGINT, signal.SIGTERM)
WARM = "Warm"
"""How Celery ends a worker that finishes its task first."""


def main() -> None:
    """Run a worker with the arguments of this process, and exit: 0 if it was ended by Ctrl-C or SIGTERM, once.

    A signal that comes while libraries are loaded ends it at once, as there is no task to finish yet.
    """
    for number in ENDS:
        signal.signal(number, _leave)
    from celery import signals
    from celery.__main__ import main as run_celery

    import workers.tasks  # from the installed landcast, before Celery could find a `workers/` in the current folder

    assert workers.tasks.app
    ends: list[str] = []

    def note(how: str = "", **_: Any) -> None:
        ends.append(how)

    signals.worker_shutting_down.connect(note)
    try:
        run_celery()
    except SystemExit as ended:
        sys.exit(0 if ends == [WARM] else ended.code)


def _leave(_number: int, _frame: FrameType | None) -> None:
    os._exit(0)
