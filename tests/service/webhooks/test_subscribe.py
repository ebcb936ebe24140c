"""Who is told of an order: read from its body, refused at once where it may be no receiver."""

from typing import Any

import pytest

from core.settings import Settings
from service.schemas import SubscriberUris
from service.webhooks.subscribe import read_subscriber, restored, stored
from tests.service.conftest import Front
from tests.service.scene import order, problem_of
from workers.queue.ledger import open_ledger

GOOD = "https://hooks.example/landcast"


def test_nobody_and_those_that_are_named_are_read_and_kept() -> None:
    settings = Settings()
    assert read_subscriber(None, settings) is None
    found = read_subscriber(SubscriberUris(successUri=GOOD, failedUri=f"{GOOD}?f=1"), settings)
    assert found is not None
    assert (found.success, found.in_progress, found.failed) == (GOOD, "", f"{GOOD}?f=1")
    assert restored(stored(found)) == found
    assert restored(stored(None)) is None


@pytest.mark.parametrize(
    ("subscriber", "sentence"),
    [
        ({}, "successUri"),
        ({"successUri": "http://hooks.example"}, "https://"),
        ({"successUri": "https://127.0.0.1/"}, "not a public address"),
        ({"successUri": GOOD, "failedUri": "https://[::1]/"}, "not a public address"),
        ({"successUri": GOOD, "inProgressUri": "https://169.254.169.254/latest"}, "not a public address"),
        ({"successUri": GOOD, "other": GOOD}, "other"),
        ({"successUri": 7}, "successUri"),
    ],
)
@pytest.mark.parametrize("path", ["/processes/crop/execution", "/standing-orders"])
def test_a_wrong_receiver_is_refused_and_nothing_is_ordered(
    own: Front, subscriber: dict[str, Any], sentence: str, path: str
) -> None:
    body = {**order(), "subscriber": subscriber} | ({"processID": "crop"} if "standing" in path else {})
    assert sentence in problem_of(own.client.post(path, json=body), 400)["detail"]
    assert open_ledger(own.settings).jobs() == []


def test_the_same_order_again_tells_once(own: Front) -> None:
    body = {**order(), "subscriber": {"successUri": GOOD}}
    headers = {"Idempotency-Key": "once"}
    first, again = (own.client.post("/processes/crop/execution", json=body, headers=headers) for _ in range(2))
    assert first.json()["jobID"] == again.json()["jobID"]
    other = {**order(), "subscriber": {"successUri": f"{GOOD}/other"}}
    assert own.client.post("/processes/crop/execution", json=other, headers=headers).status_code == 409
    with open_ledger(own.settings).engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT success FROM webhooks").scalars().all() == [GOOD]
