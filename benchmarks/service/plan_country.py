"""Claim: a country of 30 million hectares is planned in seconds by map sheets, and its plan fits a small ledger.

    python -m benchmarks.service.plan_country \
        [--hectares 30e6] [--read-s 6] [--cpu-series 29400] [--gpu-series 300000] ...

The outline of the country is SIMULATED. Planning and the ledger are real: each sheet becomes a job, its tiles are
written in pages as a worker does it, and tiles are claimed and finished through the ledger to see how many it takes.

What follows is a SIMULATION of carrying the plan out, not a run: each worker takes a tile, reads it and computes it, as
the software does, and writes the result of a sheet when its tiles are done. Times and prices are arguments. The series
a second are those measured for canopy (benchmarks/speed/throughput.py on 2 cores,
benchmarks/devices/gpu_features.py); the time of reading and of writing a sheet, and the
prices, are assumptions: take yours from `landcast jobs show` and your provider.
"""

import argparse
import heapq
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from shapely import Polygon, buffer
from shapely.affinity import scale

from core.job import Order
from core.region import Region
from core.settings import Settings
from workers.plan_rows import pages
from workers.queue.dispatch import AHEAD
from workers.queue.fairness.claim import Turns
from workers.queue.lease import BEAT_S
from workers.queue.ledger import Ledger
from workers.queue.planning import Planning
from workers.sheet_plan import PlannedSheet, planned_sheets

CENTRE, VERTICES, SEED = (10.0, 47.0), 4000, 3
SAMPLE = 300
"""Tiles that are claimed and finished to measure the ledger."""
WRITES_PER_TILE = 3
"""Transactions of a tile besides its heartbeats: sent, claimed, finished."""
HEAD = (
    *("workers", "hours", "euros", "reading", "computing", "writing", "most time goes to", "tiles a second"),
    *("ledger writes a second", "messages at most"),
)
READ, COMPUTE, CLOSE = "reading", "computing", "writing results"


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """Workers of one kind."""

    workers: int
    read_s: float
    """Seconds to read the scenes of a tile."""
    series_per_s: float
    eur_per_hour: float
    """Of one worker."""


@dataclass(frozen=True, kw_only=True)
class Simulated:
    """What a simulation gives."""

    hours: float
    shares: dict[str, float]
    """Share of the workers' time by stage; the rest is idle."""
    euros: float

    @property
    def bottleneck(self) -> str:
        """The stage that takes most of the workers' time."""
        return max(self.shares, key=lambda name: self.shares[name])


def outline(hectares: float) -> Region:
    """Return a wiggly outline of about so many hectares, around a place in three UTM zones."""
    rng, angle = np.random.default_rng(SEED), np.linspace(0, 2 * np.pi, VERTICES, endpoint=False)
    waves = [rng.normal() * 0.12 / n * np.cos(n * angle + rng.uniform(0, 6)) for n in range(1, 60)]
    radius = 3 * (1 + np.sum(waves, axis=0))
    ring = np.c_[CENTRE[0] + 1.3 * radius * np.cos(angle), CENTRE[1] + 0.85 * radius * np.sin(angle)]
    shape = buffer(Polygon(ring), 0)
    factor = (hectares / 100 / Region(geometry=shape).area_km2) ** 0.5
    return Region(geometry=scale(shape, factor, factor, origin=CENTRE))


def write_plan(ledger: Ledger, found: Sequence[PlannedSheet]) -> None:
    """Add a job for each sheet and plan it, page by page, as workers do."""
    planning = Planning(ledger)
    for planned in found:
        job_id, region = planned.sheet.name, planned.sheet.region.to_geojson()
        order = Order(product="canopy", region=region, archive="simulated", model="", params={})
        planning.add(order, job_id, pixels=planned.pixels, party="benchmark")
        planning.claim(job_id, "w", 600)
        *before, last = pages([list(planned.tiles)[n : n + 80] for n in range(0, len(planned.tiles), 80)])
        for page in before:
            planning.add_page(job_id, "w", page)
        planning.finish(job_id, "w", last)


def ledger_tiles_per_s(ledger: Ledger, planned: PlannedSheet) -> float:
    """Return how many tiles one worker claims and finishes a second while all tiles of all jobs are open."""
    turns, job_id = Turns(ledger), planned.sheet.name
    named = [tile.key for tile in planned.tiles[:SAMPLE]]
    began = time.perf_counter()
    for key in named:
        claimed = turns.claim(job_id, key, "w", 600)
        assert claimed
        ledger.finish_tile(claimed.job_id, claimed.tile_key, "w", seconds=1.0, pixels=1)
    return len(named) / (time.perf_counter() - began)


def simulate(tiles: Sequence[int], pixels_per_tile: float, close_s: float, fleets: Sequence[Fleet]) -> Simulated:
    """Let workers take tiles, sheet after sheet, and write a sheet when its tiles are done.

    Args:
        tiles: number of each sheet's tiles.
        pixels_per_tile: of the region, on average.
        close_s: seconds to write the result of a sheet.
        fleets: the workers.
    """
    free = [(0.0, n, fleet) for fleet in fleets for n in range(fleet.workers)]
    free = [(at, number, fleet) for number, (at, _, fleet) in enumerate(free)]
    heapq.heapify(free)
    spent = dict.fromkeys((READ, COMPUTE, CLOSE), 0.0)
    closings: list[float] = []
    for count in tiles:
        ends = 0.0
        for _ in range(count):
            while closings and closings[0] <= free[0][0]:  # closings go before tiles
                ends_at = _work(free, {CLOSE: close_s}, spent, heapq.heappop(closings))
            compute = pixels_per_tile / free[0][2].series_per_s
            ends_at = _work(free, {READ: free[0][2].read_s, COMPUTE: compute}, spent, 0.0)
            ends = max(ends, ends_at)
        heapq.heappush(closings, ends)
    while closings:
        _work(free, {CLOSE: close_s}, spent, heapq.heappop(closings))
    total_s, workers = max(at for at, _, _ in free), sum(f.workers for f in fleets)
    euros = total_s / 3600 * sum(f.workers * f.eur_per_hour for f in fleets)
    shares = {name: seconds / (total_s * workers) for name, seconds in spent.items()}
    return Simulated(hours=total_s / 3600, shares=shares, euros=euros)


def _work(
    free: list[tuple[float, int, Fleet]], stages: dict[str, float], spent: dict[str, float], earliest: float
) -> float:
    """Let the next free worker do some stages; return when it ends."""
    at, number, fleet = free[0]
    end = max(at, earliest) + sum(stages.values())
    heapq.heapreplace(free, (end, number, fleet))
    for name, seconds in stages.items():
        spent[name] += seconds
    return end


def lines(given: argparse.Namespace) -> Iterator[str]:
    """Plan, measure and simulate; yield the lines of the report."""
    with TemporaryDirectory() as folder:
        region, began = outline(given.hectares), time.perf_counter()
        found = list(planned_sheets(region, Settings(tile_size=given.tile_size)))
        plan_s, path = time.perf_counter() - began, Path(folder) / "ledger.sqlite"
        with closing(Ledger(f"sqlite:///{path}")) as ledger:
            ledger.create_schema()
            began = time.perf_counter()
            write_plan(ledger, found)
            write_s = time.perf_counter() - began
            per_s = ledger_tiles_per_s(ledger, found[len(found) // 2])
        megabytes = path.stat().st_size / 1e6
    counts = [len(planned.tiles) for planned in found]
    area, total = region.area_km2 / 1e4, sum(counts)
    where = f"{os.cpu_count()} cores, SQLite, load {os.getloadavg()[0]:.1f}"
    yield f"SIMULATED outline of {area:.1f} million hectares; {where}\n"
    yield "| planned | |\n|---|---:|"
    yield f"| map sheets, each a job | {len(found)} |\n| tiles of {given.tile_size} pixels | {total:,} |"
    yield f"| cutting into sheets and tiles | {plan_s:.1f} s |\n| writing all into the ledger | {write_s:.1f} s |"
    yield f"| size of the ledger | {megabytes:.0f} MB |"
    yield f"| tiles claimed and finished, one after the other | {per_s:.0f} a second |\n"
    pixels = region.area_km2 * 1e4 / total
    yield f"SIMULATION of carrying it out, {given.read_s:g} s to read a tile, {given.close_s:g} s to write a sheet:\n"
    yield f"| {' | '.join(HEAD)} |\n|---|{'---:|' * (len(HEAD) - 1)}"
    for name, fleets in fleets_of(given).items():
        done, workers = simulate(counts, pixels, given.close_s, fleets), sum(fleet.workers for fleet in fleets)
        rate = total / done.hours / 3600
        shares = [f"{100 * share:.0f} %" for share in done.shares.values()]
        writes = workers / BEAT_S + WRITES_PER_TILE * rate
        cells = [name, f"{done.hours:.1f}", f"{done.euros:,.0f}", *shares, done.bottleneck, f"{rate:.1f}"]
        yield f"| {' | '.join(cells)} | {writes:.0f} | {min(len(found) * AHEAD, total):,} |"


def fleets_of(given: argparse.Namespace) -> dict[str, list[Fleet]]:
    """Return the workers of the arguments, by kind and together."""
    cpu = Fleet(workers=given.cpus, read_s=given.read_s, series_per_s=given.cpu_series, eur_per_hour=given.cpu_eur)
    gpu = Fleet(workers=given.gpus, read_s=given.read_s, series_per_s=given.gpu_series, eur_per_hour=given.gpu_eur)
    return {f"{cpu.workers} CPU": [cpu], f"{gpu.workers} GPU": [gpu], "both": [cpu, gpu]}


def main() -> None:
    """Print the report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hectares", type=float, default=30e6)
    parser.add_argument("--tile-size", type=int, default=128)
    parser.add_argument("--cpus", type=int, default=100, help="workers without a card, of two cores")
    parser.add_argument("--gpus", type=int, default=8, help="workers with a card")
    parser.add_argument("--read-s", type=float, default=6.0, help="seconds to read the scenes of a tile")
    parser.add_argument("--cpu-series", type=float, default=29_400.0, help="series a second of a worker without a card")
    parser.add_argument("--gpu-series", type=float, default=300_000.0, help="of one with a card")
    parser.add_argument("--close-s", type=float, default=120.0, help="seconds to write the result of a sheet")
    parser.add_argument("--cpu-eur", type=float, default=0.08, help="euros an hour of a worker without a card")
    parser.add_argument("--gpu-eur", type=float, default=2.5, help="of one with a card")
    for line in lines(parser.parse_args()):
        print(line)


if __name__ == "__main__":
    main()
