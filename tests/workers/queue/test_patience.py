import logging

import pytest
from sqlalchemy.exc import IntegrityError, OperationalError

from core.errors import StoreUnavailable
from workers.queue.patience import FIRST_S, LAST_S, brief, patiently


class Away:
    """A call that fails a number of times before it answers."""

    def __init__(self, times: int, error: Exception) -> None:
        self.left, self._error = times, error

    def __call__(self) -> str:
        if self.left:
            self.left -= 1
            raise self._error
        return "done"


FULL = OperationalError("UPDATE tiles SET lease=?", (1.0,), Exception("database or disk is full\nmore"))


def test_a_call_is_made_again_until_the_ledger_is_back(caplog: pytest.LogCaptureFixture) -> None:
    pauses: list[float] = []
    with caplog.at_level(logging.WARNING):
        assert patiently(Away(12, FULL), pause=pauses.append) == "done"
    assert len(pauses) == 12
    assert (pauses[0], max(pauses)) == (FIRST_S, LAST_S)
    assert pauses == sorted(pauses)
    assert len(caplog.records) == 2, "one line when the outage begins and one when it ends"


def test_a_store_that_is_away_is_waited_for_too(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert patiently(Away(3, StoreUnavailable("access was denied")), pause=lambda _: None) == "done"
    assert caplog.messages[0].startswith("the store is away, the work waits")
    assert caplog.messages[1].startswith("the store is back")


def test_an_error_that_waiting_does_not_mend_is_raised_at_once() -> None:
    with pytest.raises(IntegrityError):
        patiently(Away(1, IntegrityError("INSERT", {}, Exception("twice"))), pause=lambda _: pytest.fail("it waited"))


def test_a_reason_is_one_line_without_the_statement() -> None:
    assert brief(FULL) == "database or disk is full"
