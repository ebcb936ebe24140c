"""The one piece of work of a job of fields is stopped, on SQLite and PostgreSQL."""

from dataclasses import replace

import pytest

from core.job import FIELDS, JobState, TileState
from ingest.io.meter import Spent
from tests.workers.queue.ledger_parts import KEY, ORDER, TILES, Clock
from workers.fields.stopped import stop_tile
from workers.queue.cost.costs import Cost, cost_of
from workers.queue.events.log import EventKind, events_after
from workers.queue.ledger import Ledger

REASON = "the order's limit was reached"
SPENT = Spent(scene_reads=3, read_bytes=900)


@pytest.fixture
def ledger(ledger: Ledger, clock: Clock) -> Ledger:
    ledger.add_job(replace(ORDER, product=FIELDS, max_cost={"pixels": 1}), TILES[:1], "a")
    assert ledger.claim_tile("a", KEY, "w", 60)
    clock.now += 4
    return ledger


def test_a_job_of_which_something_is_done_goes_on_to_its_result(ledger: Ledger) -> None:
    assert stop_tile(ledger, "a", KEY, "w", reason=REASON, pixels=7, has_some=True, spent=SPENT)
    (task,) = ledger.tiles("a")
    assert (task.state, task.error) == (TileState.FAILED, REASON)
    assert cost_of(ledger.engine, "a") == Cost(seconds=4, pixels=7, scene_reads=3, read_bytes=900)
    assert ledger.job("a").state is JobState.RUNNING
    assert ledger.take_unclosed("a")
    assert [e.reason for e in events_after(ledger.engine, "a", 0, limit=9) if e.kind is EventKind.STOPPED] == [
        f"fields are left out: {REASON}"
    ]


def test_a_job_of_which_nothing_is_done_fails(ledger: Ledger) -> None:
    assert stop_tile(ledger, "a", KEY, "w", reason=REASON, pixels=0, has_some=False)
    assert ledger.job("a").message == f"All fields are left out: {REASON}."


def test_what_is_no_longer_the_workers_own_is_left_alone(ledger: Ledger) -> None:
    assert not stop_tile(ledger, "a", KEY, "other", reason=REASON, pixels=7, has_some=False)
    assert ledger.tiles("a")[0].state is TileState.RUNNING
    assert cost_of(ledger.engine, "a") == Cost()
