"""Whose turn it is: parties by running tiles, priorities by weight; on SQLite and PostgreSQL."""

from collections import Counter
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from workers.queue.fairness.turns import WEIGHTS, Turn, keep, next_priority, next_turn
from workers.queue.schema import create_tables, open_engine


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    found = open_engine(database_url)
    create_tables(found)
    yield found
    found.dispose()


def serve(engine: Engine, waiting: list[Turn], running: dict[str, int], now: float) -> Turn:
    with engine.begin() as connection:
        turn, changes = next_turn(connection, waiting, running, now)
        keep(connection, changes)
    return turn


def of(party: str, priority: str = "normal") -> Turn:
    return Turn(party=party, priority=priority)


def test_the_party_with_the_fewest_running_tiles_is_next(engine: Engine) -> None:
    assert serve(engine, [of("a"), of("b")], {"a": 3, "b": 2}, 1.0).party == "b"
    assert serve(engine, [of("a"), of("b")], {"a": 3, "b": 4}, 2.0).party == "a"


def test_parties_with_as_few_take_turns_and_one_that_comes_back_gets_no_more_than_its_turn(engine: Engine) -> None:
    waiting = [of("a"), of("b"), of("c")]
    served = [serve(engine, waiting[:2], {}, float(n)).party for n in range(1, 101)]
    assert Counter(served) == {"a": 50, "b": 50}
    assert [serve(engine, waiting, {}, 100.0 + n).party for n in range(1, 7)] == ["c", "a", "b", "c", "a", "b"]


def test_of_seven_tiles_one_is_of_low_priority(engine: Engine) -> None:
    waiting = [of("a", priority) for priority in WEIGHTS]
    served = [serve(engine, waiting, {}, float(n)).priority for n in range(70)]
    assert Counter(served) == {"high": 40, "normal": 20, "low": 10}
    assert all("low" in served[start : start + 7] for start in range(64))


def test_the_priorities_of_one_party_change_nothing_for_another(engine: Engine) -> None:
    waiting = [of("a", "high"), of("b", "low")]
    served = Counter(serve(engine, waiting, {}, float(n)).party for n in range(1, 21))
    assert served == {"a": 10, "b": 10}


def test_a_priority_alone_gains_nothing_while_it_is_alone() -> None:
    assert next_priority({"low": 0.0}) == ("low", {})
    assert next_priority({"low": 0.0, "high": 0.0}) == ("high", {"low": 1.0, "high": -1.0})
