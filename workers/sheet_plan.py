"""The plan of a region of any size: its map sheets with their tiles, one sheet in memory at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from shapely.geometry import mapping

from core.errors import RegionOutsideArchive
from core.grid import Grid, Tile
from core.ground.scale import ground_of
from core.planning.sheets import Sheet, sheets
from core.region import Region
from core.settings import Settings
from ingest.archive import Archive
from workers.plan_rows import plan_rows

ANY_NUMBER = 10**9
"""Of tiles: a plan for people has no limit; an order of a sheet has that of the service."""


@dataclass(frozen=True, kw_only=True)
class PlannedSheet:
    """A map sheet that can be ordered, and what its order takes."""

    sheet: Sheet
    tiles: tuple[Tile, ...]
    """From north to south and west to east; at least one."""

    @property
    def pixels(self) -> int:
        """Number of pixels of the region in it."""
        return max(1, round(self.sheet.region.area_km2 * 1e6 / ground_of(self.tiles[0].window).pixel_m2))

    def to_geojson(self) -> dict[str, Any]:
        """Return the sheet as a GeoJSON feature, whose geometry is the region of an order."""
        facts = {
            "sheet": self.sheet.name,
            "crs": self.sheet.crs,
            "tiles": len(self.tiles),
            "pixels": self.pixels,
            "area_km2": round(self.sheet.region.area_km2, 4),
        }
        geometry = self.sheet.region.to_geojson()
        return {"type": "Feature", "id": self.sheet.name, "geometry": geometry, "properties": facts}

    def tile_features(self) -> Iterator[dict[str, Any]]:
        """Yield the tiles as GeoJSON features."""
        for tile in self.tiles:
            facts = {"tile": tile.key, "sheet": self.sheet.name}
            geometry = dict(mapping(tile.window.footprint_wgs84))
            yield {"type": "Feature", "id": f"{self.sheet.name}/{tile.key}", "geometry": geometry, "properties": facts}


def planned_sheets(region: Region, settings: Settings, archive: Archive | None = None) -> Iterator[PlannedSheet]:
    """Yield the sheets of a region that an archive touches, each with its tiles.

    Args:
        region: of any size.
        settings: the size of the tiles.
        archive: what the orders will read; None = any that has the whole region on the UTM lattice.
    """
    for sheet in sheets(region):
        if archive is not None and not archive.footprint.intersects(sheet.region.geometry):
            continue
        if archive is None:
            grid = Grid(crs=sheet.crs, tile_size=settings.jobs.tile_size)
            found = list(grid.find_tiles(sheet.region))
        else:
            found = _touched(sheet.region, archive)
        if found:
            yield PlannedSheet(sheet=sheet, tiles=tuple(found))


def _touched(region: Region, archive: Archive) -> list[Tile]:
    try:
        return [tile for row in plan_rows(region, archive, archive.grid(region), most=ANY_NUMBER) for tile in row]
    except RegionOutsideArchive:
        return []
