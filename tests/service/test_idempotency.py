from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from fastapi import HTTPException

from service.idempotency import Keys, body_sha256
from workers.queue.schema import create_tables, open_engine

BODY = {"region": {"type": "Polygon"}, "period": "2021-03-01/2021-12-31"}


@pytest.fixture
def keys(tmp_path: Path) -> Iterator[Keys]:
    engine = open_engine(f"sqlite:///{tmp_path}/ledger.sqlite")
    create_tables(engine)
    yield Keys(engine)
    engine.dispose()


def test_the_digest_does_not_depend_on_the_order_of_members() -> None:
    assert body_sha256("crop", BODY) == body_sha256("crop", dict(reversed(BODY.items())))


@pytest.mark.parametrize(("process", "body"), [("canopy", BODY), ("crop", {**BODY, "model": "m"}), ("crop", {})])
def test_the_digest_depends_on_the_product_and_on_every_value(process: str, body: object) -> None:
    assert body_sha256(process, body) != body_sha256("crop", BODY)


def test_a_key_keeps_its_job(keys: Keys) -> None:
    first = keys.reserve("once", "a")
    assert keys.reserve("once", "a") == first
    assert keys.reserve("twice", "a") != first


def test_a_key_with_another_order_is_a_conflict(keys: Keys) -> None:
    keys.reserve("once", "a")
    with pytest.raises(HTTPException, match="'once' was used with another order") as caught:
        keys.reserve("once", "b")
    assert caught.value.status_code == 409


def test_orders_that_arrive_together_with_one_key_get_one_job(keys: Keys) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: keys.reserve("once", "a"), range(16)))) == 1


def test_keys_outlive_the_service(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/ledger.sqlite")
    create_tables(engine)
    first = Keys(engine).reserve("once", "a")
    assert Keys(engine).reserve("once", "a") == first
    engine.dispose()
