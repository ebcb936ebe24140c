"""Signals that request the end of the process: wait for them, turn them into an exception, or ignore them."""

import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Any, NoReturn

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
TERMINATED = 143
"""Exit code after SIGTERM: 128 + 15, as shells report it."""


def wait_for_signal() -> None:
    """Return after Ctrl-C, SIGTERM or the end of the terminal."""
    stop = threading.Event()
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in STOP_SIGNALS}
    try:
        stop.wait()
    finally:
        _restore(before)


@contextmanager
def ending_unwinds() -> Iterator[None]:
    """Let SIGTERM and SIGHUP unwind the block as Ctrl-C does, so that context managers clean up."""
    before = {number: signal.signal(number, _leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        _restore(before)


@contextmanager
def held_off() -> Iterator[None]:
    """Ignore further signals during a clean-up that ends soon anyway; has no effect outside the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, signal.SIG_IGN) for number in STOP_SIGNALS}
    try:
        yield
    finally:
        _restore(before)


def _leave(_number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(TERMINATED)


def _restore(before: Mapping[signal.Signals, Any]) -> None:
    for number, handler in before.items():
        signal.signal(number, handler)
