"""The main program of a worker: Celery's, but Ctrl-C is a normal end of it, as it is of a service."""

import sys
from typing import Any

from celery import signals
from celery.__main__ import main as run_celery

import workers.tasks

APP = workers.tasks.app
"""Imported here, from the installed landcast, before Celery could find a `workers/` in the current folder."""
WARM = "Warm"
"""How Celery ends a worker that finishes its task first."""


def main() -> None:
    """Run a worker with the arguments of this process, and exit: 0 if it was ended by Ctrl-C or SIGTERM, once."""
    ends: list[str] = []

    def note(how: str = "", **_: Any) -> None:
        ends.append(how)

    signals.worker_shutting_down.connect(note)
    try:
        run_celery()
    except SystemExit as ended:
        sys.exit(0 if ends == [WARM] else ended.code)
