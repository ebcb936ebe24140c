"""Events of jobs, on SQLite and on PostgreSQL: one for each change, numbered in the order of their transactions."""

import time
from concurrent.futures import ThreadPoolExecutor

from core.job import JobState
from tests.workers.queue.ledger_parts import GRID, KEY, ORDER, TILES, Clock, add, finish_all
from workers.queue.events.log import MAX_REASON, EventKind, events_after
from workers.queue.ledger import DIED, Ledger


def kinds(ledger: Ledger, job_id: str = "a", after: int = 0) -> list[str]:
    return [str(e.kind) for e in events_after(ledger.engine, job_id, after, limit=1000)]


def test_a_job_without_faults_leaves_one_event_for_each_change(ledger: Ledger, clock: Clock) -> None:
    add(ledger, tiles=TILES[:1])
    clock.now += 5
    finish_all(ledger)
    assert ledger.claim_close("a", "w", 10)
    ledger.report("a", "writing the map")
    assert ledger.close_job("a", JobState.SUCCESSFUL, "done", "w")
    found = events_after(ledger.engine, "a", 0, limit=100)
    assert [str(e.kind) for e in found] == [
        "accepted",
        "tile-started",
        "tile-done",
        "result-started",
        "stage",
        "successful",
    ]
    assert [e.number for e in found] == [1, 2, 3, 4, 5, 6]
    assert (found[0].moment, found[1].moment) == (1_000_000.0, 1_000_005.0)
    assert (found[2].tile_key, found[2].seconds) == (TILES[0].key, 2.0)
    assert (found[4].reason, found[5].reason) == ("writing the map", "done")
    assert events_after(ledger.engine, "a", 4, limit=1) == [found[4]]


def test_each_failed_attempt_is_an_event_with_its_reason(ledger: Ledger) -> None:
    add(ledger, tiles=TILES[:1])
    assert ledger.claim_tile("a", KEY, "w", 10)
    ledger.fail_tile("a", KEY, "w", "the archive did not answer")
    for _ in range(2):
        assert ledger.claim_tile("a", KEY, "w", 10)
        ledger.release(lambda worker: True)
    found = events_after(ledger.engine, "a", 0, limit=100)
    failures = [(str(e.kind), e.reason) for e in found if e.reason]
    assert failures[:3] == [
        ("tile-failed", "the archive did not answer"),
        ("tile-failed", DIED),
        ("tile-given-up", DIED),
    ]
    assert failures[3][0] == "failed"
    assert failures[3][1].startswith(f"Tile {KEY} failed 3 times")
    ledger.retry("a")
    assert kinds(ledger)[-1] == "retried"
    ledger.retry("a")
    ledger.dismiss("a")
    ledger.dismiss("a")
    assert kinds(ledger)[-2:] == ["retried", "dismissed"]


def test_a_change_that_does_not_happen_leaves_no_event(ledger: Ledger) -> None:
    add(ledger)
    assert ledger.claim_tile("a", KEY, "w", 10)
    assert not ledger.claim_tile("a", KEY, "v", 10)
    assert not ledger.finish_tile("a", KEY, "v")
    ledger.fail_tile("a", KEY, "v", "nothing")
    ledger.add_job(ORDER, TILES, "a")
    assert not ledger.claim_close("a", "w", 10)
    assert kinds(ledger) == ["accepted", "tile-started"]


def test_a_failed_writing_is_an_event(ledger: Ledger) -> None:
    add(ledger, tiles=TILES[:1])
    finish_all(ledger)
    assert ledger.claim_close("a", "w", 10)
    assert ledger.fail_close("a", "w", "the disk is full")
    (last,) = events_after(ledger.engine, "a", 4, limit=10)
    assert (last.kind, last.reason) == (EventKind.RESULT_FAILED, "the disk is full")


def test_a_long_reason_is_cut(ledger: Ledger) -> None:
    add(ledger)
    assert ledger.claim_tile("a", KEY, "w", 10)
    ledger.fail_tile("a", KEY, "w", "x" * 100_000)
    assert len(events_after(ledger.engine, "a", 2, limit=1)[0].reason) == MAX_REASON


def test_whoever_reads_on_from_a_number_misses_nothing_while_many_write(ledger: Ledger) -> None:
    many = [GRID.tile(column, 7) for column in range(16)]
    add(ledger, tiles=many)
    seen: list[int] = []

    def carry_out(number: int) -> None:
        key = many[number].key
        assert ledger.claim_tile("a", key, f"w{number}", 10)
        assert ledger.finish_tile("a", key, f"w{number}")

    with ThreadPoolExecutor(3) as pool:
        work = [pool.submit(carry_out, number) for number in range(len(many))]
        while len(seen) < 1 + 2 * len(many):
            fresh = events_after(ledger.engine, "a", seen[-1] if seen else 0, limit=7)
            seen += [e.number for e in fresh]
            time.sleep(0.005)
            for done in work:
                if done.done():
                    done.result()
    assert seen == list(range(1, 2 + 2 * len(many)))
