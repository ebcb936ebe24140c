"""What benchmarks of a card share: timing, a record of rows, and simulated series. Measures nothing by itself."""

import argparse
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from core.bands import CHANNELS, OPTICAL_NAMES, channel
from core.checkpoint import Device
from core.cube import Series
from core.timeline import YEAR_DAYS

START, STEP_DAYS = 17_000, 11
DATES = 100


@dataclass(kw_only=True)
class Run:
    """What is measured, where, for how long, and what was found."""

    device: Device
    is_dry: bool
    ends: float
    """time.perf_counter() at which no further part begins."""
    rows: list[dict[str, Any]] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    product_tflops: float = float("nan")

    def part(self, name: str, measure: Callable[[], None]) -> None:
        """Measure a part if there is time; one that fails is listed and shown with its reason, and the others go on."""
        if time.perf_counter() > self.ends:
            self.left_out.append(f"{name}: no time left")
            return
        try:
            measure()
        except Exception as error:  # noqa: BLE001 - its reason is in the record
            self.left_out.append(f"{name}: {type(error).__name__}: {(str(error).splitlines() or [''])[0]}")
            traceback.print_exc(file=sys.stdout)
            print(f"FAILED {self.left_out[-1]}", flush=True)
        if self.device == "cuda":
            torch.cuda.empty_cache()

    def add(self, name: str, **values: float | str | bool) -> None:
        """Add a row of the record, and print it."""
        self.rows.append({"name": name, **values})
        shown = "  ".join(f"{k}={v:.4g}" if isinstance(v, float) else f"{k}={v}" for k, v in values.items())
        print(f"{name:<46} {shown}", flush=True)

    def seconds(self, work: Callable[[], object], *, least: float = 1.0, most: int = 20) -> float:
        """Return the seconds of the fastest of some runs, after one that is not counted."""
        work()
        self.wait()
        best, began, number = float("inf"), time.perf_counter(), 0
        while number < 2 or (number < most and time.perf_counter() - began < (0.2 if self.is_dry else least)):
            start = time.perf_counter()
            work()
            self.wait()
            best, number = min(best, time.perf_counter() - start), number + 1
        return best

    def verdict(self, all_equal: str) -> int:
        """Print what differs from the CPU, or that nothing does; 1 if something differs or was left out."""
        failed = [row["name"] for row in self.rows if row.get("is_equal") is False]
        print(f"differs from the CPU: {', '.join(failed)}" if failed else all_equal)
        return int(bool(failed or self.left_out))

    def wait(self) -> None:
        """Wait until the card has done what it was given."""
        if self.device == "cuda":
            torch.cuda.synchronize()


def begin(text: str | None, *, seconds: float, out: str) -> tuple[argparse.Namespace, Run]:
    """Read the options of a benchmark of a card, and return them with the run that they ask for.

    Args:
        text: of the help.
        seconds, out: defaults.
    """
    parser = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dry-run", action="store_true", help="everything small and on the CPU")
    parser.add_argument("--seconds", type=float, default=seconds, help="no part begins after so many seconds")
    parser.add_argument("--out", type=Path, default=Path(out), help="JSON record to write")
    parser.add_argument("--commit", default="", help="commit to state where this is no git checkout")
    options = parser.parse_args()
    if not options.dry_run and not torch.cuda.is_available():
        parser.error("torch sees no CUDA card here; --dry-run needs none")
    device: Device = "cpu" if options.dry_run else "cuda"
    return options, Run(device=device, is_dry=options.dry_run, ends=time.perf_counter() + options.seconds)


def simulated(count: int, *, dates: int = DATES, step_days: int = STEP_DAYS, seed: int = 0) -> Series:
    """Return evergreens, deciduous trees and fields in turn, with every band; a third of optical dates unseen."""
    rng = np.random.default_rng(seed)
    days = np.broadcast_to(START + step_days * np.arange(dates), (count, dates)).astype(np.int32)
    kind = np.arange(count) % 3
    level, swing, phase = (np.array(v)[kind][:, None] for v in ((0.72, 0.6, 0.45), (0.06, 0.22, 0.3), (80, 95, 60)))
    level = level + rng.normal(0, 0.08, (count, 1))
    ndvi = level + swing * np.sin(2 * np.pi * (days - phase) / YEAR_DAYS) + rng.normal(0, 0.03, days.shape)
    ndvi = np.clip(ndvi, 0.02, 0.95)
    values = np.full((count, dates, len(CHANNELS)), np.nan, np.float32)
    for number, name in enumerate(OPTICAL_NAMES):
        values[..., channel(name)] = 0.05 + 0.02 * number + 0.1 * (1 - ndvi) + rng.normal(0, 0.01, days.shape)
    values[..., channel("B08")] = 0.3
    values[..., channel("B04")] = 0.3 * (1 - ndvi) / (1 + ndvi)
    values[..., channel("NDVI")] = ndvi
    values[rng.random(days.shape) < 1 / 3] = np.nan
    values[..., channel("VV")] = -11 + 2 * ndvi
    values[..., channel("VH")] = -18 + 3 * ndvi
    return Series(ids=np.arange(count).astype(str), days=days, values=values)
