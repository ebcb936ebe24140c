"""Tiles that one worker reads and another renders, on SQLite and PostgreSQL."""

import pytest

from core.groups.queues import Capability
from core.job import TileState
from ingest.io.meter import Spent
from tests.workers.queue.ledger_parts import KEY, TILES, Clock, add
from workers.queue.capability.reads import SHARE, finish_read
from workers.queue.cost.costs import cost_of
from workers.queue.events.log import EventKind, events_after
from workers.queue.fairness.claim import Claimed, Turns
from workers.queue.ledger import Ledger

COMPUTE = Capability.COMPUTE


@pytest.fixture
def ledger(ledger: Ledger) -> Ledger:
    add(ledger)
    return ledger


def read(ledger: Ledger, number: int = 0) -> None:
    assert ledger.claim_tile("a", TILES[number].key, "reader", 10)
    assert finish_read(ledger, "a", TILES[number].key, "reader", 3.0, spent=Spent(scene_reads=4))


def test_a_tile_that_is_read_is_open_for_those_who_compute_and_for_nobody_else(ledger: Ledger) -> None:
    read(ledger)
    turns = Turns(ledger)
    assert turns.claim("a", KEY, "w", 10) == Claimed(job_id="a", tile_key=TILES[1].key)
    assert turns.claim("a", TILES[2].key, "w", 10, COMPUTE) == Claimed(job_id="a", tile_key=KEY)
    assert turns.claim("a", KEY, "v", 10, COMPUTE) is None


def test_only_its_own_worker_ends_a_read(ledger: Ledger) -> None:
    assert ledger.claim_tile("a", KEY, "reader", 10)
    assert not finish_read(ledger, "a", KEY, "other", 3.0)
    ledger.dismiss("a")
    assert ledger.tiles("a")[0].state is TileState.RUNNING


def test_progress_and_cost_of_a_read_stay(ledger: Ledger, clock: Clock) -> None:
    assert ledger.claim_tile("a", KEY, "reader", 10)
    clock.now += 5.0
    assert finish_read(ledger, "a", KEY, "reader", 3.0, spent=Spent(scene_reads=4))
    assert ledger.job("a").progress == pytest.approx(SHARE / len(TILES))
    assert Turns(ledger).claim("a", KEY, "w", 10, COMPUTE)
    assert ledger.job("a").progress == pytest.approx(SHARE / len(TILES))
    clock.now += 2.0
    assert ledger.finish_tile("a", KEY, "w", seconds=1.5, pixels=100)
    cost = cost_of(ledger.engine, "a")
    assert (cost.seconds, cost.scene_reads, cost.pixels) == (7.0, 4, 100)
    assert ledger.pace("crop", "m") == pytest.approx((3.0 + 1.5) / 100), "both count in what a pixel takes"
    kinds = [event.kind for event in events_after(ledger.engine, "a", 1, limit=9)]
    assert kinds == [EventKind.TILE_STARTED, EventKind.TILE_READ, EventKind.TILE_STARTED, EventKind.TILE_DONE]


def test_a_read_is_no_failed_attempt(ledger: Ledger) -> None:
    read(ledger)
    for attempt in range(3):
        assert Turns(ledger).claim("a", KEY, "w", 10, COMPUTE)
        state = ledger.fail_tile("a", KEY, "w", "it fails")
        assert state is (TileState.OPEN if attempt < 2 else TileState.FAILED)
    last = events_after(ledger.engine, "a", 1, limit=99)[-1]
    assert (last.kind, last.reason) == (EventKind.TILE_GIVEN_UP, "it fails")


def test_a_cube_that_is_gone_again_and_again_does_not_go_on_for_ever(ledger: Ledger) -> None:
    states = []
    for _ in range(3):
        read(ledger)
        assert Turns(ledger).claim("a", KEY, "w", 10, COMPUTE)
        states.append(ledger.fail_tile("a", KEY, "w", "gone", stage=Capability.INGEST))
    assert states == [TileState.OPEN, TileState.OPEN, TileState.FAILED]


def test_the_tile_of_a_worker_that_died_while_computing_is_computed_again(ledger: Ledger) -> None:
    read(ledger)
    assert Turns(ledger).claim("a", KEY, "w", 10, COMPUTE)
    assert ledger.release(lambda worker: worker == "w") == 1
    assert Turns(ledger).claim("a", KEY, "v", 10, COMPUTE) == Claimed(job_id="a", tile_key=KEY)


def test_nobody_reads_far_ahead_of_those_who_compute(ledger: Ledger) -> None:
    assert ledger.take_unsent("a", 2) == [t.key for t in TILES[:2]]
    read(ledger, 0)
    read(ledger, 1)
    assert ledger.take_unsent("a", 2) == [], "two cubes wait"
    assert ledger.take_unsent("a", 2, COMPUTE) == [t.key for t in TILES[:2]]
    assert ledger.take_unsent("a", 2, COMPUTE) == []
    assert Turns(ledger).claim("a", KEY, "w", 10, COMPUTE)
    assert ledger.take_unsent("a", 2) == [TILES[2].key]


def test_messages_are_forgotten_queue_by_queue(ledger: Ledger, clock: Clock) -> None:
    read(ledger)
    ledger.take_unsent("a", 9)
    ledger.take_unsent("a", 9, COMPUTE)
    clock.now += 10
    assert ledger.forget_sent(5, [COMPUTE]) == 1
    assert ledger.forget_sent(5, [Capability.INGEST]) == len(TILES) - 1


def test_a_tile_that_is_retried_is_read_again(ledger: Ledger) -> None:
    read(ledger)
    for _ in range(3):
        assert Turns(ledger).claim("a", KEY, "w", 10, COMPUTE)
        ledger.fail_tile("a", KEY, "w", "it fails")
    for tile in TILES[1:]:
        assert ledger.claim_tile("a", tile.key, "w", 10)
        assert ledger.finish_tile("a", tile.key, "w")
    ledger.close_job("a", ledger.job("a").state.SUCCESSFUL, "done")
    ledger.retry("a")
    assert Turns(ledger).claim("a", KEY, "w", 10, COMPUTE) is None
    assert Turns(ledger).claim("a", KEY, "w", 10) == Claimed(job_id="a", tile_key=KEY)
    assert ledger.tiles("a")[0].attempts == 1
