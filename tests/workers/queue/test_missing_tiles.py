"""Tiles that were given up: when a job ends because of them, and what a retry opens; on SQLite and on PostgreSQL."""

from dataclasses import replace

from core.job import JobState, TileState
from tests.workers.queue.ledger_parts import GRID, KEY, ORDER, TILES, Clock, add, give_up
from workers.queue.ledger import DIED, Ledger
from workers.queue.missing_tiles import HOPELESS


def test_a_job_none_of_whose_tiles_can_be_made_fails(ledger: Ledger) -> None:
    add(ledger)
    for tile in TILES:
        assert ledger.job("a").state is not JobState.FAILED
        give_up(ledger, tile.key)
    job = ledger.job("a")
    assert (job.state, job.tiles_failed) == (JobState.FAILED, 4)
    assert job.message == f"Tile {TILES[-1].key} failed 3 times, at last because {DIED}."


def test_a_job_with_many_bad_tiles_and_no_good_one_ends_early(ledger: Ledger) -> None:
    many = [GRID.tile(column, 7) for column in range(HOPELESS + 4)]
    add(ledger, tiles=many)
    for tile in many[:HOPELESS]:
        give_up(ledger, tile.key)
    assert ledger.job("a").state is JobState.FAILED


def test_a_job_that_is_to_have_no_gaps_fails_with_its_first(ledger: Ledger) -> None:
    ledger.add_job(replace(ORDER, fail_on_gaps=True), TILES, "a")
    give_up(ledger, KEY)
    assert ledger.job("a").message == f"Tile {KEY} failed 3 times, at last because {DIED}."
    assert not ledger.claim_tile("a", TILES[1].key, "w", 10)


def with_a_gap(ledger: Ledger) -> None:
    add(ledger)
    give_up(ledger, KEY)
    for tile in TILES[1:]:
        assert ledger.claim_tile("a", tile.key, "w", 10)
        assert ledger.finish_tile("a", tile.key, "w")
    assert ledger.claim_close("a", "w", 10)
    assert ledger.close_job("a", JobState.SUCCESSFUL, "done with gaps", "w")


def test_a_retry_opens_the_missing_tiles_alone(ledger: Ledger, clock: Clock) -> None:
    with_a_gap(ledger)
    first = ledger.job("a")
    assert (first.is_complete, first.has_result) == (False, True)
    clock.now += 5
    again = ledger.retry("a")
    assert (again.state, again.has_result, again.tiles_failed) == (JobState.RUNNING, True, 0)
    assert ledger.retry("a").state is JobState.RUNNING
    assert [t.state for t in ledger.tiles("a")] == [TileState.OPEN, *[TileState.DONE] * 3]
    assert ledger.take_unsent("a", 9) == [KEY]
    assert ledger.claim_tile("a", KEY, "w", 10)
    assert ledger.finish_tile("a", KEY, "w")
    assert ledger.claim_close("a", "w", 10)
    assert ledger.close_job("a", JobState.SUCCESSFUL, "done", "w")
    last = ledger.job("a")
    assert (last.is_complete, last.finished > first.finished) == (True, True)
    assert ledger.retry("a").state is JobState.SUCCESSFUL


def test_a_retry_that_fails_leaves_the_result_as_it_was(ledger: Ledger) -> None:
    with_a_gap(ledger)
    ledger.retry("a")
    assert ledger.claim_tile("a", KEY, "w", 10)
    ledger.fail_tile("a", KEY, "w", "NDVI needs red", for_good=True)
    job = ledger.job("a")
    assert (job.state, job.has_result, job.is_complete) == (JobState.SUCCESSFUL, True, False)
    assert job.message == "The retry failed, the earlier result stays: NDVI needs red"


def test_a_failed_job_can_be_retried_and_fail_again_but_not_a_dismissed_one(ledger: Ledger) -> None:
    add(ledger, tiles=TILES[:1])
    give_up(ledger, KEY)
    assert ledger.job("a").state is JobState.FAILED
    again = ledger.retry("a")
    assert (again.state, again.has_result) == (JobState.RUNNING, False)
    give_up(ledger, KEY)
    assert ledger.job("a").state is JobState.FAILED
    ledger.dismiss("a")
    assert ledger.retry("a").state is JobState.DISMISSED
