"""`landcast watch pause`, `resume` and `change` against a real service."""

import json
from collections.abc import Callable

import pytest

from tests.service.conftest import Front
from workers.queue.ledger import open_ledger
from workers.standing.store import NewStandingOrder, StandingOrders

Run = Callable[..., str]


def server(own: Front) -> tuple[str, str]:
    return "--server", str(own.client.base_url)


def test_a_standing_order_is_paused_changed_and_resumed(own: Front, run: Run) -> None:
    orders = StandingOrders(open_ledger(own.settings).engine)
    order = orders.add(NewStandingOrder(product="crop", inputs={}))
    assert run("watch", "pause", order.id, *server(own)).strip() == f"Standing order {order.id} is paused."
    assert "paused" in run("watch", "list", *server(own)).splitlines()[1]
    assert "paused" in run("watch", "show", order.id, *server(own))
    changed = run("watch", "change", order.id, "--title", "Valley", "--ends", "2099-12-31", *server(own))
    assert changed.strip() == f"Standing order {order.id} is changed."
    assert run("watch", "resume", order.id, *server(own)).strip() == f"Standing order {order.id} goes on."
    found = json.loads(run("watch", "show", order.id, "--json", *server(own)))
    assert (found["title"], found["ends"], found["paused"]) == ("Valley", "2099-12-31", False)


def test_a_change_of_nothing_or_of_nobody_is_said_in_one_sentence(own: Front, refused: Callable[..., str]) -> None:
    assert "give --title, --every or --ends" in refused("watch", "change", "standing-0", *server(own))
    for words in (("pause", "nobody"), ("resume", "nobody"), ("change", "nobody", "--title", "x")):
        assert "no standing order 'nobody'" in refused("watch", *words, *server(own))


@pytest.mark.parametrize(
    ("option", "value", "sentence"), [("--every", "often", "as 10d"), ("--ends", "soon", "no date")]
)
def test_a_wrong_value_is_refused(
    own: Front, refused: Callable[..., str], option: str, value: str, sentence: str
) -> None:
    order = StandingOrders(open_ledger(own.settings).engine).add(NewStandingOrder(product="crop", inputs={}))
    assert sentence in refused("watch", "change", order.id, option, value, *server(own))
