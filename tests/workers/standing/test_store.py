"""Standing orders in the ledger, on SQLite and PostgreSQL."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from core.errors import OverQuota, UnknownStandingOrder
from tests.workers.conftest import database_url, empty_postgres_url, postgres_url
from workers.queue.schema import create_tables, open_engine
from workers.standing import store
from workers.standing.store import Change, NewStandingOrder, StandingOrders

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


def test_what_is_paused_is_not_due_until_it_is_resumed(engine: Engine) -> None:
    orders = StandingOrders(engine)
    kept = orders.add(NEW)
    paused = orders.change(kept.id, Change(is_paused=True), "forest")
    assert (paused.is_paused, paused.message, paused.due) == (True, "paused", kept.due)
    assert orders.claim("a", 60.0) is None
    with pytest.raises(UnknownStandingOrder):
        orders.change(kept.id, Change(is_paused=False), "farm")
    resumed = orders.change(kept.id, Change(is_paused=False), "forest")
    assert resumed.message == "resumed, waiting for its next look"
    assert orders.claim("a", 60.0) == resumed


def test_what_is_changed_is_named_and_the_rest_stays(engine: Engine) -> None:
    orders = StandingOrders(engine)
    kept = orders.add(NEW)
    assert orders.claim("a", 60.0)
    assert orders.note_run(kept, "a", "done", wait_s=9e9, seen=["s1"])
    changed = orders.change(kept.id, Change(title="T", every_days=10, ends=(kept.created + 9e9,)))
    assert (changed.title, changed.every_days, changed.inputs) == ("T", 10, NEW.inputs)
    assert changed.due == kept.created + 10 * 86_400
    assert (changed.seen, changed.runs) == ({"s1"}, 1)
    assert orders.change(kept.id, Change(ends=(None,))).ends is None


def test_other_inputs_are_run_anew_and_a_look_at_the_old_ones_has_no_effect(engine: Engine) -> None:
    orders = StandingOrders(engine)
    kept = orders.add(NEW)
    assert orders.claim("a", 60.0)
    assert orders.note_run(kept, "a", "done", wait_s=9e9, seen=["s1"])
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE standing_orders SET due = 1")
    looked_at = orders.claim("a", 60.0)
    assert looked_at
    changed = orders.change(kept.id, Change(inputs={"region": {}, "threshold": 0.5}))
    assert (changed.inputs["threshold"], changed.seen, changed.runs) == (0.5, frozenset(), 1)
    assert not orders.put_off(looked_at, "a", "no new scenes", wait_s=9e9, has_failed=False)
    assert orders.claim("b", 60.0) == changed
