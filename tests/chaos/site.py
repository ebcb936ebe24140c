"""A site: one service of real processes in a folder of its own, a job on it, and what is measured of the job."""

import contextlib
import hashlib
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from core.grid import Tile
from core.job import TileTask
from tests.chaos import gates
from tests.chaos.parts import LANDCAST, PLAIN, START_S, Database, Part, Redis, free_port, until
from tests.cli.cubes import square, write_cube
from workers.queue.ledger import Ledger

REGION = square(15.0025, 47.8525, degrees=0.002)
LEASE_S = 4.0
HANG_S = LEASE_S + 30
"""A job may take so long after its fault has ended."""
SHAPE_YX = (48, 48)


def write_archive(folder: Path) -> Path:
    """Write the archive that all sites read."""
    return write_cube(folder / "cube.nc", shape_yx=SHAPE_YX)


@dataclass(kw_only=True)
class Site:
    """Processes that carry out jobs together."""

    folder: Path
    url: str
    service: Part
    ledger: Ledger
    worker: Part | None = None
    """None = the service runs its own, its own Redis too, and the ledger is SQLite; else all are apart."""
    redis: Redis | None = None
    database: Database | None = None
    stack: ExitStack = field(default_factory=ExitStack)

    @property
    def home(self) -> Path:
        """Home folder of the service."""
        return self.folder / "home"

    @property
    def gates(self) -> Path:
        """Folder of the gates."""
        return self.folder / "gates"

    def ask(self, method: str, path: str, **given: Any) -> httpx.Response:
        """Send one request."""
        return httpx.request(method, self.url + path, trust_env=False, timeout=30, **given)

    def await_service(self) -> None:
        """Wait until the API answers."""
        until(lambda: self.answers("/healthz"), "the API answers", seconds=START_S)

    def answers(self, path: str) -> bool:
        """Tell whether a path answers 200."""
        with contextlib.suppress(httpx.HTTPError):
            return self.ask("GET", path).status_code == 200
        return False

    def order(self, product: str = "canopy", **inputs: Any) -> str:
        """Order a product; return the id of the job."""
        answer = self.ask("POST", f"/processes/{product}/execution", json={"inputs": {"region": REGION, **inputs}})
        answer.raise_for_status()
        return str(answer.json()["jobID"])

    def await_gate(self, stage: str) -> None:
        """Wait until a process waits in a stage."""
        until(lambda: gates.is_reached(self.gates, stage), f"a worker reaches the stage {stage}")

    def await_end(self, job_id: str, *, seconds: float = HANG_S) -> dict[str, Any]:
        """Return a job that has ended, asked of the API, which may be away meanwhile."""
        end = time.monotonic() + seconds
        found: dict[str, Any] = {}
        while time.monotonic() < end:
            with contextlib.suppress(httpx.HTTPError):
                answer = self.ask("GET", f"/jobs/{job_id}")
                found = answer.json() if answer.status_code == 200 else found
                if found.get("status") in ("successful", "failed", "dismissed"):
                    return found
            time.sleep(0.1)
        raise TimeoutError(f"the job hangs ({found.get('status')}, {found.get('message')}): not within {seconds:.0f} s")

    def tiles(self, job_id: str) -> list[TileTask]:
        """Return the tiles of a job as the ledger has them."""
        return self.ledger.tiles(job_id)

    def lattice(self, job_id: str) -> list[Tile]:
        """Return the tiles of a job with their grid."""
        return self.ledger.lattice(job_id)

    def digest(self, job_id: str) -> str:
        """Return the sha256 of a job's map and picture, as the API serves them."""
        results = self.ask("GET", f"/jobs/{job_id}/results").json()
        paths = [results[name]["href"].removeprefix(self.url) for name in ("geotiff", "quicklook")]
        content = [self.ask("GET", path).raise_for_status().content for path in paths]
        return hashlib.sha256(b"".join(content)).hexdigest()

    def log_bytes(self) -> int:
        """Return the size of all logs."""
        logs = [*self.folder.glob("*.log"), *self.home.glob("logs/*.log")]
        return sum(p.stat().st_size for p in logs)


def environment(folder: Path, archive: Path, **further: str) -> dict[str, str]:
    """Return the settings of a site's processes."""
    given = {"HOME": str(folder / "home"), "ARCHIVE": str(archive), "TILE_SIZE": "16", "LEASE_SECONDS": str(LEASE_S)}
    settings = {f"LANDCAST_{name}": value for name, value in (given | further).items()}
    return settings | {"CHAOS_GATES": str(folder / "gates"), "OMP_NUM_THREADS": "1"}


@contextmanager
def site_of_one(folder: Path, archive: Path, *, plain: bool = False, most_files: int | None = None) -> Iterator[Site]:
    """Run `landcast serve`: supervisor, API, private Redis, worker, SQLite. `plain` = without gates."""
    (folder / "gates").mkdir(parents=True, exist_ok=True)
    port = free_port()
    command = (*(PLAIN if plain else LANDCAST), "serve", "--port", str(port))
    service = Part(command, folder / "service.log", environment(folder, archive), most_files=most_files)
    with ExitStack() as stack:
        stack.callback(service.end)
        ledger = Ledger(f"sqlite:///{folder / 'home' / 'ledger.sqlite'}")
        stack.callback(ledger.close)
        site = Site(folder=folder, url=f"http://127.0.0.1:{port}", service=service, ledger=ledger, stack=stack)
        site.await_service()
        yield site


@contextmanager
def site_apart(folder: Path, archive: Path, **further: str) -> Iterator[Site]:
    """Run Redis, PostgreSQL, an API without a worker, and a worker, as processes of their own."""
    (folder / "gates").mkdir(parents=True, exist_ok=True)
    port = free_port()
    with ExitStack() as stack:
        database = Database(folder)
        stack.callback(database.end)
        redis = Redis(folder)
        stack.callback(redis.end)
        given = environment(folder, archive, REDIS_URL=redis.url, DATABASE_URL=database.url)
        service = Part((*LANDCAST, "serve", "--no-worker", "--port", str(port)), folder / "service.log", given)
        stack.callback(service.end)
        site = Site(
            folder=folder,
            url=f"http://127.0.0.1:{port}",
            service=service,
            ledger=Ledger(database.url),
            redis=redis,
            database=database,
            stack=stack,
        )
        stack.callback(site.ledger.close)
        site.worker = Part((*LANDCAST, "worker"), folder / "worker.log", given | further)
        stack.callback(lambda: site.worker and site.worker.end())
        site.await_service()
        yield site
