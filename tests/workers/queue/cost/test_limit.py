"""A job that may cost no more ends with what is done, on SQLite and PostgreSQL."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from core.job import JobState, TileState
from core.settings import Settings
from tests.workers.conftest import order, worker_here
from tests.workers.queue.ledger_parts import KEY, ORDER, TILES, Clock
from workers.gaps import gaps_of
from workers.queue.cost.limit import stop_spent
from workers.queue.events.log import EventKind, events_after
from workers.queue.ledger import Ledger, open_ledger
from workers.tasks import carry_out_tile, close_job

REASON = "the order's limit of 10 seconds of workers (max_seconds) was reached before it was begun"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(database_url: str, clock: Clock) -> Iterator[Ledger]:
    found = Ledger(database_url, clock=clock)
    found.create_schema()
    found.add_job(replace(ORDER, max_seconds=10.0), TILES, "a")
    yield found
    found.close()


def spend(ledger: Ledger, clock: Clock, tile: int, seconds: float) -> None:
    assert ledger.claim_tile("a", TILES[tile].key, "w", 60)
    clock.now += seconds
    assert ledger.finish_tile("a", TILES[tile].key, "w")


def states(ledger: Ledger) -> list[str]:
    return [task.state.value for task in ledger.tiles("a")]


def test_no_tile_is_begun_once_the_limit_is_reached_and_those_that_run_are_finished(
    ledger: Ledger, clock: Clock
) -> None:
    spend(ledger, clock, 0, 9)
    assert states(ledger) == ["done", "open", "open", "open"]
    assert ledger.claim_tile("a", TILES[1].key, "other", 60)
    spend(ledger, clock, 2, 2)
    assert states(ledger) == ["done", "running", "done", "failed"]
    assert ledger.tiles("a")[3].error == REASON
    assert ledger.finish_tile("a", TILES[1].key, "other")
    assert ledger.take_unclosed("a")
    (stopped,) = [e for e in events_after(ledger.engine, "a", 0, limit=99) if e.kind is EventKind.STOPPED]
    assert stopped.reason == f"1 tiles are left out: {REASON}"


def test_an_attempt_that_fails_after_the_limit_is_the_last(ledger: Ledger, clock: Clock) -> None:
    assert ledger.claim_tile("a", TILES[1].key, "other", 60)
    spend(ledger, clock, 0, 11)
    assert ledger.fail_tile("a", TILES[1].key, "other", "it did not answer") is TileState.OPEN
    assert states(ledger) == ["done", "failed", "failed", "failed"]


def test_a_job_of_which_nothing_is_done_fails_with_the_reason(ledger: Ledger, clock: Clock) -> None:
    assert ledger.claim_tile("a", KEY, "w", 60)
    clock.now += 11
    ledger.fail_tile("a", KEY, "w", "it did not answer")
    job = ledger.job("a")
    assert (job.state, job.message) == (JobState.FAILED, f"4 tiles are left out: {REASON}.")


def test_a_job_that_is_to_have_no_gaps_fails(database_url: str, clock: Clock) -> None:
    ledger = Ledger(database_url, clock=clock)
    ledger.create_schema()
    ledger.add_job(replace(ORDER, max_seconds=10.0, fail_on_gaps=True), TILES, "a")
    spend(ledger, clock, 0, 11)
    assert ledger.job("a").state is JobState.FAILED
    ledger.close()


def test_a_retry_may_cost_as_much_again(ledger: Ledger, clock: Clock) -> None:
    spend(ledger, clock, 0, 11)
    assert ledger.claim_close("a", "w", 60)
    assert ledger.close_job("a", JobState.SUCCESSFUL, "done with gaps", "w")
    ledger.retry("a")
    assert states(ledger) == ["done", "open", "open", "open"]
    assert stop_spent(ledger.engine, ledger.clock) == 0
    spend(ledger, clock, 1, 9)
    assert states(ledger)[2] == "open"
    spend(ledger, clock, 2, 2)
    assert states(ledger) == ["done", "done", "done", "failed"]


def test_a_job_without_a_limit_is_left_alone(ledger: Ledger, clock: Clock) -> None:
    ledger.add_job(ORDER, TILES, "b")
    assert ledger.claim_tile("b", KEY, "w", 60)
    clock.now += 1e6
    assert ledger.finish_tile("b", KEY, "w")
    assert stop_spent(ledger.engine, ledger.clock) == 0


def test_the_map_is_delivered_with_gaps_that_state_the_limit(lonely: Settings) -> None:
    job, worker = order(lonely, max_seconds=0.001), worker_here(lonely)
    first, *others = worker.ledger.tiles(job.id)
    carry_out_tile(worker, job.id, first.tile_key)
    close_job(worker, job.id)
    done = worker.ledger.job(job.id)
    assert (done.state, done.is_complete, done.tiles_done) == (JobState.SUCCESSFUL, False, 1)
    assert done.message.startswith(f"done with gaps: {len(others)} of {job.tiles_total} tiles could not be made")
    assert {gap.reason for gap in gaps_of(worker.ledger, done)} == {
        "the order's limit of 0.001 seconds of workers (max_seconds) was reached before it was begun"
    }
    assert (lonely.home / "jobs" / job.id / "fake-map.tif").exists()
    assert open_ledger(lonely).retry(job.id).state is JobState.RUNNING
