"""Claim: stretching a forecast by how far the series' own past forecasts missed gains nothing.

    python -m benchmarks.forecasts.own_errors --data ../shared/data [--model ndvi-small-before-2022]

Online conformal prediction of one series: the forecaster is issued 365, 183 and 120 days before the issue date, from
what was seen then, and judged on what came before it. The median of its errors, in units of the half width of its 50 %
interval on their side, is what the spread of the new forecast is multiplied by, drawn to 1 as if by some further
targets. Simulated series of another seed than the model learned from, and the sites of 2020 and 2021, which it did
learn from.
"""

import argparse
from datetime import date
from pathlib import Path

import numpy as np

from core.bands import channel
from core.checkpoint import Checkpoint
from core.cube import Series
from core.forecast import MEDIAN
from core.settings import Settings
from core.timeline import to_day
from ingest.simulate.index_series import sample_index_series
from models.metrics.forecast_scores import pinball
from models.registry import find_checkpoint
from models.runtime import forecast
from training.datasets import load_sets

BACK = (365, 183, 120)
DRAWN_BY = (20, 60, 200)
HORIZON_DAYS, MOST_TARGETS = 150, 40
LIMITS = (0.3, 3.0)
NDVI = channel("NDVI")
MONTHS = tuple(date(year, month, 1) for year in (2020, 2021) for month in (1, 3, 5, 7, 9))


def main() -> None:
    """Print a row for each source and way of stretching."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", default="ndvi-small-before-2022")
    given = parser.parse_args()
    model = find_checkpoint(given.model, "forecast", Settings())
    simulated, _ = sample_index_series(np.random.default_rng(123), 40)
    middle = simulated.days[:, 0] + 0.7 * (simulated.days[:, -1] - simulated.days[:, 0])
    sites = load_sets({"hrvpp_s2_sites": 1.0}, given.data)["hrvpp_s2_sites"].series
    sources = {"simulated": [(simulated, middle.astype(np.int32))]}
    sources["sites"] = [(sites, np.full(len(sites), to_day(d), np.int32)) for d in MONTHS]
    print("| source | drawn to 1 by | pinball | in 50 % | in 90 % |\n|---|---|---|---|---|")
    for name, issued in sources.items():
        judged = [stretched(series, issues, model) for series, issues in issued]
        for way in ("as it is", *DRAWN_BY):
            loss, in_half, in_most = np.mean([scores[way] for scores in judged], axis=0)
            print(f"| {name} | {way} | {loss:.4f} | {in_half:.3f} | {in_most:.3f} |")


def stretched(series: Series, issues: np.ndarray, model: Checkpoint) -> dict[str | int, tuple[float, float, float]]:
    """Return the scores of forecasts as they are, and stretched in each way."""
    _, truth, quantiles = issued(series, issues, model)
    misses = []
    for back in BACK:
        days, seen, said = issued(series, issues - back, model)
        misses.append(np.where(days < issues[:, None], in_half_widths(seen, said), np.nan))
    missed = np.concatenate(misses, axis=1)
    count = np.isfinite(missed).sum(axis=1)
    typical = np.array([np.nanmedian(row) if n else 1.0 for row, n in zip(missed, count, strict=True)])
    found = {"as it is": scored(quantiles, truth, np.ones(len(series)))}
    for prior in DRAWN_BY:
        found[prior] = scored(quantiles, truth, np.clip(typical, *LIMITS) ** (count / (count + prior)))
    return found


def issued(series: Series, issues: np.ndarray, model: Checkpoint) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (N, H) days, what was observed on them (NaN = no target), and (N, H, Q) what was forecast."""
    ndvi, ahead = series.values[..., NDVI], series.days - issues[:, None]
    fits = np.isfinite(ndvi) & (ahead >= 0) & (ahead < HORIZON_DAYS)
    order = np.argsort(np.where(fits, np.random.default_rng(0).random(fits.shape), 2.0), axis=1)[:, :MOST_TARGETS]
    kept = np.take_along_axis(fits, order, axis=1)
    days = np.where(kept, np.take_along_axis(series.days, order, axis=1), issues[:, None]).astype(np.int32)
    truth = np.where(kept, np.take_along_axis(ndvi, order, axis=1), np.nan)
    return days, truth, forecast(series, issues, days, model).quantiles


def in_half_widths(truth: np.ndarray, quantiles: np.ndarray) -> np.ndarray:
    """Return errors of the median in units of the half of the 50 % interval on their side: half of them are below 1."""
    median = quantiles[..., MEDIAN]
    half = np.where(truth > median, quantiles[..., 3] - median, median - quantiles[..., 1])
    return np.abs(truth - median) / np.maximum(half, 1e-3)


def scored(quantiles: np.ndarray, truth: np.ndarray, factor: np.ndarray) -> tuple[float, float, float]:
    """Return the mean pinball loss, each series weighing the same, and the shares in both intervals."""
    median = quantiles[..., MEDIAN : MEDIAN + 1]
    wide = median + factor[:, None, None] * (quantiles - median)
    loss = pinball(wide, truth)
    known = np.isfinite(loss)
    count = known.sum(axis=1)
    each = np.where(known, loss, 0).sum(axis=1)[count > 0] / count[count > 0]
    shares = (((truth >= wide[..., a]) & (truth <= wide[..., b]))[known].mean() for a, b in ((1, 3), (0, 4)))
    return float(each.mean()), *(float(s) for s in shares)


if __name__ == "__main__":
    main()
