"""What is to be told of jobs: claimed by one, lost by nobody, tried again, given up at last. On both databases."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.job import JobState
from tests.workers.conftest import database_url, empty_postgres_url, postgres_url
from tests.workers.queue.ledger_parts import KEY, add, finish_all
from workers.queue.ledger import Ledger
from workers.webhooks.outbox import BACKOFF_S, Delivery, Kind, Notice, Outbox, Subscriber, subscribe

__all__ = ["database_url", "empty_postgres_url", "postgres_url"]
ALL = Subscriber(success="https://a.example/s", in_progress="https://a.example/p", failed="https://a.example/f")


@pytest.fixture
def ledger(database_url: str) -> Iterator[Ledger]:
    found = Ledger(database_url)
    found.create_schema()
    yield found
    found.close()


def follow(ledger: Ledger, job_id: str = "a", subscriber: Subscriber = ALL) -> Outbox:
    """Add a job that somebody wants to be told of."""
    add(ledger, job_id)
    with ledger.engine.begin() as connection:
        subscribe(connection, job_id, subscriber, base="https://landcast.example", caller="0a1b2c3d")
    return Outbox(ledger.engine)


def make_due(ledger: Ledger) -> None:
    """Let all pauses pass."""
    with ledger.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE webhooks SET due = 0 WHERE due IS NOT NULL")
        connection.exec_driver_sql("UPDATE webhooks SET told = 0, lease = 0")


def claimed(outbox: Outbox) -> Notice:
    found = outbox.claim("s", 60.0)
    assert found is not None
    return found


def test_a_job_that_waits_is_not_told_and_one_that_runs_is_told_now_and_then(ledger: Ledger) -> None:
    outbox = follow(ledger)
    assert outbox.claim("s", 60.0) is None
    ledger.claim_tile("a", KEY, "w", 60.0)
    notice = claimed(outbox)
    assert (notice.kind, notice.uri, notice.caller) == (Kind.IN_PROGRESS, ALL.in_progress, "0a1b2c3d")
    assert outbox.claim("other", 60.0) is None, "somebody sends it"
    outbox.note_told(notice, "s")
    assert outbox.claim("s", 60.0) is None, "nothing has happened since"
    ledger.finish_tile("a", KEY, "w")
    assert outbox.claim("s", 60.0) is None, "it is too soon for the next"
    make_due(ledger)
    later = claimed(outbox)
    assert later.number > notice.number
    assert later.id != notice.id
    assert not outbox.note_failed(later, "s", "it is away"), "the next one will have the newer state"
    make_due(ledger)
    assert outbox.claim("s", 60.0) is None


def test_the_end_is_told_at_once_and_once(ledger: Ledger) -> None:
    outbox = follow(ledger)
    finish_all(ledger)
    outbox.note_told(claimed(outbox), "s")
    ledger.close_job("a", JobState.SUCCESSFUL, "done")
    notice = claimed(outbox)
    assert (notice.kind, notice.uri) == (Kind.SUCCESS, ALL.success)
    outbox.note_told(notice, "s")
    make_due(ledger)
    assert outbox.claim("s", 60.0) is None
    assert outbox.delivery("a") == Delivery(is_pending=False, attempts=0, error="")
    assert outbox.delivery("nobody") is None


@pytest.mark.parametrize("state", [JobState.FAILED, JobState.DISMISSED])
def test_a_job_that_fails_or_is_dismissed_is_told_as_such(ledger: Ledger, state: JobState) -> None:
    outbox = follow(ledger)
    ledger.close_job("a", state, "no luck")
    assert (claimed(outbox).kind, ledger.job("a").state) == (Kind.FAILED, state)


def test_who_does_not_want_to_be_told_of_an_end_is_not(ledger: Ledger) -> None:
    outbox = follow(ledger, subscriber=Subscriber(success=ALL.success))
    ledger.claim_tile("a", KEY, "w", 60.0)
    ledger.close_job("a", JobState.FAILED, "no luck")
    assert outbox.claim("s", 60.0) is None
    assert outbox.delivery("a") == Delivery(is_pending=False, attempts=0, error="")


def test_an_end_that_is_not_taken_is_tried_again_for_a_day_and_then_given_up(ledger: Ledger) -> None:
    outbox = follow(ledger)
    ledger.close_job("a", JobState.FAILED, "no luck")
    ids = set()
    for attempt in range(1, len(BACKOFF_S) + 1):
        notice = claimed(outbox)
        ids.add(notice.id)
        assert outbox.note_failed(notice, "s", "it is away")
        assert outbox.claim("s", 60.0) is None, "there is a pause"
        assert outbox.delivery("a") == Delivery(is_pending=True, attempts=attempt, error="it is away")
        make_due(ledger)
    assert not outbox.note_failed(claimed(outbox), "s", "it is away")
    make_due(ledger)
    assert outbox.claim("s", 60.0) is None
    assert outbox.delivery("a") == Delivery(is_pending=False, attempts=len(BACKOFF_S) + 1, error="it is away")
    assert len(ids) == 1, "receivers know it again"
    assert sum(BACKOFF_S) == pytest.approx(86_400, rel=0.1)


def test_pauses_grow_and_are_at_least_what_the_receiver_asks_for(ledger: Ledger) -> None:
    outbox = follow(ledger)
    ledger.close_job("a", JobState.FAILED, "no luck")

    def pause_after(wait_s: float) -> float:
        with ledger.engine.begin() as connection:
            now = ledger.clock(connection)
        outbox.note_failed(claimed(outbox), "s", "busy", wait_s=wait_s)
        with ledger.engine.begin() as connection:
            due = connection.exec_driver_sql("SELECT due FROM webhooks").scalar_one()
        make_due(ledger)
        return float(due) - now

    assert pause_after(0.0) == pytest.approx(5, abs=3)
    assert pause_after(0.0) == pytest.approx(30, abs=3)
    assert pause_after(1000.0) == pytest.approx(1000, abs=5)
    assert pause_after(1e9) == pytest.approx(BACKOFF_S[-1], abs=5)


def test_who_wants_no_more_is_asked_no_more(ledger: Ledger) -> None:
    outbox = follow(ledger)
    ledger.close_job("a", JobState.FAILED, "no luck")
    assert not outbox.note_failed(claimed(outbox), "s", "gone", is_final=True)
    make_due(ledger)
    assert outbox.claim("s", 60.0) is None


def test_a_sender_that_dies_loses_nothing(ledger: Ledger) -> None:
    outbox = follow(ledger)
    ledger.close_job("a", JobState.FAILED, "no luck")
    first = claimed(outbox)
    assert outbox.claim("other", 60.0) is None
    with ledger.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE webhooks SET lease = 1")
    second = outbox.claim("other", 60.0)
    assert second == first
    outbox.note_told(first, "s")
    outbox.note_failed(second, "other", "away")
    assert outbox.delivery("a") == Delivery(is_pending=True, attempts=1, error="away"), "it is the other's now"


def test_a_message_that_cannot_be_made_is_no_failure_of_the_receiver(ledger: Ledger) -> None:
    outbox = follow(ledger)
    ledger.close_job("a", JobState.FAILED, "no luck")
    outbox.put_off(claimed(outbox), "s", 30.0)
    assert outbox.claim("s", 60.0) is None
    assert outbox.delivery("a") == Delivery(is_pending=True, attempts=0, error="")


def test_the_end_of_a_retry_is_told_too(ledger: Ledger) -> None:
    outbox = follow(ledger)
    ledger.close_job("a", JobState.FAILED, "no luck")
    outbox.note_told(claimed(outbox), "s")
    outbox.reopen("a")
    assert outbox.claim("s", 60.0) is None, "nothing has happened"
    ledger.retry("a")
    finish_all(ledger)
    ledger.close_job("a", JobState.SUCCESSFUL, "done")
    assert claimed(outbox).kind is Kind.SUCCESS


def test_many_senders_send_each_message_once(ledger: Ledger) -> None:
    for job_id in ("a", "b", "c", "d", "e"):
        outbox = follow(ledger, job_id)
        ledger.close_job(job_id, JobState.FAILED, "no luck")

    def work(number: int) -> list[str]:
        found = []
        while (notice := outbox.claim(f"s{number}", 60.0)) is not None:
            found.append(notice.job_id)
            outbox.note_told(notice, f"s{number}")
        return found

    with ThreadPoolExecutor(4) as pool:
        sent = [job_id for found in pool.map(work, range(4)) for job_id in found]
    assert sorted(sent) == ["a", "b", "c", "d", "e"]


def test_who_is_told_is_added_with_the_job_or_not_at_all(ledger: Ledger) -> None:
    connection = ledger.engine.connect()
    transaction = connection.begin()
    subscribe(connection, "b", ALL, base="", caller="")
    transaction.rollback()
    connection.close()
    assert Outbox(ledger.engine).delivery("b") is None
