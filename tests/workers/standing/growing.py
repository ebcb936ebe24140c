"""A folder of scenes that grows, and standing orders over it that are carried out in this process."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from affine import Affine
from shapely.geometry import mapping

from core.grid import Window
from core.job import Job
from core.settings import Settings
from ingest.registry import open_archive
from ingest.simulate.rasters import write_raster
from tests.fakes import FAKE_DEPENDENCIES, rectangle
from tests.ingest.stac.folders import asset, item, write_catalogue
from workers.queue.events.log import EventKind, events_after
from workers.queue.ledger import Admit, open_ledger
from workers.standing.look import Lookout, look_once
from workers.standing.store import NewStandingOrder, StandingOrder, StandingOrders
from workers.tasks import Worker, carry_out_tile, close_job, plan_job

EDGE = 16
"""Pixels of a granule and of a tile."""
WEST, NORTH = 600_000, 5_600_160
REGION = rectangle(10.41192, 50.54385, 10.41532, 50.54437)
"""In both granules."""
DEPENDENCIES = replace(FAKE_DEPENDENCIES, open_archive=open_archive)
SEASON = "2022-03-01/2022-12-31"


def granule(column: int) -> Window:
    """Return the window of a granule: one tile of the lattice."""
    place = Affine(10, 0, WEST + column * EDGE * 10, 0, -10, NORTH)
    return Window(crs="EPSG:32632", transform=place, shape_yx=(EDGE, EDGE))


@dataclass
class GrowingArchive:
    """Writes scenes into a folder with a STAC catalogue."""

    folder: Path
    items: list[dict[str, Any]] = field(default_factory=list)

    def add(self, name: str, day: str, *columns: int) -> None:
        """Add a scene of some granules, 0 = west, 1 = east."""
        for column in columns:
            window, scene = granule(column), f"{name}-{column}"
            here = self.folder / scene
            here.mkdir(parents=True)
            level = 400 + 40 * len(self.items) + np.arange(EDGE * EDGE).reshape(EDGE, EDGE)
            for band, pixels in (("red", level), ("nir", level + 2500)):
                write_raster(here / f"{band}.tif", window, pixels[None].astype(np.uint16), (band,), nodata=0)
            document = item(scene, day, {b: asset(f"./{scene}/{b}.tif") for b in ("red", "nir")})
            area = window.footprint_wgs84.buffer(-1e-6)  # else it touches the tile beside it
            self.items.append({**document, "geometry": mapping(area), "bbox": list(area.bounds)})
        write_catalogue(self.folder, self.items)


def lookout_of(settings: Settings, holder: str = "a", admit: Admit | None = None) -> Lookout:
    """Return what looks of a service work with; a service without quotas unless one is given."""
    return Lookout(
        orders=StandingOrders(open_ledger(settings).engine),
        settings=settings,
        dependencies=DEPENDENCIES,
        holder=holder,
        admit_of=lambda _: admit or (lambda *_: None),
    )


def stand(settings: Settings, **changes: Any) -> StandingOrder:
    """Add a standing order of the fake map over both granules."""
    given = {"product": "fake-map", "inputs": {"region": REGION, "period": SEASON}, "party": "forest", **changes}
    return StandingOrders(open_ledger(settings).engine).add(NewStandingOrder(**given))


def make_due(settings: Settings, order_id: str) -> None:
    """Let the time until the next look pass."""
    with open_ledger(settings).engine.begin() as connection:
        connection.exec_driver_sql("UPDATE standing_orders SET due = 0")


def look(settings: Settings, order: StandingOrder) -> StandingOrder:
    """Let the time until the next look pass, and look."""
    make_due(settings, order.id)
    assert look_once(lookout_of(settings))
    return StandingOrders(open_ledger(settings).engine).find(order.id)


def carry_out(settings: Settings, job_id: str) -> Job:
    """Do all the work of a job in this process."""
    worker = Worker(name="w", settings=settings, ledger=open_ledger(settings), dependencies=DEPENDENCIES)
    plan_job(worker, job_id)
    for task in worker.ledger.tiles(job_id):
        carry_out_tile(worker, job_id, task.tile_key)
    close_job(worker, job_id)
    return worker.ledger.job(job_id)


def rendered(settings: Settings, job_id: str) -> list[str]:
    """Return the keys of the tiles that a job has rendered; those that it took from the cache are not among them."""
    events = events_after(open_ledger(settings).engine, job_id, 0, limit=1000)
    return sorted(e.tile_key for e in events if e.kind is EventKind.TILE_DONE and e.seconds is not None)
