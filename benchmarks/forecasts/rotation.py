"""Claim: past years one by one, and which of them this season is like, are worth nothing more than their mean, or this.

    python -m benchmarks.forecasts.rotation --data ../shared/data [--model ndvi-small-before-2022] [--seeds 0,1,2]

A rotation shows in past years: the field that is green like the year before last will go on like it. LightGBM corrects
the model's forecasts of the 56 sites, issued every other month of 2020 and 2021, by what the model knows; and by the
NDVI of the same days one to four years before, how unlike the last 90 days were to those of each year, and the NDVI of
the year that was most alike. Folds are sites. The model has learned from these sites, so that losses are too low; the
differences count. Eight of the sites are annual cropland.
"""

import argparse
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.forecasts.own_errors import issued
from benchmarks.forecasts.weather import NDVI, Asked, corrected, gain, last_observed_before, loss_of, season
from core.cube import Series
from core.settings import Settings
from core.timeline import to_day
from models.registry import find_checkpoint
from training.datasets import load_sets

ISSUES = tuple(date(year, month, 1) for year in (2020, 2021) for month in (1, 3, 5, 7, 9, 11))
YEARS, NEAR_DAYS, RECENT_DAYS = 4, 10, 90
YEAR_DAYS = 365.2425
CROPLAND = "Annual Cropland"


def main() -> None:
    """Print a row for all sites, and one for annual cropland."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", default="ndvi-small-before-2022")
    parser.add_argument("--seeds", default="0,1,2")
    given = parser.parse_args()
    sites = load_sets({"hrvpp_s2_sites": 1.0}, given.data)["hrvpp_s2_sites"].series
    asked = targets_of(sites, given.model)
    seeds = [int(s) for s in given.seeds.split(",")]
    known = corrected(asked, asked.known, seeds)
    further = corrected(asked, np.hstack([asked.known, asked.past]), seeds)
    table = pd.read_parquet(given.data / "hrvpp_s2_sites" / "s2_site_timeseries.parquet", columns=["site", "lc_name"])
    crops = np.isin(asked.places, table.site[table.lc_name == CROPLAND].unique())
    print("| sites | as it is | corrected by what it knows | and by past years | less |\n|---|---|---|---|---|")
    for name, rows in (("all", np.ones_like(crops)), (CROPLAND.lower(), crops)):
        losses = [float(each[rows].mean()) for each in (loss_of(asked, asked.quantiles), known, further)]
        said = gain(known[rows], further[rows], asked.places[rows])
        print(f"| {name} | {' | '.join(f'{loss:.4f}' for loss in losses)} | {said} |")


def targets_of(sites: Series, model: str) -> Asked:
    """Ask the model at all issue dates."""
    parts = [at_issue(sites, to_day(day), model) for day in ISSUES]
    names = ("truth", "quantiles", "places", "known", "past", "ahead")
    return Asked(**{name: np.concatenate([getattr(p, name) for p in parts]) for name in names})


def at_issue(sites: Series, issue: int, model: str) -> Asked:
    """Ask about up to 40 observed days after an issue date."""
    issues = np.full(len(sites), issue, np.int32)
    days, truth, quantiles = issued(sites, issues, find_checkpoint(model, "forecast", Settings()))
    row, step = np.nonzero(np.isfinite(truth) & np.isfinite(quantiles).all(axis=-1))
    said, asked = quantiles[row, step], days[row, step]
    seasons = [season(asked), season(np.full(len(row), issue))]
    known = np.column_stack([said, asked - issue, *seasons, last_observed_before(sites, issue)[row]])
    past = np.stack([past_years(sites, n, issue, days[n]) for n in range(len(sites))])[row, step]
    empty = np.zeros((len(row), 0))
    places = sites.ids[row]
    return Asked(truth=truth[row, step], quantiles=said, places=places, known=known, past=past, ahead=empty)


def past_years(sites: Series, number: int, issue: int, days: np.ndarray) -> np.ndarray:
    """Return (H, F) NDVI of a site on days of past years, how unlike each year is to this one, and the most alike."""
    ndvi = sites.values[number, :, NDVI]
    seen = np.isfinite(ndvi) & (sites.days[number] < issue)
    at, values = sites.days[number][seen], ndvi[seen]
    recent = at >= issue - RECENT_DAYS
    back = [round(YEAR_DAYS * k) for k in range(1, YEARS + 1)]
    then = np.stack([_near(at, values, days - b) for b in back], axis=1)
    unlike = np.array([_mean(np.abs(values[recent] - _near(at, values, at[recent] - b))) for b in back])
    alike = then[:, int(np.nanargmin(unlike))] if np.isfinite(unlike).any() else np.full(len(days), np.nan)
    return np.column_stack([then, np.broadcast_to(unlike, then.shape), alike])


def _near(at: np.ndarray, values: np.ndarray, days: np.ndarray) -> np.ndarray:
    """Return (H,) means of what was observed within some days of each day; NaN = nothing."""
    near = np.abs(at[None, :] - np.asarray(days)[:, None]) <= NEAR_DAYS
    count = near.sum(axis=1)
    return np.where(count > 0, (near * values[None, :]).sum(axis=1) / np.maximum(count, 1), np.nan)


def _mean(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")


if __name__ == "__main__":
    main()
