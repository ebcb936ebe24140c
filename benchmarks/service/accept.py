"""Claim: 200 orders of 50 tiles are accepted in less than 10 s, and while they wait, states are answered in 50 ms.

    python -m benchmarks.service.accept [--orders 200] [--requests 200] [--clients 4]

A service without a worker runs as a process of its own over a SQLite ledger and a private Redis, with the sample
archive.
Clients on the same machine send the orders; then `GET /jobs/{job_id}` and `GET /jobs` are timed, one request at a time,
while no job is planned, and again when all are: planned in this process as a worker does it, with all tiles waiting.
`GET /healthz`, which does nothing, tells how busy the machine is otherwise.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import numpy as np
import psutil
from pydantic import SecretStr

from core.settings import Settings
from ingest.simulate.archive import sample_region
from workers.queue.ledger import open_ledger
from workers.queue.redis_server import private_redis
from workers.recent_archives import recent_dependencies
from workers.tasks import Worker, plan_job

ROOT = Path(__file__).parent.parent.parent
ACCEPT_S, STATUS_MS = 10.0, 50.0
TILE_SIZE = 24
"""Pixels; with it the sample region has about 50 tiles."""
START_S = 60.0


@dataclass(frozen=True, kw_only=True)
class Found:
    """What was measured."""

    accept_s: float
    accept_cpu_s: float
    """Processor time of the service meanwhile: what a machine with nothing else to do needs at most on one core."""
    plan_s: float
    tiles: int
    """Of each job."""
    p95_ms: dict[str, float]
    """95th percentile by what was asked for, and when."""


def measure(settings: Settings, orders: int, requests: int, clients: int) -> Found:
    """Order, look, plan, look again."""
    with served(settings) as (url, service):
        body = {"inputs": {"region": sample_region()}}
        with httpx.Client(base_url=url, trust_env=False, timeout=60) as client:  # safe for threads, keeps connections
            _post(client, body)  # the first one loads libraries and lists the archive
            began, cpu_s = time.perf_counter(), _cpu_s(service)
            with ThreadPoolExecutor(clients) as pool:
                jobs = list(pool.map(lambda _: _post(client, body), range(orders)))
            accept_s, accept_cpu_s = time.perf_counter() - began, _cpu_s(service) - cpu_s
        p95_ms = _times(url, jobs, requests, "before they are planned")
        plan_s = _plan(settings, jobs)
        p95_ms |= _times(url, jobs, requests, "with all tiles waiting")
    ledger = open_ledger(settings)
    tiles = min(ledger.job(job_id).tiles_total for job_id in jobs)
    ledger.close()
    return Found(accept_s=accept_s, accept_cpu_s=accept_cpu_s, plan_s=plan_s, tiles=tiles, p95_ms=p95_ms)


@contextmanager
def served(settings: Settings) -> Iterator[tuple[str, psutil.Process]]:
    """Run a service without a worker as a process; yield its address and the process."""
    assert settings.jobs.redis_url
    given = {
        "LANDCAST_HOME": str(settings.home),
        "LANDCAST_REDIS_URL": settings.jobs.redis_url.get_secret_value(),
        "LANDCAST_TILE_SIZE": str(settings.jobs.tile_size),
        "LANDCAST_ARCHIVE": settings.archives.default,
    }
    command = [sys.executable, "-m", "cli.main", "serve", "--no-worker", "--port", "0"]
    log = settings.home / "service.log"
    with log.open("w") as output:
        service = subprocess.Popen(command, cwd=ROOT, env=os.environ | given, stdout=output, stderr=output)
    try:
        yield _address(log, service), psutil.Process(service.pid)
    finally:
        service.terminate()
        service.wait()


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _address(log: Path, service: "subprocess.Popen[bytes]") -> str:
    end = time.monotonic() + START_S
    while " at http" not in log.read_text():
        if service.poll() is not None or time.monotonic() > end:
            raise SystemExit(f"The service did not start: {log.read_text()}")
        time.sleep(0.05)
    return log.read_text().split(" at ")[1].split()[0]


def _post(client: httpx.Client, body: dict[str, Any]) -> str:
    answer = client.post("/processes/canopy/execution", json=body)
    answer.raise_for_status()
    return str(answer.json()["jobID"])


def _times(url: str, jobs: Sequence[str], requests: int, when: str) -> dict[str, float]:
    with httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
        asked = {
            f"GET /jobs/{{job_id}} {when}": [f"/jobs/{jobs[n % len(jobs)]}" for n in range(requests)],
            f"GET /jobs {when}": ["/jobs"] * requests,
            f"GET /healthz {when}": ["/healthz"] * requests,
        }
        return {name: _p95_ms(client, paths) for name, paths in asked.items()}


def _p95_ms(client: httpx.Client, paths: Sequence[str]) -> float:
    client.get(paths[0])
    took = []
    for path in paths:
        began = time.perf_counter()
        client.get(path).raise_for_status()
        took.append(1000 * (time.perf_counter() - began))
    return float(np.percentile(took, 95))


def _plan(settings: Settings, jobs: Sequence[str]) -> float:
    worker = Worker(
        name="benchmark", settings=settings, ledger=open_ledger(settings), dependencies=recent_dependencies()
    )
    began = time.perf_counter()
    for job_id in jobs:
        plan_job(worker, job_id)
    return time.perf_counter() - began


def main() -> int:
    """Print what was measured; 1 = a bar was missed."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--orders", type=int, default=200)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--archive", default="sample")
    given = parser.parse_args()
    with TemporaryDirectory() as folder, private_redis() as url:
        settings = Settings(home=Path(folder), redis_url=SecretStr(url), tile_size=TILE_SIZE, archive=given.archive)
        found = measure(settings, given.orders, given.requests, given.clients)
    print(f"{given.orders} orders of {found.tiles} tiles from {given.clients} clients, {os.cpu_count()} cores\n")
    print("| what | measured | bar |\n|---|---:|---:|")
    print(f"| accepting all | {found.accept_s:.1f} s | {ACCEPT_S:.0f} s |")
    print(f"| processor time of the service for it | {found.accept_cpu_s:.1f} s | |")
    print(f"| planning all, one worker | {found.plan_s:.1f} s | |")
    for name, p95_ms in found.p95_ms.items():
        print(f"| {name}, p95 | {p95_ms:.0f} ms | {STATUS_MS:.0f} ms |")
    return int(found.accept_s > ACCEPT_S or max(found.p95_ms.values()) > STATUS_MS)


if __name__ == "__main__":
    sys.exit(main())
