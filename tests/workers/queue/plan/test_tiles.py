"""Tiles of a job, one or a page at a time; on SQLite and PostgreSQL."""

from collections.abc import Iterator

import pytest

from core.errors import UnknownJob
from tests.workers.queue.ledger_parts import KEY, TILES, add
from workers.queue.ledger import Ledger
from workers.queue.plan.tiles import plan_page, planned_tile


@pytest.fixture
def ledger(database_url: str) -> Iterator[Ledger]:
    found = Ledger(database_url)
    found.create_schema()
    add(found)
    add(found, "b", TILES[:1])
    yield found
    found.close()


def test_a_tile_is_found_by_its_key(ledger: Ledger) -> None:
    assert planned_tile(ledger.engine, "a", KEY) == TILES[0]
    for job_id, key in (("a", "none"), ("none", KEY), ("b", TILES[1].key)):
        with pytest.raises(UnknownJob):
            planned_tile(ledger.engine, job_id, key)


def test_pages_follow_each_other_by_key(ledger: Ledger) -> None:
    first = plan_page(ledger.engine, "a", limit=3)
    rest = plan_page(ledger.engine, "a", after=first[-1].task.tile_key, limit=3)
    found = [*first, *rest]
    assert [planned.tile for planned in found] == sorted(TILES, key=lambda tile: tile.key)
    assert [planned.task.tile_key for planned in found] == [planned.tile.key for planned in found]
    assert plan_page(ledger.engine, "a", after=found[-1].task.tile_key, limit=3) == []


def test_an_unknown_job_has_no_plan(ledger: Ledger) -> None:
    with pytest.raises(UnknownJob):
        plan_page(ledger.engine, "none", limit=3)
