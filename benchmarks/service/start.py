"""Claim: `landcast serve` answers within 2 s of its start, and a worker has its first tile within 3 s of its own.

    python -m benchmarks.service.start [--rounds 5] [--archive sample]

Each round starts both as processes of their own, as a user does: a service with its worker and a private Redis on a
home folder that is set up, until `/healthz` answers; and a worker alone for a service that already holds a job of about
50 tiles, until the job shows a tile that is done. Planning the job is the first thing that this worker does. The sample
archive (simulated) is made before.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
from pydantic import SecretStr

from benchmarks.service.accept import ROOT, TILE_SIZE, served
from core.settings import Settings
from ingest.simulate.archive import sample_region
from ingest.simulate.sample import sample_folder
from tests.chaos.parts import free_port
from workers.queue.redis_server import private_redis

SERVICE_S, TILE_S, WAIT_S = 2.0, 3.0, 60.0


def main() -> int:
    """Print the median and the range of both; 1 = a bar was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--archive", default="", help="a sample archive that was made before; default: make one")
    options = parser.parse_args()
    with TemporaryDirectory(prefix="lc-start-") as folder:
        home = Path(folder)
        archive = options.archive or str(sample_folder(home))
        ready = [service_s(home, archive) for _ in range(options.rounds + 1)][1:]  # the first makes the ledger
        tile = [worker_s(archive) for _ in range(options.rounds)]
    print(f"service ready {_shown(ready)} (aim: {SERVICE_S:g} s)")
    print(f"first tile of a worker {_shown(tile)} (aim: {TILE_S:g} s)")
    return int(statistics.median(ready) > SERVICE_S or statistics.median(tile) > TILE_S)


def service_s(home: Path, archive: str) -> float:
    """Return the seconds from the start of a service to the first answer of `/healthz`."""
    port = free_port()
    given = {"LANDCAST_HOME": str(home), "LANDCAST_ARCHIVE": archive}
    with _process(["serve", "--port", str(port)], home / "serve.log", given) as began:
        return _until(lambda: _answers(f"http://127.0.0.1:{port}/healthz")) - began


def worker_s(archive: str) -> float:
    """Return the seconds from the start of a worker to its first tile."""
    with TemporaryDirectory(prefix="lc-start-") as folder, private_redis() as url:
        settings = Settings(home=Path(folder), redis_url=SecretStr(url), tile_size=TILE_SIZE, archive=archive)
        with served(settings) as (address, _):
            body = {"inputs": {"region": sample_region()}}
            job = httpx.post(f"{address}/processes/canopy/execution", json=body, trust_env=False, timeout=60).json()
            given = {"LANDCAST_HOME": folder, "LANDCAST_REDIS_URL": url, "LANDCAST_TILE_SIZE": str(TILE_SIZE)}
            given["LANDCAST_ARCHIVE"] = archive
            with _process(["worker"], Path(folder) / "worker-started.log", given) as began:
                return _until(lambda: _tiles_done(f"{address}/jobs/{job['jobID']}") > 0) - began


@contextmanager
def _process(arguments: list[str], log: Path, given: Mapping[str, str]) -> Iterator[float]:
    """Run landcast with arguments; yields when it was started."""
    with log.open("w") as output:
        began = time.perf_counter()
        command = [sys.executable, "-m", "cli.main", *arguments]
        variables = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"} | given  # as users have it
        process = subprocess.Popen(command, cwd=ROOT, env=variables, stdout=output, stderr=output)
    try:
        yield began
    finally:
        process.terminate()
        try:
            process.wait(30)
        finally:
            process.kill()


def _until(holds: Callable[[], bool]) -> float:
    """Return the time at which a condition holds first."""
    end = time.perf_counter() + WAIT_S
    while not holds():
        if time.perf_counter() > end:
            raise SystemExit(f"nothing happened within {WAIT_S:g} s")
        time.sleep(0.02)
    return time.perf_counter()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False, timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def _tiles_done(url: str) -> int:
    return int(httpx.get(url, trust_env=False, timeout=30).json().get("tilesDone") or 0)


def _shown(seconds: list[float]) -> str:
    return f"{statistics.median(seconds):.1f} s ({min(seconds):.1f} to {max(seconds):.1f}, {len(seconds)} starts)"


if __name__ == "__main__":
    sys.exit(main())
