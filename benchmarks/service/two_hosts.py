"""Claim: two hosts that share Redis, PostgreSQL and a store on S3 end a job in about half of one host's time.

    python -m benchmarks.service.two_hosts [--pause 1.0]

Each tile waits instead of computing, as if each host had cores of its own: on one machine, hosts that compute share its
cores. So what is measured is the cost of working together: messages, ledger, uploads and downloads, and the closing,
which one host does alone. Needs PostgreSQL; the S3 server (moto) and Redis are started here, on loopback.
"""

import argparse
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from pydantic import SecretStr

from core.settings import Settings
from tests.s3_server import BUCKET, S3Server
from tests.workers.conftest import CeleryWorker, _postgres, end_of, order, wait_for, workshop
from workers.queue.ledger import open_ledger
from workers.queue.presence import living_workers
from workers.queue.redis_server import private_redis


def main() -> None:
    """Print a line for one host, one for two, and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pause", type=float, default=1.0, help="seconds that each tile takes")
    pause_s = parser.parse_args().pause
    with tempfile.TemporaryDirectory(prefix="landcast-hosts-") as folder:
        seconds = [run(Path(folder) / str(count), count, pause_s) for count in (1, 2)]
    print(f"two hosts take {seconds[1] / seconds[0]:.2f} of one host's time")


def run(folder: Path, count: int, pause_s: float) -> float:
    """Return the seconds from the first tile of a job to its end, with a number of hosts."""
    folder.mkdir()
    with servers(folder) as shared:
        hosts = [shared.but(home=folder / f"host{number}") for number in range(count)]
        workers = [CeleryWorker(host, folder / f"{host.home.name}.log") for host in hosts]
        try:
            wait_for(lambda: len(living_workers(shared)) == count)
            job = order(shared, pause_s=pause_s)
            done = end_of(shared, job.id, seconds=600)
        finally:
            for worker in workers:
                worker.end()
        open_ledger(shared).close()
    assert done.message == "done", done.message
    seconds = (datetime.fromisoformat(done.finished) - datetime.fromisoformat(done.started)).total_seconds()
    print(f"{count} host(s): {done.tiles_total} tiles of {pause_s:g} s in {seconds:.1f} s")
    return seconds


@contextmanager
def servers(folder: Path) -> Iterator[Settings]:
    """Start Redis, PostgreSQL and an S3 server; yield the settings of a service that uses them."""
    s3 = S3Server(folder / "s3.log")
    os.environ.update(s3.environment)
    try:
        with private_redis() as redis_url:
            for postgres in _postgres():
                database_url, store = SecretStr(postgres.url), f"s3://{BUCKET}/hosts"
                shop = workshop(folder / "service", redis_url)
                settings = shop.but(database_url=database_url, store=store, tile_size=16, lease_seconds=30.0)
                open_ledger(settings).create_schema()
                yield settings
    finally:
        s3.end()


if __name__ == "__main__":
    main()
