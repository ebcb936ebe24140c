"""A job that may cost no more ends with what is done, on SQLite and PostgreSQL."""

import json
from dataclasses import replace

import pytest
from sqlalchemy import select, update

from core.job import JobState, TileState
from core.settings import Settings
from ingest.io.meter import Spent
from tests.workers.conftest import order, worker_here
from tests.workers.queue.ledger_parts import KEY, ORDER, TILES, Clock
from workers.gaps import gaps_of
from workers.queue.cost.costs import add_cost
from workers.queue.cost.limit import stop_spent
from workers.queue.events.log import EventKind, events_after
from workers.queue.fairness.claim import Turns
from workers.queue.ledger import Ledger, open_ledger
from workers.queue.schema import jobs
from workers.tasks import carry_out_tile, close_job

REASON = "the order's limit of 10 seconds of workers (max_cost) was reached before it was begun"


@pytest.fixture
def ledger(ledger: Ledger) -> Ledger:
    ledger.add_job(replace(ORDER, max_cost={"seconds": 10.0}), TILES, "a")
    return ledger


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
    ledger.add_job(replace(ORDER, max_cost={"seconds": 10.0}, fail_on_gaps=True), TILES, "a")
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
        "the order's limit of 0.001 seconds of workers (max_cost) was reached before it was begun"
    }
    assert (lonely.home / "jobs" / job.id / "fake-map.tif").exists()
    assert open_ledger(lonely).retry(job.id).state is JobState.RUNNING


SPENT = Spent(scene_reads=3, read_bytes=9000, processing_units=0.75)
"""Of one tile of 1,000 pixels."""


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        ({"pixels": 1000}, "1,000 pixels"),
        ({"pixels": 999.5, "seconds": 1e9}, "999.5 pixels"),
        ({"scene_reads": 3}, "3 reads of scenes"),
        ({"read_bytes": 8999}, "8,999 bytes read"),
        ({"processing_units": 0.75}, "0.75 processing units"),
    ],
)
def test_each_part_of_the_cost_has_a_limit(
    database_url: str, clock: Clock, limit: dict[str, float], words: str
) -> None:
    ledger = Ledger(database_url, clock=clock)
    ledger.create_schema()
    ledger.add_job(replace(ORDER, max_cost=limit), TILES, "a")
    ledger.add_job(replace(ORDER, max_cost={name: value * 1.01 for name, value in limit.items()}), TILES, "b")
    for job_id in ("a", "b"):
        assert ledger.claim_tile(job_id, KEY, "w", 60)
        assert ledger.finish_tile(job_id, KEY, "w", seconds=1.0, pixels=1000, spent=SPENT)
    assert states(ledger) == ["done", "failed", "failed", "failed"]
    assert ledger.tiles("a")[1].error == f"the order's limit of {words} (max_cost) was reached before it was begun"
    assert [task.state.value for task in ledger.tiles("b")] == ["done", "open", "open", "open"]
    ledger.close()


def test_a_tile_cannot_be_claimed_between_the_reaching_of_a_limit_and_the_end(ledger: Ledger, clock: Clock) -> None:
    with ledger.engine.begin() as connection:
        add_cost(connection, "a", seconds=9.9)
    assert ledger.claim_tile("a", TILES[0].key, "w", 60)
    with ledger.engine.begin() as connection:
        add_cost(connection, "a", seconds=0.1)
    assert not ledger.claim_tile("a", TILES[1].key, "w", 60)
    assert Turns(ledger).claim("a", TILES[1].key, "w", 60) is None
    assert states(ledger) == ["running", "open", "open", "open"]


def test_a_limit_of_an_older_ledger_still_holds(ledger: Ledger, clock: Clock) -> None:
    with ledger.engine.begin() as connection:
        older = json.loads(connection.execute(select(jobs.c.document)).scalar_one())
        older.pop("max_cost")
        older["max_seconds"] = 10.0
        connection.execute(update(jobs).values(document=json.dumps(older)))
    assert ledger.job("a").order.max_cost == {"seconds": 10.0}
    spend(ledger, clock, 0, 11)
    assert ledger.tiles("a")[1].error == REASON
