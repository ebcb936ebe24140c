"""Changes of one tile's state in a transaction of the caller."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection

from core.job import TileState
from ingest.io.meter import Spent
from tests.workers.queue.ledger_parts import KEY, ORDER, TILES
from workers.queue.ledger import Ledger
from workers.queue.planning import Planning
from workers.queue.tile_states import claim_tile, finish_tile, give_up_tile


@pytest.fixture
def ledger(database_url: str) -> Iterator[Ledger]:
    found = Ledger(database_url)
    found.create_schema()
    found.add_job(ORDER, TILES, "a")
    yield found
    found.close()


@pytest.fixture
def connection(ledger: Ledger) -> Iterator[Connection]:
    with ledger.engine.begin() as found:
        yield found


def test_a_tile_is_claimed_once_and_finished_by_who_holds_it(connection: Connection) -> None:
    assert claim_tile(connection, 5.0, "a", KEY, "w", 60)
    assert not claim_tile(connection, 5.0, "a", KEY, "v", 60)
    measured = {"seconds": 1.0, "pixels": 4, "spent": Spent()}
    assert not finish_tile(connection, 6.0, "a", KEY, "v", **measured)  # type: ignore[arg-type]
    assert finish_tile(connection, 6.0, "a", KEY, "w", **measured)  # type: ignore[arg-type]


def test_an_attempt_is_given_up_once(connection: Connection) -> None:
    assert claim_tile(connection, 5.0, "a", KEY, "w", 60)
    for attempts, expected in ((2, TileState.OPEN), (1, TileState.OPEN), (1, TileState.OPEN)):
        given_up = give_up_tile(connection, 6.0, "a", KEY, "w", attempts, "no", max_attempts=3, ended=6.0)
        assert given_up is expected
    assert claim_tile(connection, 7.0, "a", KEY, "w", 60), "it was reopened"


def test_a_job_that_is_not_planned_has_no_tile_to_claim(ledger: Ledger) -> None:
    Planning(ledger).add(ORDER, "b", pixels=1)
    with ledger.engine.begin() as connection:
        assert not claim_tile(connection, 5.0, "b", KEY, "w", 60)
