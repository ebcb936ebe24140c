"""In whose name standing orders run: their party, with the quotas of the key that made them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import OverQuota
from core.settings import Settings
from service.access.caller import Limits, Scope
from service.access.keys import KeyStore
from service.access.quotas import Quotas
from service.standing.thread import make_lookout, orderer
from tests.service import scene
from workers.dependencies import REAL
from workers.queue.ledger import Ledger, open_ledger
from workers.queue.schema import database_now
from workers.standing.store import NewStandingOrder, StandingOrders


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    found = open_ledger(Settings(home=tmp_path))
    yield found
    found.close()


def test_jobs_count_against_the_quotas_of_the_key_that_made_the_order(ledger: Ledger, tmp_path: Path) -> None:
    limits = Limits(pixels_per_day=100)
    keys, settings = KeyStore(ledger.engine), Settings(home=tmp_path)
    key, _ = keys.create("k", scopes=frozenset(Scope), party="forest", limits=limits)
    new = NewStandingOrder(product="crop", inputs={"region": scene.REGION}, party="forest", caller=key.id)
    order = StandingOrders(ledger.engine).add(new)
    lookout = make_lookout(ledger, settings, Quotas(ledger.engine, settings), REAL)
    admit = lookout.admit_of(order)
    with ledger.engine.begin() as connection:
        now = database_now(connection)
        admit(connection, now, 100)
        with pytest.raises(OverQuota, match="101 pixels"):
            admit(connection, now, 101)
    keys.revoke("k")
    assert orderer(order, keys).limits == limits, "the order is its party's, and goes on as before"


def test_an_order_without_a_key_has_no_quotas(ledger: Ledger, tmp_path: Path) -> None:
    order = StandingOrders(ledger.engine).add(NewStandingOrder(product="crop", inputs={}))
    caller = orderer(order, KeyStore(ledger.engine))
    assert (caller.id, caller.party) == ("", "")


def test_each_lookout_has_a_name_of_its_own(ledger: Ledger, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    quotas = Quotas(ledger.engine, settings)
    assert make_lookout(ledger, settings, quotas, REAL).holder != make_lookout(ledger, settings, quotas, REAL).holder
