"""The ledger, on SQLite and on PostgreSQL: one winner of every race, leases, attempts, and what people are told."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.errors import UnknownJob
from core.job import JobState, TileState
from tests.workers.queue.ledger_parts import KEY, ORDER, TILES, Clock, add, finish_all, give_up
from workers.queue.ledger import DIED, Ledger


@pytest.fixture
def ledger(database_url: str, clock: Clock) -> Iterator[Ledger]:
    found = Ledger(database_url, max_attempts=3, clock=clock)
    found.create_schema()
    found.create_schema()
    yield found
    found.close()


def winners(attempt: Callable[[int], bool]) -> int:
    with ThreadPoolExecutor(8) as pool:
        return sum(pool.map(attempt, range(24)))


def never(worker: str) -> bool:
    return False


def test_a_job_comes_back_as_it_was_written(ledger: Ledger, clock: Clock) -> None:
    add(ledger)
    job = ledger.job("a")
    assert job.order == ORDER
    assert (job.state, job.tiles_total, job.progress) == (JobState.ACCEPTED, 4, 0.0)
    assert job.created == "1970-01-12T13:46:40.000Z"
    assert ledger.lattice("a") == TILES
    assert [t.tile_key for t in ledger.tiles("a")] == [t.key for t in TILES]


def test_a_job_is_written_once(ledger: Ledger) -> None:
    add(ledger)
    assert ledger.add_job(ORDER, TILES[:1], "a").tiles_total == 4


def test_jobs_are_listed_newest_first(ledger: Ledger, clock: Clock) -> None:
    for name in "abc":
        clock.now += 1
        add(ledger, name)
    ledger.dismiss("b")
    assert [j.id for j in ledger.jobs()] == ["c", "b", "a"]
    assert [j.id for j in ledger.jobs(limit=1, offset=1)] == ["b"]
    assert [j.id for j in ledger.jobs(state=JobState.ACCEPTED)] == ["c", "a"]
    assert (ledger.count(), ledger.count(JobState.DISMISSED)) == (3, 1)


def test_an_unknown_job_is_an_error(ledger: Ledger) -> None:
    for ask in (ledger.job, ledger.dismiss, ledger.lattice):
        with pytest.raises(UnknownJob, match="no job 'x'"):
            ask("x")


def test_one_of_many_claims_a_tile(ledger: Ledger) -> None:
    add(ledger)
    assert winners(lambda n: ledger.claim_tile("a", KEY, f"w{n}", 10)) == 1
    assert ledger.job("a").state is JobState.RUNNING
    assert ledger.job("a").message == "0 of 4 tiles"


def test_one_of_many_closes_a_job(ledger: Ledger) -> None:
    add(ledger)
    assert not ledger.claim_close("a", "early", 10)
    finish_all(ledger)
    assert ledger.job("a").message == "4 of 4 tiles"
    assert winners(lambda n: ledger.claim_close("a", f"w{n}", 10)) == 1


def test_progress_is_the_mean_over_tiles(ledger: Ledger) -> None:
    add(ledger)
    ledger.claim_tile("a", TILES[0].key, "w", 10)
    ledger.finish_tile("a", TILES[0].key, "w")
    ledger.claim_tile("a", TILES[1].key, "w", 10)
    assert ledger.heartbeat("a", TILES[1].key, "w", 10, 0.5)
    assert ledger.job("a").progress == pytest.approx(1.5 / 4)


def test_a_lease_that_ran_out_opens_the_tile(ledger: Ledger, clock: Clock) -> None:
    add(ledger)
    ledger.claim_tile("a", KEY, "w", 10)
    clock.now += 9
    assert ledger.heartbeat("a", KEY, "w", 10, 0.2)
    clock.now += 9
    assert ledger.release(never) == 0
    clock.now += 2
    assert ledger.release(never) == 1
    assert not ledger.heartbeat("a", KEY, "w", 10, 0.3)
    assert not ledger.finish_tile("a", KEY, "w")
    assert ledger.claim_tile("a", KEY, "other", 10)
    assert ledger.tiles("a")[0].attempts == 2


def test_a_worker_known_to_be_gone_loses_its_tile_at_once(ledger: Ledger) -> None:
    add(ledger)
    ledger.claim_tile("a", KEY, "dead", 10)
    ledger.claim_tile("a", TILES[1].key, "alive", 10)
    assert ledger.release(lambda worker: worker == "dead", "a") == 1
    assert [t.state for t in ledger.tiles("a")][:2] == [TileState.OPEN, TileState.RUNNING]


def test_a_tile_is_tried_three_times_and_then_the_others_go_on(ledger: Ledger) -> None:
    add(ledger)
    give_up(ledger, KEY)
    job = ledger.job("a")
    assert (job.state, job.tiles_failed) == (JobState.RUNNING, 1)
    assert not ledger.claim_tile("a", KEY, "w", 10)
    assert ledger.tiles("a")[0].error == DIED
    for tile in TILES[1:]:
        assert not ledger.claim_close("a", "w", 10)
        assert ledger.claim_tile("a", tile.key, "w", 10)
        assert ledger.finish_tile("a", tile.key, "w")
    assert ledger.take_unclosed("a")
    assert ledger.claim_close("a", "w", 10)


def test_a_failure_for_good_is_not_tried_again(ledger: Ledger) -> None:
    add(ledger)
    ledger.claim_tile("a", KEY, "w", 10)
    assert ledger.fail_tile("a", KEY, "w", "NDVI needs red", for_good=True) is TileState.FAILED
    assert ledger.job("a").message == "NDVI needs red"


def test_a_failure_of_somebody_elses_tile_changes_nothing(ledger: Ledger) -> None:
    add(ledger)
    ledger.claim_tile("a", KEY, "w", 10)
    assert ledger.fail_tile("a", KEY, "other", "no") is TileState.RUNNING
    assert ledger.heartbeat("a", KEY, "w", 10, 0.1)


def test_a_dismissed_job_refuses_work(ledger: Ledger) -> None:
    add(ledger)
    ledger.claim_tile("a", KEY, "w", 10)
    assert ledger.dismiss("a").state is JobState.DISMISSED
    assert not ledger.heartbeat("a", KEY, "w", 10, 0.1)
    assert not ledger.claim_tile("a", TILES[1].key, "w", 10)
    assert not ledger.close_job("a", JobState.SUCCESSFUL, "done")
    assert ledger.take_unsent("a", 10) == []


def test_few_tiles_of_a_job_are_under_way_at_once(ledger: Ledger, clock: Clock) -> None:
    add(ledger)
    assert ledger.waiting() == ["a"]
    assert ledger.take_unsent("a", 3) == [t.key for t in TILES[:3]]
    assert ledger.take_unsent("a", 3) == []
    ledger.claim_tile("a", KEY, "w", 10)
    assert ledger.take_unsent("a", 3) == [TILES[3].key]
    assert ledger.waiting() == []
    clock.now += 1
    assert ledger.forget_sent(older_than_s=0.5) == 3
    assert ledger.take_unsent("a", 3) == [t.key for t in TILES[1:]]


def test_a_closer_that_died_is_replaced_and_the_third_is_the_last(ledger: Ledger, clock: Clock) -> None:
    add(ledger)
    finish_all(ledger)
    assert ledger.take_unclosed("a")
    assert not ledger.take_unclosed("a")
    for _ in range(3):
        assert ledger.claim_close("a", "w", 10)
        assert ledger.heartbeat_close("a", "w", 10)
        clock.now += 11
        assert ledger.release_closers(never) == 1
    assert ledger.job("a").message.startswith("Writing the result failed 3 times, at last because its worker died")


def test_only_the_closer_closes(ledger: Ledger) -> None:
    add(ledger)
    finish_all(ledger)
    ledger.claim_close("a", "w", 10)
    assert not ledger.close_job("a", JobState.SUCCESSFUL, "done", "other")
    assert ledger.close_job("a", JobState.SUCCESSFUL, "done", "w")
    assert ledger.job("a").finished
    assert ledger.pace("crop", "m") == pytest.approx(0.02)
    assert ledger.pace("canopy", "m") is None


def test_the_message_of_a_job_is_its_stage(ledger: Ledger) -> None:
    add(ledger)
    ledger.report("a", "writing the map")
    assert ledger.job("a").message == "writing the map"


def test_a_job_without_tiles_is_a_mistake(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="0 tiles"):
        add(ledger, tiles=[])
