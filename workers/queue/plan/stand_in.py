"""The one tile task of a job of fields: the ledger knows jobs by their tiles, and fields have none."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from core.grid import Grid, Tile
from core.job import Order

ZONE = "EPSG:32631"
"""Some CRS: the tile lies nowhere."""


@dataclass(frozen=True, kw_only=True)
class StandInPlan:
    """A plan of one tile, which has about as many pixels as all fields together, so that quotas count these."""

    grid: Grid

    def rows(self, *, below: int | None = None, before: int = 0) -> Iterator[list[Tile]]:
        """Yield the one row, unless it was yielded before."""
        if below is None:
            yield [self.grid.tile(0, 0)]


def stand_in_plan(order: Order) -> StandInPlan:
    """Return the plan of an order of fields."""
    pixels = int(order.params["fields"]["pixels"])
    return StandInPlan(grid=Grid(crs=ZONE, tile_size=max(1, math.ceil(math.sqrt(pixels)))))
