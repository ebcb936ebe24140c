"""Orders of all processes become jobs in one way: idempotent, within quotas, with a Location."""

from typing import Any

import pytest

from tests.service.conftest import Front
from tests.service.scene import REGION, problem_of
from tests.workers.fields.jobs import collection, feature, square
from workers.queue.ledger import open_ledger

ORDERS: dict[str, dict[str, Any]] = {
    "crop": {"region": REGION},
    "fields": {"fields": collection([feature(square(5, 5))]), "products": ["ndvi-forecast"]},
}


@pytest.mark.parametrize("process", ORDERS)
def test_the_same_order_with_the_same_key_is_one_job(own: Front, process: str) -> None:
    headers = {"Idempotency-Key": "one", "Prefer": "respond-async"}
    body = {"inputs": ORDERS[process]}
    answers = [own.client.post(f"/processes/{process}/execution", json=body, headers=headers) for _ in range(2)]
    assert [a.status_code for a in answers] == [201, 201]
    assert len({a.json()["jobID"] for a in answers}) == 1
    assert answers[0].headers["location"].endswith(f"/jobs/{answers[0].json()['jobID']}")
    assert answers[0].headers["preference-applied"] == "respond-async"
    other = {"inputs": {**ORDERS[process], "title": "another"}}
    problem_of(own.client.post(f"/processes/{process}/execution", json=other, headers=headers), 409)
    some = {**body, "outputs": {"provenance" if process == "fields" else "item": {}}}
    problem_of(own.client.post(f"/processes/{process}/execution", json=some, headers=headers), 409)
    assert open_ledger(own.settings).count() == 1


@pytest.mark.parametrize("process", ORDERS)
def test_without_a_key_each_order_is_a_job(own: Front, process: str) -> None:
    for _ in range(2):
        assert own.client.post(f"/processes/{process}/execution", json={"inputs": ORDERS[process]}).status_code == 201
    assert open_ledger(own.settings).count() == 2
