"""Claims about forecasts: one pass against loops of steps, series a second, memory of a tile.

    python -m benchmarks.speed.forecast [--threads 2] [--sizes small,medium] [--skip-memory]

Inputs are made up: speed and memory do not depend on what they say. Ratios are of one run on one machine.
"""

import argparse
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import torch
import xarray as xr
from affine import Affine

from benchmarks.speed.throughput import COUNT, DATES, START, STEP_DAYS, made_up_series
from core.bands import OPTICAL_NAMES
from core.cube import Cube
from core.grid import Window
from core.settings import Settings
from core.timeline import to_day, to_times
from models.network.earthpt import QUERY_FEATURES, SIZES, EarthPT, EarthPTConfig
from models.network.rollout import roll_out, roll_out_anew
from models.network.tokens import TOKEN_FEATURES
from models.registry import find_checkpoint
from models.runtime import forecast

TARGETS, REPEATS, BATCH = 30, 5, 64
EDGE, SCENES = 256, 120
PAPER_CHANNELS, PAPER_TIME = 10, 4


def main() -> None:
    """Print one line a claim."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--sizes", default="small,medium", help="of the networks in one pass and in loops, with commas")
    parser.add_argument("--skip-memory", action="store_true", help="leave the tile out, which takes minutes")
    parser.add_argument("--tile", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.tile:
        render_tile()
        return
    torch.set_num_threads(options.threads)
    for size in options.sizes.split(","):
        print(one_pass_against_loop(size))
    print(series_per_second(options.threads))
    if not options.skip_memory:
        subprocess.run([sys.executable, "-m", "benchmarks.speed.forecast", "--tile"], check=True)


def one_pass_against_loop(size: str) -> str:
    """Compare at equal layers, width and history, all in torch: queries in one pass, steps one after the other.

    One loop reads the window anew for each step, as the published code does; the other keeps keys and values.
    """
    ours = EarthPT(SIZES[size]).eval()
    paper = EarthPTConfig(
        form="calendar",
        layers=ours.config.layers,
        width=ours.config.width,
        heads=ours.config.heads,
        token_features=PAPER_CHANNELS + PAPER_TIME,
        query_features=0,
        channels=PAPER_CHANNELS,
        quantiles=0,
        positions=DATES + TARGETS,
    )
    theirs = EarthPT(paper).eval()
    tokens, queries = torch.randn(BATCH, DATES, TOKEN_FEATURES), torch.randn(BATCH, TARGETS, QUERY_FEATURES)
    steps, future = torch.randn(BATCH, DATES, PAPER_CHANNELS + PAPER_TIME), torch.randn(BATCH, TARGETS, PAPER_TIME)
    lengths = torch.full((BATCH,), DATES)
    padding = torch.zeros(BATCH, DATES, dtype=torch.bool)
    with torch.no_grad():
        one = best(lambda: ours(tokens, padding, queries))
        anew = best(lambda: roll_out_anew(theirs, steps, lengths, future), repeats=1)
        kept = best(lambda: roll_out(theirs, steps, lengths, future), repeats=1)
    rates = f"one pass {BATCH / one:.0f} series per processor second"
    loops = f"that reads the window anew {BATCH / anew:.1f}, ratio {anew / one:.1f}"
    cached = f"that keeps keys and values {BATCH / kept:.1f}, ratio {kept / one:.1f}"
    return f"{size}: {DATES} dates of history, {TARGETS} ahead: {rates}, loop {loops}, loop {cached}"


def series_per_second(threads: int) -> str:
    """Time the default forecaster as it is served, preparation included."""
    series, end = made_up_series(), np.full(COUNT, START + STEP_DAYS * DATES, np.int32)
    targets = (end[:, None] + 5 * np.arange(TARGETS)).astype(np.int32)
    checkpoint = find_checkpoint("", "forecast", Settings())
    took = best(lambda: forecast(series, end, targets, checkpoint, threads=threads))
    return f"{checkpoint.name}: {DATES} observations, {TARGETS} dates: {COUNT / took:.0f} series per second of a core"


def render_tile() -> None:
    """Render a forecast of a tile in this process, and print its largest memory."""
    from ingest.source import CubeSource
    from products.catalogue import find_product
    from workers.direct import DirectOrder, make_pixels, write_result

    window = Window(crs="EPSG:32632", transform=Affine(10, 0, 5e5, 0, -10, 5.6e6), shape_yx=(EDGE, EDGE))
    cube = made_up_cube(window)
    product, checkpoint = find_product("ndvi-forecast"), find_checkpoint("", "forecast", Settings())
    out = Path("results") / "benchmark-tile.tif"
    began, began_cpu = time.perf_counter(), time.process_time()
    order, source = DirectOrder(product=product, checkpoint=checkpoint), CubeSource(name="tile", whole=cube)
    write_result(make_pixels(order, source, out.parent, lambda _: None), out)
    out.unlink()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 if sys.platform == "darwin" else 1024) / 1024
    print(
        f"tile of {EDGE} x {EDGE}, {SCENES} scenes of 10 bands, {TARGETS} dates: {time.perf_counter() - began:.0f} s, "
        f"{time.process_time() - began_cpu:.0f} s of all cores together, largest memory {peak:.2f} GiB"
    )


def made_up_cube(window: Window) -> Cube:
    """Return a cube of all ten bands in memory, as reading a small tile gives it."""
    rng = np.random.default_rng(0)
    days = to_day(date(2021, 1, 1)) + 9 * np.arange(SCENES, dtype=np.int32)
    clear = rng.random((SCENES, EDGE, EDGE)) < 0.7
    bands = {
        b: (("time", "y", "x"), np.where(clear, rng.uniform(0.02, 0.4, clear.shape), np.nan).astype(np.float32))
        for b in OPTICAL_NAMES
    }
    return Cube(data=xr.Dataset(bands, coords={"time": to_times(days)}), window=window, archive="made up")


def best(run: Callable[[], object], *, repeats: int = REPEATS) -> float:
    """Return the processor seconds of the fastest run, after one that is not counted: others may keep cores busy."""
    run()
    seconds = []
    for _ in range(repeats):
        began = time.process_time()
        run()
        seconds.append(time.process_time() - began)
    return min(seconds)


if __name__ == "__main__":
    main()
