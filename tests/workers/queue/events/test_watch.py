"""A job as its followers see it: with an estimate of the time that is left where something is known."""

from collections.abc import Iterator

import pytest

from core.errors import UnknownJob
from core.job import JobState
from tests.workers.queue.ledger_parts import KEY, TILES, add, finish_all, give_up
from workers.queue.events.watch import look
from workers.queue.ledger import Ledger


@pytest.fixture
def ledger(database_url: str) -> Iterator[Ledger]:
    found = Ledger(database_url, max_attempts=3)
    found.create_schema()
    yield found
    found.close()


def move_back(ledger: Ledger, seconds: float, job_id: str = "a") -> None:
    """Let all events of a job have happened earlier."""
    with ledger.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE job_events SET moment = moment - {seconds} WHERE job_id = '{job_id}'")


def test_nothing_is_said_while_nothing_is_known(ledger: Ledger) -> None:
    add(ledger)
    assert look(ledger.engine, "a").seconds_left is None
    assert ledger.claim_tile("a", KEY, "w", 60)
    move_back(ledger, 30)
    seen = look(ledger.engine, "a")
    assert (seen.job.state, seen.last, seen.seconds_left) == (JobState.RUNNING, 2, None)
    with pytest.raises(UnknownJob):
        look(ledger.engine, "none")


def test_tiles_that_are_done_tell_how_long_the_others_take(ledger: Ledger) -> None:
    add(ledger)
    for tile in TILES[:2]:
        assert ledger.claim_tile("a", tile.key, "w", 60)
        assert ledger.finish_tile("a", tile.key, "w")
    move_back(ledger, 100)
    assert look(ledger.engine, "a").seconds_left == pytest.approx(100, abs=20)
    assert ledger.claim_tile("a", TILES[2].key, "w", 60)
    assert ledger.heartbeat("a", TILES[2].key, "w", 60, 0.5)
    assert look(ledger.engine, "a").seconds_left == pytest.approx(60, abs=15)


def test_a_retry_is_not_judged_by_the_time_before_it(ledger: Ledger) -> None:
    add(ledger)
    for tile in TILES[:3]:
        assert ledger.claim_tile("a", tile.key, "w", 60)
        assert ledger.finish_tile("a", tile.key, "w")
    give_up(ledger, TILES[3].key)
    assert ledger.claim_close("a", "w", 60)
    assert ledger.close_job("a", JobState.SUCCESSFUL, "done", "w")
    move_back(ledger, 5000)
    ledger.retry("a")
    assert look(ledger.engine, "a").seconds_left is None
    assert ledger.claim_tile("a", TILES[3].key, "w", 60)
    assert ledger.heartbeat("a", TILES[3].key, "w", 60, 0.5)
    with ledger.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE job_events SET moment = moment - 10 WHERE kind = 'tile-started' AND number > 12"
        )
    left = look(ledger.engine, "a").seconds_left
    assert left is not None
    assert left < 100


def test_the_writing_of_earlier_results_counts_as_well(ledger: Ledger) -> None:
    add(ledger, "before", TILES[:1])
    finish_all(ledger, "before")
    assert ledger.claim_close("before", "w", 60)
    move_back(ledger, 50, "before")
    assert ledger.close_job("before", JobState.SUCCESSFUL, "done", "w")
    add(ledger)
    finish_all(ledger)
    assert ledger.claim_close("a", "w", 60)
    assert look(ledger.engine, "a").seconds_left == pytest.approx(50, abs=10)
    move_back(ledger, 500)
    assert look(ledger.engine, "a").seconds_left is None, "later than any before: nothing is known"
