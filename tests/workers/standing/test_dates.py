"""Dates of standing orders: held to the end of the month for class maps of new scenes, and for nothing else."""

from datetime import date
from pathlib import Path

import pytest

from core.settings import Settings
from core.timeline import Period
from ingest.archive import TellsContent
from ingest.registry import open_archive
from products.catalogue import find_product
from tests.workers.standing.growing import REGION, GrowingArchive
from workers.accept import check
from workers.dependencies import REAL
from workers.standing.dates import HeldArchive, held_dependencies, until_month_end


@pytest.mark.parametrize(
    ("last", "end"), [("2024-02-01", "2024-02-29"), ("2023-02-28", "2023-02-28"), ("2022-12-05", "2022-12-31")]
)
def test_a_period_ends_with_its_last_month(last: str, end: str) -> None:
    start = date(2021, 3, 1)
    held = until_month_end(Period(start=start, end=date.fromisoformat(last)))
    assert held == Period(start=start, end=date.fromisoformat(end))


def test_a_class_map_is_the_same_order_for_all_scenes_of_a_month(tmp_path: Path) -> None:
    archive = GrowingArchive(tmp_path / "archive")
    archive.add("first", "2022-05-03", 0, 1)
    settings, found = Settings(home=tmp_path, archive=str(archive.folder), tile_size=16), []
    for product in ("crop", "canopy"):
        held = held_dependencies(find_product(product), REAL, every_days=0)
        found.append(check(product, {"region": REGION}, settings, held).order.params)
    archive.add("second", "2022-05-28", 1)
    for product in ("crop", "canopy"):
        held = held_dependencies(find_product(product), REAL, every_days=0)
        found.append(check(product, {"region": REGION}, settings, held).order.params)
    assert found[:2] == found[2:]
    assert (found[0]["period"], found[1]["date"]) == ("2022-05-03/2022-05-31", "2022-05-31")


def test_forecasts_and_regular_orders_are_not_held() -> None:
    assert held_dependencies(find_product("ndvi-forecast"), REAL, every_days=0) is REAL
    assert held_dependencies(find_product("crop"), REAL, every_days=10) is REAL


def test_a_held_archive_is_the_archive_but_for_its_period(tmp_path: Path) -> None:
    growing = GrowingArchive(tmp_path / "archive")
    growing.add("first", "2022-05-03", 0)
    archive = open_archive(str(growing.folder), Settings(home=tmp_path))
    held = HeldArchive(archive)
    assert (held.name, held.bands) == (archive.name, archive.bands)
    assert isinstance(held.inner, TellsContent)
