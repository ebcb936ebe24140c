"""Claim: with fewer clear dates, or without bands, forecasts get worse slowly, and never fall off a cliff.

    python -m benchmarks.forecasts.robustness --data ../shared/data [--model ndvi-small-before-2022] [--plot curve.png]

Real data only. Sites: the reference sites' 2022 from the first of each month, their histories thinned at random to some
dates a year. Stand: every thirteenth pixel of the FORDEAD cube from three issue dates, bands or dates taken away. The
model must have learned from neither.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np

from core.bands import OPTICAL_NAMES, channel
from core.checkpoint import Checkpoint
from core.cube import Series
from core.settings import Settings
from core.timeline import to_day
from evaluation.hindcast.past_issues import observed_targets
from ingest.cubes.read import read_cube
from models.baselines.climatology import expect
from models.metrics.forecast_scores import pinball
from models.registry import find_checkpoint
from models.runtime import forecast
from training.datasets import load_sets
from training.sampling import NDVI

DATES_A_YEAR = (5, 10, 20, 40, 0)
"""0 = all there are."""
LOSSES: dict[str, Sequence[str]] = {
    "all bands": (),
    "no short-wave infrared": ("B11", "B12"),
    "red and near infrared only": [b for b in OPTICAL_NAMES if b not in ("B04", "B08", "B8A")],
    "NDVI only": OPTICAL_NAMES,
}
YEAR_DAYS, HORIZON_DAYS = 365.25, 150


def main() -> None:
    """Print two tables, and draw the first."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", default="ndvi-small-before-2022")
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args()
    model = find_checkpoint(options.model, "forecast", Settings())
    sites = load_sets({"hrvpp_s2_sites": 1.0}, options.data)["hrvpp_s2_sites"].series
    months = [to_day(date(2022, month, 1)) for month in range(1, 13)]
    until = to_day(date(2023, 1, 1))
    print("dates a year | sites 2022: landcast | climatology with its own spread")
    rows = [(n, *score(thinned(sites, n), sites, months, until, model)) for n in DATES_A_YEAR]
    for count, ours, cycle in rows:
        print(f"{count or 'all':>12} | {ours:.4f} | {cycle:.4f}")
    if options.plot:
        draw(rows, options.plot)
    stand = read_cube(next(iter(sorted((options.data / "fordead_conifer_cube").glob("*.nc"))))).series()
    stand = stand.take(np.arange(0, len(stand), 13))
    issues = [to_day(date(2018, 1, 1)), to_day(date(2018, 7, 1)), to_day(date(2019, 1, 1))]
    print("\nstand, taken away | landcast")
    for name, bands in LOSSES.items():
        print(f"{name:>26} | {score(without(stand, bands), stand, issues, to_day(date(2020, 1, 1)), model)[0]:.4f}")


def thinned(series: Series, dates_a_year: int) -> Series:
    """Keep so many of each series' clear dates in every year, drawn at random."""
    if not dates_a_year:
        return series
    rng = np.random.default_rng(0)
    values = series.values.copy()
    years = (series.days // YEAR_DAYS).astype(int)
    for row in range(len(series)):
        seen = np.isfinite(values[row, :, NDVI])
        for year in np.unique(years[row]):
            mine = np.flatnonzero(seen & (years[row] == year))
            lost = rng.permutation(mine)[dates_a_year:]
            values[row, lost] = np.nan
    return replace(series, values=values)


def without(series: Series, bands: Sequence[str]) -> Series:
    """Return the series with some bands unseen; NDVI stays."""
    values = series.values.copy()
    values[..., [channel(b) for b in bands]] = np.nan
    return replace(series, values=values)


def score(history: Series, truth: Series, issues: Sequence[int], until: int, model: Checkpoint) -> tuple[float, float]:
    """Return the mean pinball loss, each series weighing the same, of the model and of the history's own cycle."""
    losses: list[list[np.ndarray]] = [[], []]
    owners = []
    for issue in issues:
        has_history = np.asarray((np.isfinite(history.values[..., NDVI]) & (history.days < issue)).any(axis=1))
        ends = min(issue + HORIZON_DAYS, until)
        targets, seen, kept = observed_targets(truth.days, truth.values[..., NDVI], issue, ends, has_history)
        said = forecast(history, np.full(len(history), issue, np.int32), targets, model)
        at = expect(history.days, history.values[..., NDVI], said.issue_days, targets)
        normal = np.array([-1.645, -0.674, 0, 0.674, 1.645], np.float32)
        cycle = at.climatology[..., None] + at.spread[..., None] * normal
        for column, quantiles in enumerate((said.quantiles, cycle)):
            losses[column].append(pinball(quantiles, seen)[kept])
        owners.append(np.broadcast_to(np.arange(len(truth))[:, None], kept.shape)[kept])
    owner = np.concatenate(owners)
    count = np.bincount(owner)
    means = [np.bincount(owner, np.concatenate(part))[count > 0] / count[count > 0] for part in losses]
    return float(means[0].mean()), float(means[1].mean())


def draw(rows: Sequence[tuple[int, float, float]], path: Path) -> None:
    """Plot the loss against the number of dates a year."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 3.5), layout="constrained")
    axes = figure.subplots()
    labels = [str(count or "all") for count, *_ in rows]
    axes.plot(labels, [r[1] for r in rows], "o-", label="landcast")
    axes.plot(labels, [r[2] for r in rows], "o--", label="climatology of the same history")
    axes.set(xlabel="clear dates a year in the history", ylabel="mean pinball (NDVI)", ylim=(0, None))
    axes.set_title("56 sites, 2022 (real; not learned from)", fontsize=10)
    axes.legend()
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
