"""Claim: the prior that forecasters learn from (ingest/simulate/index_series.py) is like real NDVI series.

    python -m benchmarks.forecasts.prior --data ../shared/data [--plot prior.png]

Statistics of simulated series beside those of real sets, as quantiles over series: how anomalies persist, how far they
spread in each season, how much a year differs from the mean year, and how long gaps are. Nothing is fitted here.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from core.bands import channel
from core.cube import Series
from core.timeline import YEAR_DAYS
from ingest.simulate.index_series import AT_ONCE, GROUP, KINDS, sample_index_series, sample_ndvi
from models.baselines.climatology import expect
from training.datasets import load_sets

NDVI = channel("NDVI")
REAL = (
    "hrvpp_s2_sites",
    "romania_forest_cube",
    "franconia_grassland_s2",
    "landsat_vermont_30years",
    "modis_flux_sites",
)
MOST = 400
"""Series of a set that are looked at."""
REGIONS, TIMED = 60, 1600
Numbers = NDArray[np.float64]


def anomalies(series: Series) -> tuple[Numbers, NDArray[np.bool_]]:
    """Return (N, T) departures from each series' own climatology, and where there are some."""
    ndvi = series.values[..., NDVI]
    after = np.full(len(series), int(series.days.max()) + 1, np.int32)
    found = expect(series.days, ndvi, after, series.days).climatology
    seen = np.isfinite(ndvi)
    return np.where(seen, ndvi - found, 0.0), seen


def persistence(series: Series, low: int, high: int) -> Numbers:
    """Return (N,) the correlation of anomalies that lie `low` to `high` days apart."""
    away, seen = anomalies(series)
    out = np.full(len(series), np.nan)
    for row in range(len(series)):
        days, a = series.days[row, seen[row]], away[row, seen[row]]
        first, second = np.nonzero((days[None] - days[:, None] >= low) & (days[None] - days[:, None] < high))
        if len(first) > 30:
            out[row] = (a[first] * a[second]).mean() / max((a**2).mean(), 1e-9)
    return out


def spread(series: Series, first: int, last: int) -> Numbers:
    """Return (N,) the standard deviation of anomalies from one day of the year to another."""
    away, seen = anomalies(series)
    day = series.days % YEAR_DAYS
    chosen = seen & (day >= first) & (day < last)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(
            np.sqrt((away**2 * chosen).sum(axis=1) / np.where(chosen.sum(axis=1) > 5, chosen.sum(axis=1), np.nan))
        )


def gaps(series: Series) -> Numbers:
    """Return the days between clear dates of all series."""
    return np.concatenate(
        [np.diff(d[s]) for d, s in zip(series.days, np.isfinite(series.values[..., NDVI]), strict=True)]
    )


def level(series: Series) -> Numbers:
    """Return (N,) the median of NDVI."""
    return np.asarray(np.nanmedian(series.values[..., NDVI], axis=1), np.float64)


MEASURES: dict[str, Callable[[Series], Numbers]] = {
    "median NDVI": level,
    "anomalies correlate, 5 to 15 days apart": lambda s: persistence(s, 5, 15),
    "25 to 40 days apart": lambda s: persistence(s, 25, 40),
    "80 to 120 days apart": lambda s: persistence(s, 80, 120),
    "spread of anomalies, April to June": lambda s: spread(s, 91, 182),
    "July to September": lambda s: spread(s, 182, 274),
    "December to February": lambda s: spread(s, 335, 366),
    "days between clear dates": gaps,
}


def row(name: str, series: Series) -> str:
    """Return a line of the table: the 10, 50 and 90 % quantiles of each measure."""
    cells = []
    for measure in MEASURES.values():
        values = measure(series)
        cells.append(" / ".join(f"{v:.2f}" for v in np.nanquantile(values, (0.1, 0.5, 0.9))))
    return f"| {name} | " + " | ".join(cells) + " |"


def examples(series: Series, kind: NDArray[np.str_]) -> Figure:
    """Draw one simulated series of each kind."""
    figure = Figure(figsize=(8, 9), layout="constrained")
    for axes, name in zip(figure.subplots(len(KINDS), 1, sharex=True), KINDS, strict=True):
        number = int(np.flatnonzero(kind == name)[0])
        axes.plot(series.days[number].astype("datetime64[D]"), series.values[number, :, NDVI], ".", markersize=3)
        axes.set(ylim=(-0.2, 1), ylabel=name)
    figure.suptitle("Simulated NDVI series, one of each kind")
    return figure


def speed(threads: int) -> str:
    """Return how many series a second are drawn, by the clock and of a core's time."""
    sample_ndvi(np.random.default_rng(0), AT_ONCE)
    begin, of_cores = time.perf_counter(), time.process_time()
    days, _, _ = sample_ndvi(np.random.default_rng(0), TIMED, threads=threads)
    took, busy = time.perf_counter() - begin, time.process_time() - of_cores
    return (
        f"{threads} thread(s): {len(days) / took:.0f} series of {days.shape[1]} dates a second, "
        f"{len(days) / busy:.0f} a second of one core"
    )


def main() -> None:
    """Print the table, and the speed of the sampler."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    for threads in (1, given.threads):
        print(speed(threads))
    simulated, kind = sample_index_series(np.random.default_rng(0), REGIONS)
    print()
    print("| series (10, 50, 90 %) | " + " | ".join(MEASURES) + " |\n|" + "---|" * (1 + len(MEASURES)))
    print(row(f"**simulated**, {REGIONS * GROUP}", simulated))
    for name, real in load_sets(dict.fromkeys(REAL, 1.0), given.data).items():
        chosen = real.series.take(np.arange(0, len(real.series), max(1, len(real.series) // MOST)))
        print(row(f"{name}, {len(chosen)}", chosen))
    if given.plot:
        examples(simulated, kind).savefig(given.plot, dpi=110)


if __name__ == "__main__":
    main()
