"""The reconciler's thread: it outlives every failing round, and says how it fares."""

import threading
import time

import pytest

from core.settings import Settings
from service.reconciler import STUCK_S, Reconciler
from tests.workers.conftest import wait_for
from tests.workers.queue.ledger_parts import KEY, add
from workers.queue.ledger import Ledger, open_ledger


@pytest.fixture
def away(settings: Settings) -> Settings:
    """Settings whose Redis is away."""
    return settings.but(redis_url="redis+socket:///nowhere", lease_seconds=0.5)


def take_tiles_away(ledger: Ledger) -> None:
    """Let every statement on tiles fail, as it does while the database is away."""
    with ledger.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE tiles RENAME TO tiles_away")


def bring_tiles_back(ledger: Ledger) -> None:
    with ledger.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE tiles_away RENAME TO tiles")


def test_the_reconciler_outlives_a_ledger_that_fails(away: Settings, caplog: pytest.LogCaptureFixture) -> None:
    ledger = open_ledger(away)
    add(ledger)
    assert ledger.claim_tile("a", KEY, "elsewhere:1:1", lease_s=-100.0)
    take_tiles_away(ledger)
    reconciler, stop = Reconciler(ledger, away, pause_s=0.02), threading.Event()
    thread = threading.Thread(target=reconciler.run, args=(stop,))
    thread.start()
    wait_for(lambda: "OperationalError" in reconciler.trouble())
    time.sleep(0.5)
    assert thread.is_alive()
    assert len([r for r in caplog.records if r.name == "service.reconciler"]) == 1, "one line an outage"
    bring_tiles_back(ledger)
    wait_for(lambda: reconciler.trouble() == "" and ledger.tiles("a")[0].state == "open")
    stop.set()
    thread.join()


def test_after_an_outage_workers_get_a_lease_of_time_to_renew(away: Settings) -> None:
    ledger, now = open_ledger(away), [0.0]
    add(ledger)
    reconciler = Reconciler(ledger, away.but(lease_seconds=50.0), clock=lambda: now[0])
    take_tiles_away(ledger)
    reconciler.round()
    bring_tiles_back(ledger)
    assert ledger.claim_tile("a", KEY, "elsewhere:1:1", lease_s=-10.0)
    reconciler.round()
    assert ledger.tiles("a")[0].state == "running"
    now[0] += 51
    reconciler.round()
    assert ledger.tiles("a")[0].state == "open"


def test_a_fault_of_any_kind_does_not_end_the_reconciler(away: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = Ledger(f"sqlite:///{away.home}.sqlite")
    monkeypatch.setattr(ledger, "release", {}.__getitem__)
    reconciler = Reconciler(ledger, away)
    reconciler.round()
    assert "TypeError" in reconciler.trouble()
    ledger.close()


def test_a_round_that_does_not_end_is_reported(away: Settings) -> None:
    now = [0.0]
    reconciler = Reconciler(open_ledger(away), away, clock=lambda: now[0])
    reconciler.round()
    assert reconciler.trouble() == ""
    now[0] += STUCK_S + 1
    assert "has not ended for 61 s" in reconciler.trouble()
