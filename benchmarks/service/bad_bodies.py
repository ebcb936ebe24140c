"""Claim: 20,000 random bad bodies, sent with a key, bring neither an error of the service nor memory that grows.

    python -m benchmarks.service.bad_bodies [--bodies 20000]

A service that needs keys runs in this process, on loopback, with finished and running jobs; the bodies go to all
routes that take one (POST and PATCH), the same ones each time. The first answer of 500 or more, traceback or missing
sentence ends the run. Memory is that of this process: the service, and Hypothesis, which makes the bodies up.
"""

import argparse
import tempfile
import time
from collections import Counter
from pathlib import Path

import psutil

from tests.service import scene
from tests.service.test_bad_bodies import ROUTES, statuses, with_key
from workers.queue.redis_server import private_redis

MIB = 1024**2


def main() -> None:
    """Print a line for each route, and one for all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bodies", type=int, default=20_000, help="sent to all routes together")
    each = -(-parser.parse_args().bodies // len(ROUTES))
    with tempfile.TemporaryDirectory() as folder, private_redis() as redis_url:
        settings = scene.settings_for(Path(folder), redis_url=redis_url, tile_size=16)
        with with_key(settings) as found:
            counts: Counter[int] = Counter()
            process, began = psutil.Process(), time.monotonic()
            before = process.memory_info().rss
            for method, path in ROUTES:
                own = statuses(found, method, path, each)
                counts += own
                memory = process.memory_info().rss
                print(f"{method:5} {path:40} {dict(sorted(own.items()))} memory {memory / MIB:.0f} MiB", flush=True)
            grown, seconds = process.memory_info().rss - before, time.monotonic() - began
    answered = ", ".join(f"{count} x {status}" for status, count in sorted(counts.items()))
    print(f"{counts.total()} bodies in {seconds:.0f} s: {answered}; memory grew by {grown / MIB:.0f} MiB")


if __name__ == "__main__":
    main()
