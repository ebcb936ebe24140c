import os
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from service.process.signals import STOP_SIGNALS, TERMINATED, ending_unwinds, held_off, wait_for_signal


def send_soon(number: signal.Signals) -> None:
    threading.Timer(0.05, os.kill, (os.getpid(), number)).start()


@pytest.mark.parametrize("number", STOP_SIGNALS)
def test_waiting_ends_with_each_signal_that_stops(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    send_soon(number)
    wait_for_signal()
    assert signal.getsignal(number) is before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_unwinds_the_block(number: signal.Signals) -> None:
    cleaned, before = [], signal.getsignal(number)

    def work() -> None:
        with ending_unwinds(), ExitStack() as stack:
            stack.callback(cleaned.append, 1)
            signal.raise_signal(number)

    with pytest.raises(SystemExit) as caught:
        work()
    assert (caught.value.code, cleaned) == (TERMINATED, [1])
    assert signal.getsignal(number) is before


@pytest.fixture
def heard() -> Iterator[None]:
    """Let Ctrl-C be heard, which a shell without job control has commands in the background ignore."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heard")
def test_a_clean_up_is_not_broken_off() -> None:
    with held_off():
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_other_threads_leave_signals_alone() -> None:
    before, seen = signal.getsignal(signal.SIGINT), []

    def look() -> None:
        with held_off():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == [before]
