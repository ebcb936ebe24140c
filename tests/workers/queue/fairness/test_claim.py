"""Which tile a message leads to, on SQLite and PostgreSQL; two parties that share real workers over a real Redis."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from core.grid import Grid, Tile
from core.settings import Settings
from tests.fakes import FAKE_DEPENDENCIES, rectangle
from tests.workers.conftest import CeleryWorker, assert_successful, end_of, wait_for
from tests.workers.queue.ledger_parts import ORDER, TILES
from workers.accept import accept
from workers.queue.dispatch import dismiss, feed
from workers.queue.events.log import EventKind, events_after
from workers.queue.fairness.claim import Claimed, Turns
from workers.queue.ledger import Ledger, open_ledger
from workers.queue.planning import Planning

GRID = Grid(crs="EPSG:32632", tile_size=32)
FOUR = rectangle(11.0031, 48.0021, 11.0058, 48.0042)
"""Some 200 x 230 m: four to nine tiles of 16 pixels."""
MANY = [GRID.tile(column, 100) for column in range(40)]


@pytest.fixture
def ledger(database_url: str) -> Iterator[Ledger]:
    found = Ledger(database_url)
    found.create_schema()
    yield found
    found.close()


def add(ledger: Ledger, job_id: str, party: str, tiles: list[Tile] = TILES, priority: str = "normal") -> None:
    ledger.add_job(replace(ORDER, priority=priority), tiles, job_id, party=party)


def served(ledger: Ledger, job_id: str, count: int) -> list[str]:
    """Carry out tiles one after the other, each message naming one of the same job; return whose tiles they were."""
    turns, found = Turns(ledger), []
    for number in range(count):
        claimed = turns.claim(job_id, MANY[number].key, "w", 60)
        assert claimed
        assert ledger.finish_tile(claimed.job_id, claimed.tile_key, "w")
        found.append(claimed.job_id)
    return found


def test_the_tile_that_a_message_names_is_claimed_if_no_other_is_due(ledger: Ledger) -> None:
    add(ledger, "a", "one", MANY)
    add(ledger, "b", "one", MANY)
    for job_id, tile in (("a", MANY[7]), ("b", MANY[3])):
        assert Turns(ledger).claim(job_id, tile.key, "w", 60) == Claimed(job_id=job_id, tile_key=tile.key)


def test_four_tiles_of_one_party_do_not_wait_for_forty_of_another(ledger: Ledger) -> None:
    add(ledger, "large", "one", MANY)
    add(ledger, "small", "two")
    order = served(ledger, "large", 12)
    assert Counter(order[:8]) == {"large": 4, "small": 4}
    assert order[8:] == ["large"] * 4


def test_parties_share_by_running_tiles_however_many_jobs_they_have(ledger: Ledger) -> None:
    for number in range(5):
        add(ledger, f"many{number}", "one", MANY)
    add(ledger, "single", "two", MANY)
    turns = Turns(ledger)
    claimed = [turns.claim("many0", tile.key, f"w{n}", 60) for n, tile in enumerate(MANY[:10])]
    assert Counter(found.job_id == "single" for found in claimed if found) == {True: 5, False: 5}


def test_an_urgent_job_of_a_party_goes_first_and_one_that_is_not_is_not_forgotten(ledger: Ledger) -> None:
    add(ledger, "low", "one", MANY, "low")
    add(ledger, "high", "one", MANY, "high")
    assert Counter(served(ledger, "low", 10)) == {"high": 8, "low": 2}


def test_a_message_stands_for_one_open_tile_whichever_it_names(ledger: Ledger) -> None:
    add(ledger, "a", "one")
    add(ledger, "b", "two")
    for job_id in "ab":
        ledger.take_unsent(job_id, 2)
    turns = Turns(ledger)
    assert turns.claim("a", TILES[0].key, "w", 60) == Claimed(job_id="a", tile_key=TILES[0].key)
    assert turns.claim("a", TILES[1].key, "v", 60) == Claimed(job_id="b", tile_key=TILES[0].key)
    assert ledger.take_unsent("a", 2) == [TILES[2].key], "the message of b's tile stands for the one that was left"
    assert turns.claim("b", TILES[0].key, "u", 60), "another tile than the one that runs already"
    ledger.close()


def test_a_tile_whose_message_was_used_for_one_without_is_sent_again(ledger: Ledger) -> None:
    add(ledger, "a", "one", TILES[:2])
    add(ledger, "b", "two", TILES[:1])
    ledger.take_unsent("a", 2)
    turns = Turns(ledger)
    assert turns.claim("a", TILES[0].key, "w", 60)
    assert turns.claim("a", TILES[1].key, "v", 60) == Claimed(job_id="b", tile_key=TILES[0].key)
    assert ledger.take_unsent("a", 2) == [TILES[1].key]


def test_without_an_open_tile_there_is_nothing_to_claim(ledger: Ledger) -> None:
    assert Turns(ledger).claim("a", TILES[0].key, "w", 60) is None
    add(ledger, "a", "one")
    ledger.dismiss("a")
    assert Turns(ledger).claim("a", TILES[0].key, "w", 60) is None


def test_tiles_of_a_job_that_is_still_being_planned_wait(ledger: Ledger) -> None:
    planning = Planning(ledger)
    planning.add(ORDER, "a", pixels=1)
    assert Turns(ledger).claim("a", TILES[0].key, "w", 60) is None


def test_workers_that_claim_at_once_get_different_tiles(ledger: Ledger) -> None:
    for job_id in "ab":
        add(ledger, job_id, job_id, MANY)
    turns = Turns(ledger)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: turns.claim("a", MANY[n % 40].key, f"w{n}", 60), range(60)))
    claimed = [(each.job_id, each.tile_key) for each in found if each]
    assert len(claimed) == len(set(claimed)) == 60
    counts = Counter(job_id for job_id, _ in claimed)
    assert abs(counts["a"] - counts["b"]) <= 16, "workers that claim at once do not see each other's claims"


def ordered(settings: Settings, job_id: str, party: str, **inputs: object) -> int:
    """Order as a party and plan at once; return the number of tiles."""
    accepted, _, tiles = accept("fake-map", inputs, settings, FAKE_DEPENDENCIES)
    ledger = open_ledger(settings)
    ledger.add_job(accepted, tiles, job_id, party=party)
    feed(ledger, settings, job_id)
    return len(tiles)


def test_a_party_with_four_tiles_is_served_while_another_has_hundreds(
    shop: Settings, start_worker: Callable[..., CeleryWorker]
) -> None:
    """Real Redis, two real workers: the small job, ordered last, ends when few of the large one's tiles are done."""
    settings = shop.but(tile_size=16)
    ledger = open_ledger(settings)
    whole = rectangle(11.001, 48.001, 11.019, 48.011)
    for number in range(3):  # 96 messages of the first party lie in Redis before the second orders
        assert ordered(settings, f"large{number}", "first", region=whole, pause_s=0.1) > 64
    start_worker(settings)
    start_worker(settings)
    wait_for(lambda: ledger.job("large0").tiles_done > 0)
    before = done_of(ledger)
    count = ordered(settings, "small", "second", region=FOUR, pause_s=0.1)
    assert count >= 4
    assert_successful(end_of(settings, "small"))
    assert done_of(ledger) - before <= 3 * count + 12, "the first party went on, and no faster than its share"
    for number in range(3):
        dismiss(f"large{number}", settings)
    started = [e for e in events_after(ledger.engine, "small", 0, limit=1000) if e.kind is EventKind.TILE_STARTED]
    assert len(started) == count


def done_of(ledger: Ledger) -> int:
    return sum(ledger.job(f"large{number}").tiles_done for number in range(3))
