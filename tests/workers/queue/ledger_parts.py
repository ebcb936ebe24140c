"""Orders, tiles and items for tests of the ledger, and a clock that stands still."""

from typing import Any

from shapely.geometry import box, mapping
from shapely.geometry.base import BaseGeometry

from core.grid import Grid, Tile
from core.job import JobState, Order
from core.region import wrap
from workers.queue.item_rows import Item
from workers.queue.ledger import Ledger

GRID = Grid(crs="EPSG:32632", tile_size=32, origin_xy=(3.5, -2.0))
TILES = [GRID.tile(column, row) for row in (9, 8) for column in (4, 5)]
ORDER = Order(product="crop", region={"type": "Polygon"}, archive="sample", model="m", params={"period": "a/b"})
KEY = TILES[0].key


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self, connection: object = None) -> float:
        return self.now


def add(ledger: Ledger, job_id: str = "a", tiles: list[Tile] | None = None, product: str = "crop") -> None:
    """Add a job."""
    order = Order(product=product, region=ORDER.region, archive="sample", model="m", params=ORDER.params)
    ledger.add_job(order, TILES if tiles is None else tiles, job_id)


def give_up(ledger: Ledger, key: str, job_id: str = "a") -> None:
    """Let a tile lose its worker three times."""
    for _ in range(3):
        assert ledger.claim_tile(job_id, key, "w", 10)
        ledger.release(lambda worker: True)


def finish_all(ledger: Ledger, job_id: str = "a") -> None:
    """Carry out all tiles of a job."""
    for task in ledger.tiles(job_id):
        assert ledger.claim_tile(job_id, task.tile_key, "w", 10)
        assert ledger.finish_tile(job_id, task.tile_key, "w", seconds=2.0, pixels=100)


def item(area: BaseGeometry, start: str = "2021-03-01", end: str = "2021-10-31", **properties: Any) -> Item:
    """Return the item of a result as it lies beside its files; an area east of 180 degrees is cut there."""
    times = {"start_datetime": f"{start}T00:00:00Z", "end_datetime": f"{end}T00:00:00Z", "datetime": f"{end}T00:00:00Z"}
    return {
        "type": "Feature",
        "id": "x",
        "geometry": dict(mapping(wrap(area))),
        "properties": {**times, "landcast:product": "crop", **properties},
        "assets": {"data": {"href": "./crop.tif"}},
    }


def publish(ledger: Ledger, job_id: str, published: Item, product: str = "crop") -> None:
    """Carry out a job to its end, with an item."""
    add(ledger, job_id, TILES[:1], product)
    finish_all(ledger, job_id)
    assert ledger.claim_close(job_id, "w", 10)
    assert ledger.close_job(job_id, JobState.SUCCESSFUL, "done", "w", item=published)


SQUARE = box(10.0, 48.0, 10.5, 48.25)
"""West, south, east, north are all different."""
