"""Standing orders in the ledger, on SQLite and PostgreSQL."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from core.errors import OverQuota, UnknownStandingOrder
from tests.workers.conftest import database_url, empty_postgres_url, postgres_url
from workers.queue.schema import create_tables, open_engine
from workers.standing import store
from workers.standing.store import NewStandingOrder, StandingOrders

__all__ = ["database_url", "empty_postgres_url", "postgres_url"]
NEW = NewStandingOrder(product="crop", inputs={"region": {"type": "Polygon"}, "threshold": 0.4}, party="forest")


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    found = open_engine(database_url)
    create_tables(found)
    yield found
    found.dispose()


def test_what_is_added_is_kept_and_seen_by_its_party_alone(engine: Engine) -> None:
    orders = StandingOrders(engine)
    kept = orders.add(NEW)
    assert (kept.product, kept.inputs, kept.runs, kept.last_job) == ("crop", NEW.inputs, 0, "")
    assert orders.find(kept.id, "forest") == kept
    assert orders.all() == orders.all("forest") == [kept]
    assert orders.all("farm") == []
    for order_id, party in ((kept.id, "farm"), ("standing-x", None), ("standing-\x00", None), ("x", None)):
        with pytest.raises(UnknownStandingOrder):
            orders.find(order_id, party)
    with pytest.raises(UnknownStandingOrder):
        orders.remove(kept.id, "farm")
    assert orders.remove(kept.id, "forest") == kept
    assert orders.all() == []


def test_an_order_is_claimed_by_one_until_its_lease_runs_out(engine: Engine) -> None:
    orders = StandingOrders(engine)
    kept = orders.add(NEW)
    assert orders.claim("a", 60.0) == kept
    assert orders.claim("b", 60.0) is None
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE standing_orders SET lease = 1")
    assert orders.claim("b", 60.0) == kept
    assert not orders.put_off(kept, "a", "too late", wait_s=1.0, has_failed=False), "it is b's now"
    assert orders.note_run(kept, "b", "done", wait_s=100.0, seen=["s2", "s1"])
    found = orders.find(kept.id)
    assert (found.runs, found.last_job, found.message, found.seen) == (1, f"{kept.id}-1", "done", {"s1", "s2"})
    assert orders.claim("a", 60.0) is None, "it is not due"


def test_the_oldest_due_order_comes_first_and_looks_that_fail_are_counted(engine: Engine) -> None:
    orders = StandingOrders(engine)
    first, second = orders.add(NEW), orders.add(NEW)
    claimed = orders.claim("a", 60.0)
    assert claimed == first
    assert orders.put_off(first, "a", "x" * 5000, wait_s=0.0, has_failed=True)
    assert orders.claim("a", 60.0) == second
    assert (orders.find(first.id).failures, len(orders.find(first.id).message)) == (1, store.MAX_MESSAGE)


def test_a_party_has_so_many_and_no_more(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "MOST", 1)
    orders = StandingOrders(engine)
    orders.add(NEW)
    with pytest.raises(OverQuota, match="'forest' has 1 standing orders"):
        orders.add(NEW)
    assert orders.add(NewStandingOrder(product="crop", inputs={}, party="farm"))
