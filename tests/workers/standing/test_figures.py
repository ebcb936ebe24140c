"""Figures of standing orders and webhooks, on SQLite and PostgreSQL."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from tests.workers.conftest import database_url, empty_postgres_url, postgres_url
from tests.workers.queue.ledger_parts import add
from workers.queue.ledger import Ledger
from workers.queue.schema import create_tables, open_engine, reading
from workers.standing.figures import overdue_s, runs_so_far, standing_by_state, webhooks_by_state
from workers.standing.store import Change, NewStandingOrder, StandingOrders
from workers.webhooks.outbox import Subscriber, subscribe

__all__ = ["database_url", "empty_postgres_url", "postgres_url"]


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    found = open_engine(database_url)
    create_tables(found)
    yield found
    found.dispose()


def test_without_any_all_figures_are_zero(engine: Engine) -> None:
    with reading(engine) as connection:
        assert standing_by_state(connection) == {"active": 0, "failing": 0, "paused": 0, "ended": 0}
        assert webhooks_by_state(connection) == {"waiting": 0, "failing": 0}
        assert (runs_so_far(connection), overdue_s(connection)) == (0, 0.0)


def test_standing_orders_are_counted_by_what_becomes_of_them(engine: Engine) -> None:
    orders = StandingOrders(engine)
    active, failing, paused, ended = (orders.add(NewStandingOrder(product="crop", inputs={})) for _ in range(4))
    orders.change(paused.id, Change(is_paused=True))
    orders.change(ended.id, Change(ends=(1.0,)))
    for _ in range(2):
        claimed = orders.claim("a", 60.0)
        assert claimed
        if claimed.id == failing.id:
            orders.put_off(claimed, "a", "away", wait_s=9e9, has_failed=True)
        else:
            orders.note_run(claimed, "a", "done", wait_s=9e9, seen=[])
    with engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE standing_orders SET due = due - 9e9 - 100 WHERE id = '{active.id}'")
    with reading(engine) as connection:
        assert standing_by_state(connection) == {"active": 1, "failing": 1, "paused": 1, "ended": 1}
        assert runs_so_far(connection) == 1
        assert overdue_s(connection) == pytest.approx(100, abs=60)


def test_webhooks_are_counted_while_they_have_something_to_tell(database_url: str) -> None:
    ledger = Ledger(database_url)
    ledger.create_schema()
    for job_id in "ab":
        add(ledger, job_id)
        with ledger.engine.begin() as connection:
            subscribe(connection, job_id, Subscriber(success="https://a.example"), base="", caller="")
    with ledger.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE webhooks SET attempts = 2 WHERE job_id = 'b'")
    with reading(ledger.engine) as connection:
        assert webhooks_by_state(connection) == {"waiting": 1, "failing": 1}
    ledger.close()
