"""Claim: pixels of a map that has seen less than a year are forecast better with those of their block.

    python -m benchmarks.forecasts.pooled_maps --data ../shared/data [--model ndvi-small-before-2022] [--edges 8 32]

Real cubes that the model has not learned from, a forest in Romania and a stand in the Ardennes, with histories cut to
some days. Every sixth row and column is judged, and pooled with all pixels of its block. Mean pinball, each pixel
weighing the same; then the share of outcomes in the 50 and 90 % intervals.
"""

import argparse
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import numpy as np

from core.bands import CHANNELS, channel
from core.checkpoint import Checkpoint
from core.cube import Series
from core.settings import Settings
from core.timeline import to_day, to_days
from ingest.cubes.read import read_cube
from models.baselines.pooled import Pool
from models.metrics.forecast_scores import pinball
from models.registry import find_checkpoint
from models.runtime import forecast

CUBES = {
    "romania": (
        "romania_forest_cube",
        (date(2017, 5, 1), date(2017, 7, 1), date(2018, 4, 1), date(2018, 6, 1), date(2018, 8, 1)),
    ),
    "stand": ("fordead_conifer_cube", (date(2017, 7, 1), date(2018, 4, 1), date(2018, 7, 1))),
}
HISTORIES = (60, 150, 365, 730)
STEP, HORIZON_DAYS = 6, 150
NDVI = channel("NDVI")


def main() -> None:
    """Print a row for each cube, length of history and edge of blocks; 0 = each pixel alone."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", default="ndvi-small-before-2022")
    parser.add_argument("--edges", type=int, nargs="+", default=[8, 32])
    given = parser.parse_args()
    model = find_checkpoint(given.model, "forecast", Settings())
    print("| cube | days of history | block | pinball | in 50 % | in 90 % |\n|---|---|---|---|---|---|")
    for name, (folder, issues) in CUBES.items():
        days, ndvi = stack(next(iter(sorted((given.data / folder).glob("*.nc")))))
        for history in HISTORIES:
            for edge in (0, *given.edges):
                found = np.mean([score(days, ndvi, to_day(i), history, edge, model) for i in issues], axis=0)
                print(f"| {name} | {history} | {edge or 'alone'} | {found[0]:.4f} | {found[1]:.3f} | {found[2]:.3f} |")


def stack(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return (T,) days and (T, Y, X) NDVI of a cube."""
    cube = read_cube(path)
    return to_days(cube.data.time.values), cube.ndvi()


def score(
    days: np.ndarray, ndvi: np.ndarray, issue: int, history: int, edge: int, model: Checkpoint
) -> tuple[float, float, float]:
    """Return pinball, and the shares in both intervals, of one issue date."""
    past, ahead = (days < issue) & (days >= issue - history), (days >= issue) & (days < issue + HORIZON_DAYS)
    losses, inside = [], []
    for rows, columns, pooled in parts(ndvi.shape[1:], edge):
        truth = ndvi[ahead][:, rows, columns].T
        series = series_of(days[past], ndvi[past][:, rows, columns].T)
        issues = np.full(len(series), issue, np.int32)
        targets = np.broadcast_to(days[ahead].astype(np.int32), truth.shape).copy()
        pools = None
        if edge:
            company = ndvi[past][:, pooled[0], pooled[1]].reshape(past.sum(), -1).T
            pools = {issue: Pool.of(np.broadcast_to(days[past], company.shape), company, issue)}
        said = forecast(series, issues, targets, model, pools=pools).quantiles
        losses.append(mean_of_rows(pinball(said, truth)))
        known = np.isfinite(truth) & np.isfinite(said[..., 0])
        inside += [((truth >= said[..., a]) & (truth <= said[..., b]))[known] for a, b in ((1, 3), (0, 4))]
    shares = (np.concatenate(inside[k::2]).mean() for k in (0, 1))
    return float(np.nanmean(np.concatenate(losses))), *(float(s) for s in shares)


def mean_of_rows(loss: np.ndarray) -> np.ndarray:
    """Return (N,) means of what is known; NaN where nothing is."""
    known = np.isfinite(loss)
    count = known.sum(axis=1)
    return np.where(known, loss, 0.0).sum(axis=1) / np.where(count > 0, count, np.nan)


def parts(shape_yx: Sequence[int], edge: int) -> Iterator[tuple[np.ndarray, np.ndarray, tuple[slice, slice]]]:
    """Yield rows and columns of the pixels that are judged in each block, and the block."""
    rows, columns = (axis.ravel() for axis in np.meshgrid(*(np.arange(1, n, STEP) for n in shape_yx), indexing="ij"))
    if not edge:
        yield rows, columns, (slice(0), slice(0))
        return
    for y, x in np.unique(np.stack([rows // edge, columns // edge], axis=1), axis=0):
        mine = (rows // edge == y) & (columns // edge == x)
        yield rows[mine], columns[mine], (slice(y * edge, (y + 1) * edge), slice(x * edge, (x + 1) * edge))


def series_of(days: np.ndarray, ndvi: np.ndarray) -> Series:
    """Return series of (N, T) NDVI alone."""
    values = np.full((*ndvi.shape, len(CHANNELS)), np.nan, np.float32)
    values[..., NDVI] = ndvi
    return Series(ids=np.arange(len(ndvi)).astype(str), days=np.broadcast_to(days, ndvi.shape), values=values)


if __name__ == "__main__":
    main()
