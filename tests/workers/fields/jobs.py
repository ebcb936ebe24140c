"""Jobs of fields over a long, narrow archive, so that they fall into four groups. Simulated: no satellite saw it."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from shapely.geometry import box, mapping

from core.job import Job
from core.region import WGS84, reproject
from core.settings import Settings
from workers.dependencies import REAL
from workers.fields.accept import check_fields
from workers.fields.job import FieldWork
from workers.queue.dispatch import submit
from workers.queue.lease import LeaseLost
from workers.queue.ledger import open_ledger
from workers.queue.liveness import worker_name
from workers.tasks import Worker, carry_out_tile, close_job, plan_job

CRS = "EPSG:32632"
WEST, NORTH, ROWS, COLUMNS = 600_000, 5_320_000, 20, 480
"""Corner and size: 4.8 km x 200 m."""
GROUPS = 4
NOWHERE = "redis+socket:///nowhere"
"""A Redis that is away: the test does the work itself."""


def write_archive(path: Path) -> Path:
    """Write a cube of red and near infrared, two growing seasons, every fifteenth day; values rise to the east."""
    times = np.arange("2021-03-01", "2022-11-01", 15, dtype="datetime64[D]").astype("datetime64[ns]")
    rng, shape = np.random.default_rng(7), (len(times), ROWS, COLUMNS)
    nir = np.linspace(0.2, 0.5, COLUMNS) + rng.uniform(0, 0.02, shape)
    data = xr.Dataset(
        {
            "B04": (("time", "y", "x"), rng.uniform(0.04, 0.06, shape).astype(np.float32)),
            "B08": (("time", "y", "x"), nir.astype(np.float32)),
        },
        coords={
            "time": times,
            "y": NORTH - 10.0 * (np.arange(ROWS) + 0.5),
            "x": WEST + 10.0 * (np.arange(COLUMNS) + 0.5),
        },
        attrs={"crs": CRS, "simulated": "true", "title": "Simulated test fields", "license": "CC0"},
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    data.to_netcdf(path, engine="netcdf4")
    return path


def settings_for(folder: Path, **changes: Any) -> Settings:
    """Return settings whose own archive is that."""
    archive = folder / "archives" / "long.nc"
    if not archive.is_file():
        write_archive(archive)
    given = {"home": folder / "home", "archive": str(archive), "redis_url": NOWHERE, "lease_seconds": 2.0}
    return Settings(**{**given, **changes})


def square(column: float, row: float, edge: float = 6) -> dict[str, Any]:
    """Return a GeoJSON polygon of pixels counted from the north-western corner of the archive."""
    west, north = WEST + 10 * column, NORTH - 10 * row
    found = mapping(reproject(box(west, north - 10 * edge, west + 10 * edge, north), CRS, WGS84))
    return dict(json.loads(json.dumps(found)))


def crossed() -> dict[str, Any]:
    """Return a polygon whose outline crosses itself."""
    one, two, three, four, end = square(10, 4)["coordinates"][0]
    return {"type": "Polygon", "coordinates": [[one, three, two, four, end]]}


def feature(geometry: Any, /, **properties: Any) -> dict[str, Any]:
    """Return a GeoJSON feature."""
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def collection(features: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return a GeoJSON FeatureCollection."""
    return {"type": "FeatureCollection", "features": list(features)}


FIELDS = collection(
    [feature(square(10 + 120 * n, 4), plot=f"field {n}", name=f"No. {n}", id=100 - n) for n in range(GROUPS)]
)
"""One field in each group, the most eastern one first by its id."""


def ordered(settings: Settings, fields: Any = FIELDS, *, party: str = "", **inputs: Any) -> Job:
    """Accept an order of fields as a job: a forecast for one date, unless it says otherwise."""
    given = {"fields": fields, "products": ["ndvi-forecast"], "dates": ["2022-11-15"], **inputs}
    found = check_fields(given, settings)
    return submit(found.order, settings, pixels=found.pixels, party=party, upload=found.upload)


def worker_of(settings: Settings) -> Worker:
    """Return a worker that works in this process, with the real dependencies."""
    return Worker(name=worker_name(), settings=settings, ledger=open_ledger(settings), dependencies=REAL)


def carried_out(settings: Settings, job: Job) -> Job:
    """Do all the work of a job in this process; return it."""
    worker = worker_of(settings)
    plan_job(worker, job.id)
    for task in worker.ledger.tiles(job.id):
        carry_out_tile(worker, job.id, task.tile_key)
    close_job(worker, job.id)
    return worker.ledger.job(job.id)


def break_off(job: Job, settings: Settings) -> None:
    """Answer two groups of a job's fields, as a worker that then loses it to another."""
    shares: list[float] = []

    def two(share: float) -> None:
        shares.append(share)
        if len(shares) == 2:
            raise LeaseLost

    with pytest.raises(LeaseLost):
        FieldWork(job=job, settings=settings, engine=open_ledger(settings).engine).answer(two)
