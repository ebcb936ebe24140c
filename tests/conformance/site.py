"""A real service with the sample archive on loopback, and what is ordered of it before the clients come."""

import json
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from ingest.simulate.sample import sample_folder
from tests.chaos.parts import PLAIN, Part, free_port, until

WEST, SOUTH, DEGREES = 10.437, 50.5685, 0.003
"""Fields and trees of the sample archive, in one tile."""
ORDERS: dict[str, tuple[str, dict[str, Any]]] = {
    "forecast": ("ndvi-forecast", {"horizon": "20d", "step": "10d"}),
    "canopy": ("canopy", {}),
    "change": ("canopy", {"change": "2021-09-01/2022-09-01"}),
    "crop": ("crop", {}),
    "gap-fill": ("ndvi-gap-fill", {"since": "2022-06-01", "until": "2022-06-30", "step": "10d"}),
    "anomaly": ("ndvi-anomaly", {"date": "2022-09-15", "last": "45d"}),
}
"""Name: product, inputs besides the region."""
START_S, ORDER_S = 120.0, 420.0


def region() -> dict[str, Any]:
    """Return the region that is ordered."""
    east, north = WEST + DEGREES, SOUTH + DEGREES
    ring = [[WEST, SOUTH], [east, SOUTH], [east, north], [WEST, north], [WEST, SOUTH]]
    return {"type": "Polygon", "coordinates": [ring]}


def copy_sample(home: Path, kept: Path | None) -> None:
    """Put the sample archive into a home folder: a copy of one that is there already, else a new one."""
    target = home / "archives" / "sample"
    if kept is not None and (kept / "catalog.json").exists() and not target.exists():
        shutil.copytree(kept, target)
    sample_folder(home)


@contextmanager
def served(home: Path, *, public_url: str = "", port: int = 0) -> Iterator[str]:
    """Run `landcast serve` on a home folder; give its own address once it can carry out orders."""
    port = port or free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {"LANDCAST_HOME": str(home), **({"LANDCAST_PUBLIC_URL": public_url} if public_url else {})}
    part = Part((*PLAIN, "serve", "--port", str(port)), home / "serve.log", environment)
    try:
        until(lambda: _is_ready(url), "the service is ready", seconds=START_S)
        yield url
    finally:
        part.process.terminate()
        try:
            part.process.wait(30)
        finally:
            part.end()


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", trust_env=False, timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def order_all(url: str, folder: Path) -> Path:
    """Order everything, wait, download the results; return the file that clients are given.

    Raises:
        RuntimeError: a job was not successful.
    """
    with httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
        jobs = {name: _order(client, *wanted) for name, wanted in ORDERS.items()}
        results = []
        for name, job in jobs.items():
            _await(client, job)
            results.append(_download(client, name, job, folder / name))
    path = folder / "service.json"
    path.write_text(json.dumps({"url": url, "region": region(), "results": results}))
    return path


def _order(client: httpx.Client, product: str, inputs: dict[str, Any]) -> str:
    answer = client.post(f"/processes/{product}/execution", json={"inputs": {"region": region(), **inputs}})
    if answer.status_code != 201:
        raise RuntimeError(f"{product} is refused: {answer.text}")
    return str(answer.json()["jobID"])


def _await(client: httpx.Client, job: str) -> None:
    end = time.monotonic() + ORDER_S
    while (status := client.get(f"/jobs/{job}").json())["status"] in ("accepted", "running"):
        if time.monotonic() > end:
            raise RuntimeError(f"{status['processID']} is still {status['status']}")
        time.sleep(0.3)
    if status["status"] != "successful":
        raise RuntimeError(f"{status['processID']} is {status['status']}: {status['message']}")


def _download(client: httpx.Client, name: str, job: str, folder: Path) -> dict[str, Any]:
    """Fetch all files of a result, those beside the raster too."""
    product = ORDERS[name][0]
    folder.mkdir(parents=True)
    item = client.get(f"/stac/collections/{product}/items/{job}").json()
    links = [*client.get(f"/jobs/{job}/results").json().values(), *item["assets"].values()]
    for href in {link["href"] for link in links}:
        (folder / href.rpartition("/")[2]).write_bytes(client.get(href).raise_for_status().content)
    cube = folder / f"{product}.nc"
    return {
        "name": name,
        "id": job,
        "product": product,
        "tif": str(folder / f"{product}.tif"),
        "cube": str(cube) if cube.exists() else None,
    }


def note(text: str) -> None:
    """Say on stderr what is going on."""
    print(text, file=sys.stderr, flush=True)
