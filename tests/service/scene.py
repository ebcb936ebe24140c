"""A small archive, a running service and finished jobs for tests of the front door. Everything is real but tiny."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import uvicorn
import xarray as xr
from PIL import Image
from shapely.geometry import shape
from starlette.types import ASGIApp, Receive, Scope, Send

from core.job import Job, JobState
from core.product import Raster
from core.region import parse_region
from core.settings import Settings
from outputs.cog import open_cog
from outputs.provenance import Provenance
from outputs.stac_item import build_item, write_item
from outputs.write_raster import write_raster
from products.catalogue import find_product
from service.app import create_app, end_streams
from workers.accept import accept, result_window
from workers.plan_rows import open_plan
from workers.queue.item_rows import Item, read_item
from workers.queue.ledger import Ledger, open_ledger
from workers.queue.planning import Planning
from workers.store.open_store import open_store

WEST, NORTH, ROWS, COLUMNS = 600_000, 5_320_000, 30, 40
"""Corner in EPSG:32632 (Bavaria) and size of the archive: 400 m x 300 m."""
REGION = {
    "type": "Polygon",
    "coordinates": [[[10.342, 48.0231], [10.3458, 48.0233], [10.3452, 48.0251], [10.3422, 48.0247], [10.342, 48.0231]]],
}
NOTE = "The map rests on red and near infrared alone."
EVIDENCE = {
    "months_seen": 14.0,
    "months_read": 36,
    "seasons_seen": ["April to September"],
    "band_groups": ["red and near infrared"],
}
ELSEWHERE = {"type": "Polygon", "coordinates": [[[20, 50], [20.01, 50], [20.01, 50.01], [20, 50]]]}
CROSSED = {
    "type": "Polygon",
    "coordinates": [[[10.342, 48.023], [10.345, 48.025], [10.345, 48.023], [10.342, 48.025], [10.342, 48.023]]],
}


def write_archive(path: Path) -> None:
    """Write a cube of red and near infrared, two growing seasons, every fifteenth day."""
    times = np.arange("2021-03-01", "2022-11-01", 15, dtype="datetime64[D]").astype("datetime64[ns]")
    rng = np.random.default_rng(7)
    red = rng.uniform(0.02, 0.1, (len(times), ROWS, COLUMNS)).astype(np.float32)
    nir = rng.uniform(0.2, 0.5, (len(times), ROWS, COLUMNS)).astype(np.float32)
    data = xr.Dataset(
        {"B04": (("time", "y", "x"), red), "B08": (("time", "y", "x"), nir)},
        coords={
            "time": times,
            "y": NORTH - 10.0 * (np.arange(ROWS) + 0.5),
            "x": WEST + 10.0 * (np.arange(COLUMNS) + 0.5),
        },
        attrs={"crs": "EPSG:32632", "simulated": "true", "title": "Simulated test fields", "license": "CC0"},
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    data.to_netcdf(path, engine="netcdf4")


def settings_for(folder: Path, **changes: Any) -> Settings:
    """Return settings whose own archive is the small one."""
    archive = folder / "archives" / "fields.nc"
    if not archive.is_file():
        write_archive(archive)
    return Settings(home=folder / "home", archive=str(archive), **changes)


@contextmanager
def served(settings: Settings, *, reconcile: bool = False, prefix: str = "") -> Iterator[httpx.Client]:
    """Run the service on a free port of this machine; yield a client of it."""
    app = create_app(settings, reconcile=reconcile)
    with serving(behind_proxy(app, prefix) if prefix else app) as client:
        try:
            yield client
        finally:
            end_streams(app)  # those of a browser would hold the server


@contextmanager
def serving(app: ASGIApp) -> Iterator[httpx.Client]:
    """Run an application on a free port of this machine; yield a client of it."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the service did not start"
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join()


def behind_proxy(app: ASGIApp, prefix: str) -> ASGIApp:
    """Return the application as a proxy that serves it below a path shows it."""

    async def proxy(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "root_path": prefix} if scope["type"] == "http" else scope, receive, send)

    return proxy


def accepted(settings: Settings, product: str, job_id: str, **inputs: Any) -> Job:
    """Write an order into the ledger, as if a worker had not seen it yet."""
    order, _, tiles = accept(product, {"region": REGION, **inputs}, settings)
    return open_ledger(settings).add_job(order, tiles, job_id)


def half_done(settings: Settings, product: str, job_id: str) -> Job:
    """Write a job whose first tile is 45 % done."""
    accepted(settings, product, job_id)
    ledger = open_ledger(settings)
    key = ledger.tiles(job_id)[0].tile_key
    assert ledger.claim_tile(job_id, key, "w", 60.0)
    assert ledger.heartbeat(job_id, key, "w", 60.0, 0.45)
    return ledger.job(job_id)


def failed(settings: Settings, product: str, job_id: str, reason: str) -> Job:
    """Write a job that has failed."""
    half_done(settings, product, job_id)
    open_ledger(settings).close_job(job_id, JobState.FAILED, reason)
    return open_ledger(settings).job(job_id)


def finished(settings: Settings, product: str, job_id: str, **inputs: Any) -> Job:
    """Write a successful job with its files: COG, STAC item, quicklook, for a forecast the plot."""
    accepted(settings, product, job_id, **inputs)
    return end(settings, job_id)


def planned(settings: Settings, job_id: str) -> Job:
    """Return a job that has its tiles, as a worker would have given it."""
    ledger = open_ledger(settings)
    job, planning = ledger.job(job_id), Planning(ledger)
    if planning.claim(job_id, "w", 60.0):
        assert planning.finish(job_id, "w", [t for row in open_plan(job.order, settings).rows() for t in row])
    return ledger.job(job_id)


def end(settings: Settings, job_id: str) -> Job:
    """Write the files of an accepted job, and that it was successful."""
    job = planned(settings, job_id)
    product, folder = job.order.product, settings.home / "jobs" / job_id
    folder.mkdir(parents=True)
    raster = _raster(settings, job)
    write_raster(raster, folder / f"{product}.tif", _origin(job))
    Image.new("RGB", (60, 40), (90, 140, 80)).save(folder / f"{product}.png")
    if product == "ndvi-forecast":
        Image.new("RGB", (600, 300), (250, 250, 240)).save(folder / f"{product}_pixel.png")
    file = open_cog(folder / f"{product}.tif")
    item = build_item(job_id, file, _origin(job), shape(dict(job.order.region)), pixels=(500, 549), created=job.created)
    write_item(item, folder / f"{product}.json")
    _close(open_ledger(settings), job_id, read_item(open_store(settings), job_id, product))
    return open_ledger(settings).job(job_id)


def _raster(settings: Settings, job: Job) -> Raster:
    """Return layers of made-up pixels: values rise from west to east, nodata in the northernmost row."""
    product = find_product(job.order.product)
    layers = product.layers(product.options.read(job.order.params))
    window = result_window(parse_region(dict(job.order.region)), open_ledger(settings).lattice(job.id))
    rows, columns = window.shape_yx
    ramp = np.broadcast_to(np.linspace(0, 1, columns), (len(layers), rows, columns))
    if layers[0].legend:
        pixels, nodata = (ramp * 100).astype(np.uint8), 255.0
        pixels[0] = np.floor(ramp[0] * 0.999 * len(layers[0].legend))
    else:
        pixels, nodata = ramp.astype(np.float32), np.nan
    pixels[:, 0] = nodata
    return Raster(layers=layers, pixels=pixels, window=window, nodata=nodata)


def _origin(job: Job) -> Provenance:
    product = find_product(job.order.product)
    return Provenance(
        product=product.id,
        title=product.title,
        model=job.order.model,
        model_sha256="0" * 64,
        version="0",
        archive="fields",
        attribution="Simulated test fields, CC0.",
        is_simulated=True,
        params=job.order.params,
        scenes=("a", "b"),
        reads=2,
        failures=(),
        notes=(NOTE,) if product.id == "canopy" else (),
        evidence=EVIDENCE if product.id == "canopy" else {},
    )


def _close(ledger: Ledger, job_id: str, item: Item) -> None:
    for task in ledger.tiles(job_id):
        assert ledger.claim_tile(job_id, task.tile_key, "w", 60.0)
        assert ledger.finish_tile(job_id, task.tile_key, "w")
    ledger.close_job(job_id, JobState.SUCCESSFUL, "done", item=item)


def problem_of(answer: httpx.Response, status: int) -> dict[str, Any]:
    """Return the problem document of a refusal, having checked its form."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    found: dict[str, Any] = answer.json()
    assert found["status"] == status
    assert found["title"]
    assert "Traceback" not in answer.text
    return found


def order(region: Any = None, **inputs: Any) -> dict[str, Any]:
    """Return the body of an order."""
    return {"inputs": {"region": REGION if region is None else region, **inputs}}
