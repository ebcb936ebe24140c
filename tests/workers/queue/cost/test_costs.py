"""What attempts cost is added up, on SQLite and PostgreSQL."""

from core.job import JobState
from ingest.io.meter import Spent
from tests.workers.queue.ledger_parts import KEY, TILES, Clock, add
from workers.queue.cost.costs import Cost, add_cost, cost_of
from workers.queue.ledger import Ledger

READ = Spent(scene_reads=3, read_bytes=900, processing_units=0.25)


def cost(ledger: Ledger) -> Cost:
    return cost_of(ledger.engine, "a")


def test_a_job_that_was_not_begun_has_cost_nothing(ledger: Ledger) -> None:
    add(ledger)
    assert cost(ledger) == Cost()


def test_every_attempt_counts_and_so_does_the_writing_of_the_result(ledger: Ledger, clock: Clock) -> None:
    add(ledger, tiles=TILES[:2])
    assert ledger.claim_tile("a", KEY, "w", 60)
    clock.now += 4
    ledger.fail_tile("a", KEY, "w", "it did not answer", spent=READ)
    assert cost(ledger) == Cost(seconds=4, scene_reads=3, read_bytes=900, processing_units=0.25)
    for tile in TILES[:2]:
        assert ledger.claim_tile("a", tile.key, "w", 60)
        clock.now += 10
        assert ledger.finish_tile("a", tile.key, "w", seconds=9.5, pixels=1000, spent=READ)
    assert ledger.claim_close("a", "w", 60)
    clock.now += 2
    assert ledger.fail_close("a", "w", "the disk is full")
    clock.now += 100
    assert ledger.claim_close("a", "w", 60)
    clock.now += 3
    assert ledger.close_job("a", JobState.SUCCESSFUL, "done", "w")
    assert cost(ledger) == Cost(seconds=29, pixels=2000, scene_reads=9, read_bytes=2700, processing_units=0.75)


def test_an_attempt_whose_worker_died_counts_until_its_last_sign_of_life(ledger: Ledger, clock: Clock) -> None:
    add(ledger)
    assert ledger.claim_tile("a", KEY, "w", 60)
    clock.now += 7
    assert ledger.heartbeat("a", KEY, "w", 60, 0.5)
    clock.now += 500
    assert ledger.release(lambda worker: False) == 1
    assert cost(ledger) == Cost(seconds=7)


def test_what_is_no_longer_a_workers_own_costs_nothing_more(ledger: Ledger) -> None:
    add(ledger)
    assert not ledger.finish_tile("a", KEY, "w", seconds=1.0, pixels=5, spent=READ)
    assert cost(ledger) == Cost()


def test_time_never_goes_back(ledger: Ledger) -> None:
    add(ledger)
    with ledger.engine.begin() as connection:
        add_cost(connection, "a", seconds=-5.0)
    assert cost(ledger).seconds == 0
