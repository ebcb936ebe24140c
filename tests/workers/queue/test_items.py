"""The items table on SQLite and PostgreSQL: what a search finds, and pages while results come and go."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
import shapely
from shapely.geometry import MultiPolygon, Point, Polygon, box
from shapely.geometry.base import BaseGeometry

from core.job import JobState
from tests.workers.queue.ledger_parts import SQUARE, TILES, Clock, add, finish_all, item, publish
from workers.queue.items import ItemPage, Items, ItemSearch, Place, add_item
from workers.queue.ledger import Ledger

AT_180 = box(179.0, -20.0, 181.5, -19.0)
TRIANGLE = Polygon([(20, 0), (22, 0), (20, 2)])
"""Its bounding box has a corner, near (22, 2), where it is not."""


@pytest.fixture
def items(ledger: Ledger, clock: Clock) -> Items:
    """Three results: of crop, canopy and crop again, the last one across 180 degrees."""
    publish(ledger, "square", item(SQUARE, "2021-03-01", "2021-10-31"))
    clock.now += 1
    publish(ledger, "triangle", item(TRIANGLE, "2022-01-01", "2022-12-31"), "canopy")
    clock.now += 1
    publish(ledger, "date-line", item(AT_180, "2022-06-01", "2022-07-01"))
    return Items(ledger.engine)


def ids(page: ItemPage) -> list[str]:
    return [found["id"] for found in page.items]


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


SEARCHES: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["date-line", "triangle", "square"]),
    ({"collections": ("crop",)}, ["date-line", "square"]),
    ({"collections": ()}, []),
    ({"ids": ("square", "nothing")}, ["square"]),
    ({"ids": ()}, []),
    ({"start": day("2022-06-15")}, ["date-line", "triangle"]),
    ({"end": day("2021-03-01")}, ["square"]),
    ({"start": day("2021-10-31"), "end": day("2022-05-31")}, ["triangle", "square"]),
    ({"area": box(10.4, 48.2, 11, 49)}, ["square"]),
    ({"area": box(-180, -90, 180, 90)}, ["date-line", "triangle", "square"]),
    ({"area": box(21.5, 1.5, 22, 2)}, []),
    ({"area": box(21.5, 1.5, 22, 2), "collections": ("canopy",)}, []),
    ({"area": box(21, 0.5, 22, 2)}, ["triangle"]),
    ({"area": box(-179, -19.5, -178, -19.2)}, ["date-line"]),
    ({"area": box(-178.4, -19.5, -178, -19.2)}, []),
    ({"area": box(179.5, -19.5, 180, -19.2)}, ["date-line"]),
    ({"area": MultiPolygon([box(170, -30, 180, -10), box(-180, -30, -170, -10)])}, ["date-line"]),
    ({"area": MultiPolygon([box(170, 10, 180, 20), box(-180, 10, -170, 20)])}, []),
    ({"area": Point(20.5, 0.5)}, ["triangle"]),
    ({"area": Point(21.9, 1.9)}, []),
    ({"area": Polygon([(9, 47), (30, 0), (9, 0)])}, ["triangle"]),
]


def test_a_search_finds_what_meets_all_conditions(items: Items) -> None:
    for wanted, expected in SEARCHES:
        page = items.search(ItemSearch(**wanted), limit=10)
        assert (ids(page), page.matched, page.last) == (expected, len(expected), None), wanted


def test_a_search_for_an_area_agrees_with_shapely(ledger: Ledger, clock: Clock) -> None:
    rng = np.random.default_rng(3)
    areas: dict[str, BaseGeometry] = {}
    for number in range(40):
        west, south = rng.uniform(-30, 30), rng.uniform(-30, 30)
        areas[f"j{number}"] = Polygon([(west, south), (west + 9, south + 1), (west + 4, south + 8)])
        clock.now += 1
        publish(ledger, f"j{number}", item(areas[f"j{number}"]))
    for area in (box(-20, -20, 15, 18), Polygon([(-25, -25), (25, -20), (0, 25)])):
        expected = {name for name, own in areas.items() if shapely.intersects(area, own)}
        assert 0 < len(expected) < 40
        assert set(ids(Items(ledger.engine).search(ItemSearch(area=area), limit=40))) == expected


@pytest.mark.parametrize("area", [None, box(-180, -90, 180, 90)])
def test_pages_neither_repeat_nor_hide_items_while_results_come_and_go(
    ledger: Ledger, items: Items, clock: Clock, area: BaseGeometry | None
) -> None:
    wanted = ItemSearch(area=area)
    first = items.search(wanted, limit=1)
    assert (ids(first), first.matched) == (["date-line"], 3)
    clock.now += 1
    publish(ledger, "newer", item(SQUARE))
    ledger.dismiss("date-line")  # the item after whose place the next page begins
    second = items.search(wanted, limit=1, after=first.last)
    third = items.search(wanted, limit=1, after=second.last)
    assert (ids(second), ids(third), third.last) == (["triangle"], ["square"], None)


def test_items_of_the_same_moment_are_paged_by_id(ledger: Ledger) -> None:
    for name in ("b", "c", "a"):
        publish(ledger, name, item(SQUARE))
    found, page = [], Items(ledger.engine).search(ItemSearch(), limit=1)
    while True:
        found += ids(page)
        if page.last is None:
            break
        page = Items(ledger.engine).search(ItemSearch(), limit=1, after=page.last)
    assert found == ["a", "b", "c"]


def test_a_place_that_no_item_has_is_a_place_all_the_same(items: Items, clock: Clock) -> None:
    assert ids(items.search(ItemSearch(), limit=5, after=Place(created=clock.now - 0.5, job_id="gone"))) == [
        "triangle",
        "square",
    ]


def test_one_item_is_found_in_its_own_collection_only(items: Items) -> None:
    found = items.find("canopy", "triangle")
    assert found is not None
    assert (found["id"], found["collection"]) == ("triangle", "canopy")
    assert items.find("crop", "triangle") is None
    assert items.find("canopy", "nothing") is None


def test_the_extent_of_a_collection_is_that_of_its_items(items: Items) -> None:
    found = items.extents()
    assert found.keys() == {"crop", "canopy"}
    assert found["canopy"].bbox == (20.0, 0.0, 22.0, 2.0)
    assert found["crop"].bbox == (10.0, -20.0, 181.5, 48.25)
    assert (found["crop"].start, found["crop"].end) == (day("2021-03-01").timestamp(), day("2022-07-01").timestamp())


def test_an_item_appears_with_the_end_of_its_job_and_not_without(ledger: Ledger) -> None:
    add(ledger, "a", TILES[:1])
    finish_all(ledger)
    assert ledger.claim_close("a", "w", 10)
    assert not ledger.close_job("a", JobState.SUCCESSFUL, "done", "other", item=item(SQUARE))
    assert Items(ledger.engine).find("crop", "a") is None
    with pytest.raises(KeyError):
        ledger.close_job("a", JobState.SUCCESSFUL, "done", "w", item={"id": "a"})
    assert ledger.job("a").state is JobState.RUNNING, "neither the job ended nor an item appeared"
    assert ledger.close_job("a", JobState.SUCCESSFUL, "done", "w", item=item(SQUARE))
    assert Items(ledger.engine).find("crop", "a") is not None


def test_an_item_goes_with_its_job(ledger: Ledger, items: Items) -> None:
    ledger.dismiss("triangle")
    assert items.find("canopy", "triangle") is None
    with ledger.engine.begin() as connection:
        assert not add_item(connection, "triangle", item(TRIANGLE)), "a dismissed job gets no item"


def test_an_item_is_added_once(ledger: Ledger, items: Items) -> None:
    with ledger.engine.begin() as connection:
        assert add_item(connection, "square", item(TRIANGLE))
    assert items.search(ItemSearch(ids=("square",), area=SQUARE), limit=1).matched == 1


def test_more_ids_than_one_statement_takes_are_read_in_several(ledger: Ledger, items: Items) -> None:
    many = tuple(f"j{number}" for number in range(800))
    assert ids(items.search(ItemSearch(ids=(*many, "square")), limit=1)) == ["square"]
