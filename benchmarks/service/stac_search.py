"""Claim: `GET /stac/search` over 10,000 finished jobs answers in less than 50 ms.

    python -m benchmarks.service.stac_search [--jobs 10000] [--repeats 100]

The service runs on a free port of this machine over a SQLite ledger that is filled for the purpose, in a temporary
folder. Items are polygons of 6 to 40 corners all over the world, with 60 scenes and 20 bands each (about 6 kB of JSON,
as real ones have); their pixels do not exist. Times are those of a client on the same machine, from sending the request
to having read the answer.
"""

import argparse
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import numpy as np
import uvicorn
from shapely.geometry import Polygon, mapping
from sqlalchemy import insert

from core.grid import Grid
from core.job import JobState, Order
from core.region import region_from
from core.settings import Settings
from products.catalogue import PRODUCTS
from service.app import create_app
from workers.queue.item_rows import Item, item_row
from workers.queue.ledger import open_ledger
from workers.queue.ledger_rows import job_row
from workers.queue.schema import items, jobs

BAR_MS = 50
WARM_UP = 5
FIRST_CREATED, BETWEEN_S = 1_700_000_000.0, 37.0
TILES = (Grid(crs="EPSG:32632", tile_size=256).tile(2, 3),)
SEARCHES: dict[str, dict[str, Any]] = {
    "no condition": {},
    "100 items": {"limit": 100},
    "one collection": {"collections": "crop"},
    "a box of 10 degrees": {"bbox": "5,45,15,55"},
    "a box across 180 degrees": {"bbox": "170,-20,-170,20"},
    "a box of the whole world": {"bbox": "-180,-90,180,90"},
    "a triangle over Africa": {"intersects": '{"type":"Polygon","coordinates":[[[-20,35],[50,35],[20,-35],[-20,35]]]}'},
    "a year": {"datetime": "2021-01-01T00:00:00Z/2021-12-31T23:59:59Z"},
    "box, year and collection": {
        "bbox": "-20,30,40,60",
        "datetime": "2021-01-01T00:00:00Z/2021-12-31T23:59:59Z",
        "collections": "canopy",
    },
    "one id": {"ids": "job00500"},
}


@dataclass(frozen=True, kw_only=True)
class Timing:
    """Times of one request, repeated."""

    median_ms: float
    p95_ms: float
    matched: int
    """Items that the search finds."""


def main() -> int:
    """Print a line per search; return 1 if a median exceeds the bar."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=100)
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        settings = Settings(home=Path(folder))
        fill(settings, given.jobs)
        with served(settings) as client:
            found = measure(client, "/stac/search", given.repeats)
            found["the list of collections"] = timed(client, "/stac/collections", {}, given.repeats)
    print(f"{given.jobs} finished jobs, {given.repeats} requests each\n")
    print("| search | items found | median, ms | 95 %, ms |\n|---|---|---|---|")
    for name, timing in found.items():
        print(f"| {name} | {timing.matched} | {timing.median_ms:.1f} | {timing.p95_ms:.1f} |")
    return int(any(timing.median_ms > BAR_MS for timing in found.values()))


def measure(client: httpx.Client, path: str, repeats: int) -> dict[str, Timing]:
    """Return the times of all searches."""
    return {name: timed(client, path, query, repeats) for name, query in SEARCHES.items()}


def timed(client: httpx.Client, path: str, query: dict[str, Any], repeats: int) -> Timing:
    """Return the times of one request, after some that do not count."""
    seconds, answer = [], {}
    for number in range(WARM_UP + repeats):
        began = time.perf_counter()
        response = client.get(path, params=query)
        if number >= WARM_UP:
            seconds.append(time.perf_counter() - began)
        answer = response.raise_for_status().json()
    median, p95 = 1000 * np.percentile(seconds, [50, 95])
    matched = answer.get("numberMatched", len(answer.get("collections", [])))
    return Timing(median_ms=float(median), p95_ms=float(p95), matched=matched)


def fill(settings: Settings, count: int) -> None:
    """Write successful jobs and their items into a new ledger."""
    rng, products = np.random.default_rng(11), list(PRODUCTS)
    job_rows, item_rows = [], []
    for number in range(count):
        job_id, product = f"job{number:05}", products[number % len(products)]
        created = FIRST_CREATED + BETWEEN_S * number
        item = made_up_item(job_id, rng)
        order = Order(product=product, region=item["geometry"], archive="sample", model="m", params={"period": "a/b"})
        job_rows.append({**job_row(order, TILES, job_id, created), "state": JobState.SUCCESSFUL})
        item_rows.append(item_row(item, job_id=job_id, product=product, created=created))
    with open_ledger(settings).engine.begin() as connection:
        connection.execute(insert(jobs), job_rows)
        connection.execute(insert(items), item_rows)


def made_up_item(job_id: str, rng: np.random.Generator) -> Item:
    """Return an item of the size that real ones have."""
    corners, radius = int(rng.integers(6, 40)), rng.uniform(0.02, 0.3)
    angles = (np.arange(corners) + rng.uniform(-0.3, 0.3, corners)) * 2 * np.pi / corners
    centre = np.array([rng.uniform(-180, 180), rng.uniform(-55, 70)])
    ring = centre + radius * rng.uniform(0.6, 1, (corners, 1)) * np.column_stack([np.cos(angles), np.sin(angles)])
    region = region_from([Polygon(ring)])
    start = np.datetime64("2018-01-01") + int(rng.integers(0, 2000))
    bands = [
        {"name": f"layer_{n}", "description": f"Layer {n} of a product that was made up", "unit": "1"}
        for n in range(20)
    ]
    return {
        "type": "Feature",
        "stac_version": "1.1.0",
        "id": job_id,
        "geometry": dict(mapping(region.geometry)),
        "bbox": list(region.bounds_wgs84),
        "properties": {
            "datetime": f"{start}T00:00:00Z",
            "start_datetime": f"{start}T00:00:00Z",
            "end_datetime": f"{start + 150}T00:00:00Z",
            "landcast:scenes": [f"S2A_MSIL2A_20210{n:02}_N0301_R065_T32UPU" for n in range(60)],
        },
        "links": [],
        "assets": {"data": {"href": "./result.tif", "type": "image/tiff", "bands": bands}},
    }


@contextmanager
def served(settings: Settings) -> Iterator[httpx.Client]:
    """Run the service on a free port of this machine; yield a client of it."""
    app = create_app(settings, reconcile=False)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=60) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join()


if __name__ == "__main__":
    sys.exit(main())
