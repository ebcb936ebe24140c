from datetime import UTC, datetime, timedelta

from tests.workers.queue.ledger_parts import KEY, TILES, add
from workers.queue.job_query import ALL_JOBS, JobFilter, job_query
from workers.queue.ledger import Ledger


def test_a_job_comes_with_the_sums_over_its_own_tiles(database_url: str) -> None:
    ledger = Ledger(database_url)
    ledger.create_schema()
    for name in "ab":
        add(ledger, name)
    ledger.claim_tile("a", KEY, "w", 10)
    ledger.finish_tile("a", KEY, "w")
    with ledger.engine.begin() as connection:
        rows = {row.id: row for row in connection.execute(job_query())}
    assert (rows["a"].tiles_done, rows["a"].tiles_failed, rows["b"].tiles_done) == (1, 0, 0)
    assert rows["a"].progress == 1 / len(TILES)
    ledger.close()


def test_jobs_are_chosen_by_state_product_and_time(database_url: str) -> None:
    ledger = Ledger(database_url)
    ledger.create_schema()
    add(ledger, "a")
    (job,) = ledger.jobs()
    moment, second = datetime.fromisoformat(job.created).astimezone(UTC), timedelta(seconds=1)
    for only, expected in [
        (ALL_JOBS, 1),
        (JobFilter(states=("accepted",)), 1),
        (JobFilter(states=("failed",)), 0),
        (JobFilter(states=()), 0),
        (JobFilter(products=(job.order.product, "gold")), 1),
        (JobFilter(products=("gold",)), 0),
        (JobFilter(start=moment - second, end=moment + second), 1),
        (JobFilter(start=moment + second), 0),
        (JobFilter(end=moment - second), 0),
    ]:
        assert len(ledger.jobs(only=only)) == expected
    ledger.close()


def test_jobs_are_chosen_by_how_long_they_have_run(database_url: str) -> None:
    now = [1000.0]
    ledger = Ledger(database_url, clock=lambda _: now[0])
    ledger.create_schema()
    for name in ("waits", "runs", "ended"):
        add(ledger, name)
    for name in ("runs", "ended"):
        ledger.claim_tile(name, KEY, "w", 10)
    now[0] = 1020.0
    ledger.dismiss("ended")
    now[0] = 1030.0  # one has run for 30 s so far, one for 20 s in all, and one has not begun

    def chosen(**seconds: float) -> set[str]:
        return {job.id for job in ledger.jobs(only=JobFilter(**seconds))}

    assert chosen(min_seconds=0) == chosen(max_seconds=30) == {"runs", "ended"}
    assert chosen(min_seconds=21) == {"runs"}
    assert chosen(max_seconds=20) == chosen(min_seconds=20, max_seconds=29) == {"ended"}
    assert chosen(min_seconds=31) == set()
    ledger.close()
