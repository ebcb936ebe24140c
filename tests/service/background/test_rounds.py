"""Rounds of background work go on whatever happens, and end with the service."""

import threading
from collections.abc import Iterator

import pytest

from service.background import rounds
from service.background.rounds import start_rounds
from tests.workers.conftest import wait_for


@pytest.fixture
def stop() -> Iterator[threading.Event]:
    found = threading.Event()
    yield found
    found.set()


def test_a_round_that_fails_is_logged_once_and_followed_by_others(
    stop: threading.Event, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(rounds, "AFTER_FAILURE_S", 0.01)
    outcomes = iter([True, ZeroDivisionError("x"), ZeroDivisionError("y"), True])
    done = []

    def work() -> bool:
        outcome = next(outcomes, False)
        done.append(outcome)
        if isinstance(outcome, Exception):
            raise outcome
        return bool(outcome)

    thread = start_rounds("tests", work, stop, pause_s=0.01)
    wait_for(lambda: len(done) >= 6)
    stop.set()
    thread.join(10)
    assert not thread.is_alive()
    assert [r.getMessage() for r in caplog.records] == [
        "a round failed, the next one follows thread=tests reason=ZeroDivisionError",
        "rounds go on thread=tests",
    ]


def test_work_that_is_left_follows_without_a_pause(stop: threading.Event) -> None:
    left = list(range(50))
    start_rounds("tests", lambda: bool(left and left.pop() is not None), stop, pause_s=60.0)
    wait_for(lambda: not left, seconds=20)
