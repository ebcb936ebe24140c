"""The tiles of a region row by row: what a plan is made of. Orders are checked in accept.py."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from shapely import prepare
from shapely.geometry.base import BaseGeometry

from core.errors import InvalidRegion, RegionOutsideArchive
from core.grid import Grid, Tile, Window
from core.job import Order
from core.region import Region, parse_region
from core.settings import Settings
from ingest.archive import Archive
from workers.dependencies import REAL, Dependencies, open_ordered
from workers.queue.plan.stand_in import StandInPlan, stand_in_plan

PAGE = 2000
"""Tiles that are written into the ledger in one transaction, which takes some ten milliseconds."""


def plan_rows(
    region: Region, archive: Archive, grid: Grid, *, most: int, below: int | None = None, before: int = 0
) -> Iterator[list[Tile]]:
    """Yield the tiles that both a region and an archive touch, row by row from north to south.

    Args:
        region, archive: what is mapped, and from what.
        grid: of the tiles.
        most: tiles that a job may have.
        below: a row; only those south of it are yielded, None = all.
        before: number of tiles that were yielded before that row.

    Raises:
        InvalidRegion: there are more tiles than that.
        RegionOutsideArchive: there are none.
    """
    count, looked_at = before, before
    prepare(archive.footprint)
    for row in grid.find_rows(region, below=below):
        looked_at += len(row)
        if looked_at > most:
            raise InvalidRegion(f"it takes more than {most} tiles, the most of one job")
        covered = _covered(row, archive.footprint)
        count += len(covered)
        if covered:
            yield covered
    if not count:
        west, south, east, north = archive.footprint.bounds
        raise RegionOutsideArchive(archive.name, (west, south, east, north))


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How the region of an order is cut into tiles."""

    region: Region
    archive: Archive
    grid: Grid
    most: int
    """Tiles that a job may have."""

    def rows(self, *, below: int | None = None, before: int = 0) -> Iterator[list[Tile]]:
        """Yield the tiles as `plan_rows` does."""
        return plan_rows(self.region, self.archive, self.grid, most=self.most, below=below, before=before)


def open_plan(order: Order, settings: Settings, dependencies: Dependencies = REAL) -> Plan | StandInPlan:
    """Return the plan of an accepted order.

    Raises:
        LandcastError: the archive cannot be opened any more.
    """
    if order.is_of_fields:
        return stand_in_plan(order)
    archive, region = open_ordered(dependencies, order.archive, settings), parse_region(dict(order.region))
    return Plan(region=region, archive=archive, grid=archive.grid(region), most=settings.jobs.max_tiles)


def pages(rows: Iterable[list[Tile]], size: int = PAGE) -> Iterator[list[Tile]]:
    """Yield whole rows together, so many that a page has `size` tiles or little more; the last may have fewer."""
    page: list[Tile] = []
    for row in rows:
        page += row
        if len(page) >= size:
            yield page
            page = []
    if page:
        yield page


def _covered(row: list[Tile], footprint: BaseGeometry) -> list[Tile]:
    """Return the tiles of a row that a footprint touches; a row in it, or outside, is not tested tile by tile."""
    strip = _strip(row).footprint_wgs84
    if not footprint.intersects(strip):
        return []
    if footprint.contains(strip):
        return row
    return [tile for tile in row if footprint.intersects(tile.window.footprint_wgs84)]


def _strip(row: list[Tile]) -> Window:
    """Return the window from the first to the last tile of a row."""
    first, size = row[0].window, row[0].grid.tile_size
    columns = (row[-1].column - row[0].column + 1) * size
    return Window(crs=first.crs, transform=first.transform, shape_yx=(size, columns))
