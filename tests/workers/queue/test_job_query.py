from tests.workers.queue.ledger_parts import KEY, TILES, add
from workers.queue.job_query import job_query
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
