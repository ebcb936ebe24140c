"""The tiles of a region row by row."""

import pytest

from core.errors import InvalidRegion, RegionOutsideArchive
from core.grid import Grid
from core.job import Order
from core.region import parse_region
from core.settings import Settings
from tests.fakes import FAKE_DEPENDENCIES, FakeArchive, rectangle
from workers.plan_rows import open_plan, pages, plan_rows

REGION = parse_region(rectangle(11.001, 48.001, 11.019, 48.011))
BEYOND = parse_region(rectangle(11.001, 48.001, 11.03, 48.02))
"""Half of it lies outside the archive."""
ARCHIVE = FakeArchive("plain", 16)
GRID = ARCHIVE.grid(REGION)


def test_rows_come_from_north_to_south_and_are_all_tiles_of_the_region() -> None:
    rows = list(plan_rows(REGION, ARCHIVE, GRID, most=1000))
    assert [tile for row in rows for tile in row] == GRID.tiles(REGION)
    assert all(len({tile.row for tile in row}) == 1 for row in rows)


def test_tiles_outside_the_archive_are_left_out() -> None:
    rows = [tile for row in plan_rows(BEYOND, ARCHIVE, GRID, most=1000) for tile in row]
    assert rows == [t for t in GRID.tiles(BEYOND) if ARCHIVE.footprint.intersects(t.window.footprint_wgs84)]
    assert 0 < len(rows) < len(GRID.tiles(BEYOND))


def test_a_plan_goes_on_below_a_row() -> None:
    rows = list(plan_rows(REGION, ARCHIVE, GRID, most=1000))
    assert list(plan_rows(REGION, ARCHIVE, GRID, most=1000, below=rows[1][0].row, before=30)) == rows[2:]
    assert list(plan_rows(REGION, ARCHIVE, GRID, most=1000, below=rows[-1][0].row, before=30)) == []


def test_too_many_tiles_and_none_at_all_are_refused() -> None:
    with pytest.raises(InvalidRegion, match="more than 20 tiles"):
        list(plan_rows(REGION, ARCHIVE, GRID, most=20))
    with pytest.raises(InvalidRegion, match="more than 200 tiles"):
        list(plan_rows(REGION, ARCHIVE, GRID, most=200, before=190))
    far = parse_region(rectangle(14.0, 48.0, 14.01, 48.01))
    with pytest.raises(RegionOutsideArchive):
        list(plan_rows(far, ARCHIVE, Grid(crs="EPSG:32633", tile_size=16), most=1000))


def test_a_page_holds_whole_rows() -> None:
    rows = list(plan_rows(REGION, ARCHIVE, GRID, most=1000))
    found = list(pages(rows, 20))
    assert [tile for page in found for tile in page] == [tile for row in rows for tile in row]
    assert all(20 <= len(page) <= 20 + len(rows[0]) for page in found[:-1])
    assert list(pages([])) == []


def test_the_plan_of_an_order_is_that_of_its_region(settings: Settings) -> None:
    region = rectangle(11.001, 48.001, 11.019, 48.011)
    order = Order(product="fake-map", region=region, archive="fake://plain", model="", params={})
    plan = open_plan(order, settings.but(tile_size=16), FAKE_DEPENDENCIES)
    assert [t.key for row in plan.rows() for t in row] == [t.key for t in GRID.tiles(REGION)]
