"""Jobs without tiles: who plans them, on SQLite and PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Connection

from core.errors import OverQuota
from core.grid import Grid
from core.job import JobState
from tests.workers.queue.ledger_parts import GRID, ORDER, TILES, Clock, finish_all
from workers.queue.events.log import events_after
from workers.queue.job_query import JobFilter
from workers.queue.ledger import Ledger
from workers.queue.planning import Planning


@pytest.fixture
def planning(ledger: Ledger) -> Planning:
    found = Planning(ledger)
    assert found.add(ORDER, "a", pixels=70, party="foresters")
    return found


def kinds(ledger: Ledger) -> list[str]:
    return [event.kind.value for event in events_after(ledger.engine, "a", 0, limit=100)]


def test_an_unplanned_job_is_accepted_and_has_no_tiles(ledger: Ledger, planning: Planning) -> None:
    job = ledger.job("a")
    assert (job.state, job.tiles_total, job.progress) == (JobState.ACCEPTED, 0, 0.0)
    assert job.message == "waiting to be planned"
    assert not job.is_complete
    assert not job.is_planned
    assert job.order == ORDER
    assert ledger.jobs(only=JobFilter(party="foresters"))[0].id == "a"
    assert ledger.waiting() == []
    assert not ledger.take_unclosed("a")
    assert not ledger.claim_close("a", "w")


def test_a_job_is_added_once(planning: Planning, ledger: Ledger) -> None:
    assert not planning.add(ORDER, "a", pixels=1)
    assert ledger.count() == 1


def test_an_order_that_is_not_admitted_leaves_nothing(planning: Planning, ledger: Ledger) -> None:
    def admit(connection: Connection, now: float, pixels: int) -> None:
        raise OverQuota(f"{pixels} pixels", "Wait.", retry_after_s=9)

    with pytest.raises(OverQuota, match="77 pixels"):
        planning.add(ORDER, "b", pixels=77, admit=admit)
    assert ledger.count() == 1


def test_one_of_many_workers_plans_a_job(planning: Planning) -> None:
    with ThreadPoolExecutor(4) as pool:
        claimed = list(pool.map(lambda n: planning.claim("a", f"w{n}", 10), range(8)))
    assert claimed.count(True) == 1


def test_a_planned_job_has_its_tiles_and_goes_on_as_any_other(planning: Planning, ledger: Ledger) -> None:
    assert planning.claim("a", "w", 10)
    assert ledger.job("a").message == "planning"
    assert planning.finish("a", "w", TILES)
    assert [t.key for t in ledger.lattice("a")] == [t.key for t in TILES]
    assert ledger.job("a").message == "waiting for a worker"
    assert kinds(ledger) == ["accepted", "planned"]
    assert events_after(ledger.engine, "a", 1, limit=1)[0].reason == "4 tiles"
    assert ledger.waiting() == ["a"]
    finish_all(ledger)
    assert ledger.take_unclosed("a")


def test_a_plan_is_written_once(planning: Planning, ledger: Ledger) -> None:
    assert planning.claim("a", "w", 10)
    assert planning.finish("a", "w", TILES)
    assert not planning.finish("a", "w", TILES[:1])
    assert not planning.claim("a", "w", 10)
    assert not planning.heartbeat("a", "w", 10)
    assert len(ledger.tiles("a")) == len(TILES)


def test_a_plan_is_written_in_pages_and_nobody_begins_before_its_end(planning: Planning, ledger: Ledger) -> None:
    assert planning.claim("a", "w", 10)
    assert planning.resume("a", GRID) == (None, 0)
    assert planning.add_page("a", "w", TILES[:2])
    assert planning.add_page("a", "w", TILES[:2]), "its answer may have been lost"
    job = ledger.job("a")
    assert (job.message, job.is_planned, job.progress) == ("planning: 2 tiles so far", False, 0.0)
    assert ledger.waiting() == []
    assert ledger.take_unsent("a", 9) == []
    assert not ledger.claim_tile("a", TILES[0].key, "v", 10)
    assert planning.finish("a", "w", TILES[2:])
    assert [t.key for t in ledger.lattice("a")] == [t.key for t in TILES]
    assert ledger.job("a").tiles_total == 4
    assert ledger.take_unsent("a", 9) == [t.key for t in TILES]


def test_a_planner_goes_on_where_the_one_before_it_died(planning: Planning, ledger: Ledger) -> None:
    assert planning.claim("a", "first", 10)
    assert planning.add_page("a", "first", TILES[:2])
    assert planning.release(lambda worker: True) == 1
    assert planning.claim("a", "second", 10)
    assert not planning.add_page("a", "first", TILES[2:])
    assert planning.resume("a", GRID) == (TILES[0].row, 2)
    assert planning.finish("a", "second", TILES[2:])
    assert [t.key for t in ledger.lattice("a")] == [t.key for t in TILES]


def test_tiles_of_another_grid_are_planned_anew(planning: Planning, ledger: Ledger) -> None:
    assert planning.claim("a", "w", 10)
    assert planning.add_page("a", "w", TILES[:2])
    assert planning.resume("a", Grid(crs=GRID.crs, tile_size=64)) == (None, 0)
    assert ledger.tiles("a") == []


def test_a_planner_that_dies_loses_the_job_to_the_next(planning: Planning, ledger: Ledger, clock: Clock) -> None:
    assert planning.claim("a", "first", 10)
    clock.now += 9
    assert planning.heartbeat("a", "first", 10)
    clock.now += 9
    assert planning.release(lambda worker: False) == 0
    assert planning.release(lambda worker: worker == "first") == 1
    assert planning.waiting() == ["a"]
    assert planning.claim("a", "second", 10)
    assert not planning.finish("a", "first", TILES[:1])
    clock.now += 11
    assert planning.release(lambda worker: False) == 1, "its lease has run out"
    assert planning.claim("a", "third", 10)
    assert planning.finish("a", "third", TILES)
    assert len(ledger.tiles("a")) == len(TILES)


def test_a_job_whose_planners_all_die_fails_with_the_reason(planning: Planning, ledger: Ledger) -> None:
    for _ in range(3):
        assert planning.claim("a", "w", 10)
        planning.release(lambda worker: True)
    job = ledger.job("a")
    assert job.state is JobState.FAILED
    assert job.message == (
        "Planning failed 3 times, at last because its worker died while working on the plan, killed or out of memory."
    )
    assert kinds(ledger) == ["accepted", "failed"]


def test_what_another_attempt_cannot_mend_fails_the_job_at_once(planning: Planning, ledger: Ledger) -> None:
    assert planning.claim("a", "w", 10)
    assert not planning.fail("a", "w", "The region is empty.", for_good=True)
    assert (ledger.job("a").state, ledger.job("a").message) == (JobState.FAILED, "The region is empty.")


def test_a_job_whose_planning_failed_can_be_retried(planning: Planning, ledger: Ledger) -> None:
    assert planning.claim("a", "w", 10)
    planning.fail("a", "w", "The archive is gone.", for_good=True)
    assert planning.waiting() == []
    job = ledger.retry("a")
    assert (job.state, job.message) == (JobState.ACCEPTED, "waiting to be planned")
    assert planning.waiting() == ["a"]
    assert planning.claim("a", "w", 10)
    assert planning.finish("a", "w", TILES)


def test_a_dismissed_job_is_not_planned(planning: Planning, ledger: Ledger) -> None:
    assert planning.claim("a", "w", 10)
    ledger.dismiss("a")
    assert not planning.heartbeat("a", "w", 10)
    assert not planning.finish("a", "w", TILES)
    assert not planning.fail("a", "w", "late")
    assert planning.release(lambda worker: True) == 0
    assert ledger.tiles("a") == []


def test_a_lost_message_is_sent_again_and_one_of_a_planner_at_work_is_not(
    planning: Planning, ledger: Ledger, clock: Clock
) -> None:
    assert planning.waiting() == []
    assert planning.forget_sent(older_than_s=5) == 0
    clock.now += 6
    assert planning.forget_sent(older_than_s=5) == 1
    assert planning.waiting() == ["a"]
    assert planning.take("a")
    assert not planning.take("a")
    assert planning.claim("a", "w", 10)
    clock.now += 6
    assert planning.forget_sent(older_than_s=5) == 0
