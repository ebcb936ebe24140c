"""Claim: how many series a second the shipped checkpoints answer on this machine, preparation included.

    python -m benchmarks.speed.throughput [--threads 2]

Series are made up (seasonal NDVI with gaps, 100 observations in 3 years): speed does not depend on what they say.
"""

import argparse
import time
from collections.abc import Callable

import numpy as np

from core.bands import CHANNELS, channel
from core.checkpoint import Checkpoint
from core.cube import Series
from core.settings import Settings
from core.timeline import Days
from models.registry import find_checkpoint
from models.runtime import classify, forecast
from products import canopy, crop

COUNT, DATES, REPEATS = 1024, 100, 3
START, STEP_DAYS = 17_000, 11


def main() -> None:
    """Print a line per product: best of a few runs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    threads = parser.parse_args().threads
    series, end = made_up_series(), np.full(COUNT, START + STEP_DAYS * DATES, np.int32)
    targets = (end[:, None] + 5 * np.arange(30)).astype(np.int32)
    models = {task: find_checkpoint("", task, Settings()) for task in ("forecast", "canopy", "crop")}
    report(
        "forecast, 100 observations, 30 dates",
        lambda: forecast(series, end, targets, models["forecast"], threads=threads),
    )
    report(
        "forecast, 100 observations, 15 dates",
        lambda: forecast(series, end, targets[:, ::2], models["forecast"], threads=threads),
    )
    for task, months in (("canopy", canopy.MONTHS), ("crop", crop.MONTHS)):
        report_classes(task, months, series, end, models[task], threads)


def report_classes(task: str, months: int, series: Series, end: Days, checkpoint: Checkpoint, threads: int) -> None:
    """Print the line of a class map."""
    report(f"{task}, {months} months", lambda: classify(series, end, checkpoint, months=months, threads=threads))


def made_up_series() -> Series:
    """Return COUNT series with red, near infrared and NDVI on every date."""
    rng = np.random.default_rng(0)
    days = np.broadcast_to(START + STEP_DAYS * np.arange(DATES), (COUNT, DATES)).astype(np.int32)
    ndvi = 0.5 + 0.3 * np.sin(2 * np.pi * days / 365.2425) + rng.normal(0, 0.03, days.shape)
    values = np.full((COUNT, DATES, len(CHANNELS)), np.nan, np.float32)
    values[..., channel("NDVI")] = ndvi
    values[..., channel("B08")] = 0.3
    values[..., channel("B04")] = 0.3 * (1 - ndvi) / (1 + ndvi)
    return Series(ids=np.arange(COUNT).astype(str), days=days, values=values)


def report(name: str, run: Callable[[], object]) -> None:
    """Print the series per second of the fastest run, after one that is not counted."""
    run()
    seconds = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - began)
    print(f"{name}: {COUNT / min(seconds):.0f} series/s")


if __name__ == "__main__":
    main()
