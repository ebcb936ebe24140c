"""Claim: weather up to the issue date is worth nothing to the forecaster, or this much.

    python -m benchmarks.forecasts.weather --data ../shared/data [--model NAME] [--seeds 0,1,2] [--every 2]

Monthly series of the WorldCereal points with temperature and precipitation (AgERA5). LightGBM corrects the model's
forecasts, one quantile each: by what the model itself knows (its quantiles, lead, seasons, the last observation); by
the weather of the last one, three and twelve months too; and by the weather of the months that are forecast, which
nobody knows then, to show what is at stake. Folds are places (one degree). The model has learned from these points, so
that losses are too low; the differences count. A point has 18 months at most: weather is compared with that of the same
months a year before where there is one, not with a climatology.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import lightgbm
import numpy as np

from core.bands import channel
from core.cube import Series
from core.forecast import QUANTILES
from core.settings import Settings
from models.metrics.bootstrap import bootstrap
from models.metrics.forecast_scores import pinball
from models.registry import find_checkpoint
from models.runtime import forecast
from training.datasets import load_sets

NDVI, WARM, WET = (channel(name) for name in ("NDVI", "temperature_2m", "total_precipitation"))
LEAST_BEHIND, MOST_AHEAD = 6, 5
"""Months of history, and months ahead."""
BACK = (1, 3, 12)
FOLDS, ROUNDS = 5, 150
FREEZING_K = 273.15


@dataclass(frozen=True, kw_only=True)
class Asked:
    """R targets: what was observed, what the model says, and what could correct it."""

    truth: np.ndarray
    """(R,)."""
    quantiles: np.ndarray
    """(R, Q)."""
    places: np.ndarray
    """(R,)."""
    known: np.ndarray
    """(R, F) what the model knows."""
    past: np.ndarray
    """(R, W) weather up to the issue date."""
    ahead: np.ndarray
    """(R, V) weather from the issue date to the target."""


def main() -> None:
    """Print a row for the model as it is, and one for each way of correcting it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", default="ndvi-small-before-2022")
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--every", type=int, default=2, help="of the series; 1 = all, which takes an hour")
    given = parser.parse_args()
    asked = targets_of(given.data, given.model, given.every)
    ways = {
        "what the model knows": asked.known,
        "and weather to the issue date": np.hstack([asked.known, asked.past]),
        "and weather to the target, not known then": np.hstack([asked.known, asked.past, asked.ahead]),
    }
    print(f"{len(asked.truth):,} targets in {len(np.unique(asked.places))} places")
    print("| corrected by | pinball | less than what the model knows |\n|---|---|---|")
    print(f"| nothing | {loss_of(asked, asked.quantiles).mean():.4f} | |")
    losses = {name: corrected(asked, f, [int(s) for s in given.seeds.split(",")]) for name, f in ways.items()}
    first = losses["what the model knows"]
    for name, each in losses.items():
        print(f"| {name} | {each.mean():.4f} | {gain(first, each, asked.places)} |")


def targets_of(data: Path, model: str, every: int) -> Asked:
    """Ask the model at the start of every month that has enough behind it."""
    found = load_sets({"worldcereal_points": 1.0}, data)["worldcereal_points"]
    found = found.take(np.arange(len(found.places)) % every == 0)
    parts = [at_issue(found.series, found.places, n, model) for n in range(LEAST_BEHIND, found.series.days.shape[1])]
    names = ("truth", "quantiles", "places", "known", "past", "ahead")
    return Asked(**{name: np.concatenate([getattr(p, name) for p in parts]) for name in names})


def at_issue(series: Series, places: np.ndarray, behind: int, model: str) -> Asked:
    """Ask about the months after the first `behind` of each series."""
    last = min(series.days.shape[1], behind + MOST_AHEAD)
    days, truth = series.days[:, behind:last], series.values[:, behind:last, NDVI]
    issue = days[:, 0].astype(np.int32)
    quantiles = forecast(series, issue, days, find_checkpoint(model, "forecast", Settings())).quantiles
    row, step = np.nonzero(np.isfinite(truth) & np.isfinite(quantiles).all(axis=-1) & (days >= issue[:, None]))
    past = past_weather(series, behind)
    ahead = np.stack([weather(series, behind, behind + n + 1) for n in range(last - behind)], axis=1)
    said = quantiles[row, step]
    seasons = [season(days[row, step]), season(issue[row])]
    seen = last_observed(series, behind)[row]
    known = np.column_stack([said, days[row, step] - issue[row], *seasons, seen])
    return Asked(
        truth=truth[row, step], quantiles=said, places=places[row], known=known, past=past[row], ahead=ahead[row, step]
    )


def season(days: np.ndarray) -> np.ndarray:
    """Return (R, 2) sine and cosine of the day of the year."""
    angle = 2 * np.pi * (days % 365.2425) / 365.2425
    return np.column_stack([np.sin(angle), np.cos(angle)])


def last_observed(series: Series, behind: int) -> np.ndarray:
    """Return (N, 2) the last NDVI before an issue date and its age in months; NaN = none."""
    ndvi = series.values[:, :behind, NDVI]
    seen = np.isfinite(ndvi)
    at = behind - 1 - seen[:, ::-1].argmax(axis=1)
    value = np.where(seen.any(axis=1), ndvi[np.arange(len(ndvi)), at], np.nan)
    return np.column_stack([value, behind - at])


def last_observed_before(series: Series, issue: int) -> np.ndarray:
    """Return (N, 2) the last NDVI before a day and its age in days; NaN = none."""
    seen = np.isfinite(series.values[..., NDVI]) & (series.days < issue)
    at = np.where(seen, series.days, np.iinfo(np.int32).min).argmax(axis=1)
    each = np.arange(len(series.days))
    found = np.stack([series.values[each, at, NDVI], issue - series.days[each, at]], axis=1)
    return np.where(seen.any(axis=1)[:, None], found, np.nan)


def past_weather(series: Series, behind: int) -> np.ndarray:
    """Return (N, W) weather of the last months, and how far it is from that of the same months a year before."""
    now = [weather(series, max(0, behind - months), behind) for months in BACK]
    if behind < 12 + BACK[1]:
        return np.hstack([*now, np.full_like(now[0], np.nan), np.full_like(now[1], np.nan)])
    then = [weather(series, behind - 12 - months, behind - 12) for months in BACK[:2]]
    return np.hstack([*now, now[0] - then[0], now[1] - then[1]])


def weather(series: Series, first: int, last: int) -> np.ndarray:
    """Return (N, 3) mean temperature, its sum above freezing, and precipitation of some months."""
    warm, wet = series.values[:, first:last, WARM], series.values[:, first:last, WET]
    return np.column_stack([_mean(warm), np.nansum(np.maximum(warm - FREEZING_K, 0), axis=1), np.nansum(wet, axis=1)])


def _mean(values: np.ndarray) -> np.ndarray:
    count = np.isfinite(values).sum(axis=1)
    return np.where(count > 0, np.nansum(values, axis=1) / np.maximum(count, 1), np.nan)


def corrected(asked: Asked, features: np.ndarray, seeds: list[int]) -> np.ndarray:
    """Return (R,) losses out of fold by place, mean over seeds."""
    total = np.zeros(len(asked.truth))
    for seed in seeds:
        names = np.unique(asked.places)
        fold = dict(zip(names, np.random.default_rng(seed).permutation(len(names)) % FOLDS, strict=True))
        folds = np.array([fold[p] for p in asked.places])
        quantiles = np.sort(np.column_stack([_fitted(asked, features, folds, q, seed) for q in range(len(QUANTILES))]))
        total += loss_of(asked, quantiles)
    return total / len(seeds)


def _fitted(asked: Asked, features: np.ndarray, folds: np.ndarray, number: int, seed: int) -> np.ndarray:
    """Return (R,) one quantile out of fold: the model's, moved by what LightGBM has learned of its errors."""
    base = asked.quantiles[:, number]
    out = base.copy()
    options = {"objective": "quantile", "alpha": QUANTILES[number], "learning_rate": 0.05, "num_leaves": 31}
    options |= {"min_data_in_leaf": 50, "verbosity": -1, "seed": seed, "num_threads": 2}
    for k in range(FOLDS):
        learn = folds != k
        data = lightgbm.Dataset(features[learn], asked.truth[learn] - base[learn])
        out[~learn] += lightgbm.train(options, data, ROUNDS).predict(features[~learn])
    return out


def loss_of(asked: Asked, quantiles: np.ndarray) -> np.ndarray:
    """Return (R,) mean pinball losses."""
    return np.asarray(pinball(quantiles, asked.truth))


def gain(first: np.ndarray, each: np.ndarray, places: np.ndarray) -> str:
    """Return by how much losses are lower, in percent, with a 95 % interval over places."""
    found = bootstrap(lambda weight: 100 * (1 - float(weight @ each) / float(weight @ first)), places)
    return f"{found.value:.1f} % [{found.low:.1f}, {found.high:.1f}]"


if __name__ == "__main__":
    main()
