"""What the ledger and the queue are asked for."""

from prometheus_client import CollectorRegistry, generate_latest

from service.metrics.state import StateCollector
from tests.service.conftest import Front
from workers.queue.ledger import Ledger, open_ledger


def test_registering_asks_nothing(own: Front) -> None:
    lost = Ledger("postgresql+psycopg://nobody@127.0.0.1:9/none")
    CollectorRegistry().register(StateCollector(lost, own.settings))


def test_a_ledger_that_is_away_is_said_to_be_away_and_the_queue_is_still_counted(own: Front) -> None:
    registry = CollectorRegistry()
    registry.register(StateCollector(Ledger("postgresql+psycopg://nobody@127.0.0.1:9/none"), own.settings))
    text = generate_latest(registry).decode()
    assert 'landcast_up{part="ledger"} 0.0' in text
    assert 'landcast_queue_messages{queue="compute"}' in text
    assert 'landcast_queue_workers{queue="post"}' in text
    assert "landcast_jobs" not in text


def test_every_state_has_a_row_even_without_jobs(own: Front) -> None:
    registry = CollectorRegistry()
    registry.register(StateCollector(open_ledger(own.settings), own.settings))
    text = generate_latest(registry).decode()
    assert 'landcast_jobs{state="failed"} 0.0' in text
    assert "landcast_tiles_rendered 0.0" in text
    assert 'landcast_standing_orders{state="paused"} 0.0' in text
    assert 'landcast_webhooks{state="failing"} 0.0' in text
