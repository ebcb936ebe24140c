"""`landcast watch` against a real service."""

import json
from collections.abc import Callable

import pytest

from tests.service.conftest import Front
from workers.queue.ledger import open_ledger
from workers.standing.store import NewStandingOrder, StandingOrders

Run = Callable[..., str]


def server(own: Front) -> tuple[str, str]:
    return "--server", str(own.client.base_url)


def test_standing_orders_are_listed_shown_and_removed(own: Front, run: Run) -> None:
    assert run("watch", "list", *server(own)).strip() == "No standing orders yet."
    orders = StandingOrders(open_ledger(own.settings).engine)
    order = orders.add(NewStandingOrder(product="crop", inputs={}, title="Crops of the valley", every_days=10))
    head, line = run("watch", "list", *server(own)).splitlines()
    assert head.split()[:2] == ["id", "process"]
    assert line.startswith(order.id)
    assert "every 10d" in line
    assert "Crops of the valley" in line
    assert [o["id"] for o in json.loads(run("watch", "list", "--json", *server(own)))] == [order.id]
    shown = run("watch", "show", order.id, *server(own))
    assert "waiting for its first run" in shown
    assert f"/stac/collections/{order.id}" in shown
    assert json.loads(run("watch", "show", order.id, "--json", *server(own)))["every"] == "10d"
    assert run("watch", "remove", order.id, *server(own)).strip() == f"Standing order {order.id} is removed."
    assert orders.all() == []


@pytest.mark.parametrize("command", ["show", "remove"])
def test_one_that_does_not_exist_is_said_in_one_sentence(own: Front, refused: Callable[..., str], command: str) -> None:
    assert "no standing order 'nobody'" in refused("watch", command, "nobody", *server(own))
