"""Claim: series of a table are forecast better with the season of those that are most like them.

    python -m benchmarks.forecasts.pooled_companies --data ../shared/data --networks FILE [--trees]

Real series, issued together, with histories of at most 500 days: points of crops of a one-degree cell (the 24 largest
cells), the sites of 2019 to 2021, a forest in Vermont, all by the network of `kept_out_places` that has not learned
from them; a Romanian forest in 2017 and 2018 and a stand in 2017, by `ndvi-small-before-2022`, which has learned from
neither; and simulated regions of 96 series. Mean pinball, each series weighing the same, by that of the pooled forecast
as the network gives it (`mean`): series alone, and pooled with those alike (`alike`, models/baselines/alike.py). With
--trees also a forecast half of which is corrected by a LightGBM that learns from the request's own hindcasts (`trees`).
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import lightgbm
import numpy as np

import ingest.simulate.index_series as simulate
from benchmarks.forecasts.kept_out_places import NDVI, fold_of, networks, said
from core.forecast import MEDIAN, QUANTILES
from core.settings import Settings
from core.timeline import to_day
from evaluation.hindcast.past_issues import observed_targets
from models.baselines.climatology import Expectation
from models.baselines.pooled import Pool
from models.checkpoint import load_network
from models.metrics.forecast_scores import pinball
from models.network.earthpt import EarthPT
from models.registry import find_checkpoint
from training.datasets import load_sets

HISTORY_DAYS, HORIZON_DAYS = 500, 150
CELLS, SIZE = 24, 96
BACK_DAYS, LEAST_DAYS = 30, 100
"""Days from one hindcast to the one before, and the shortest history of one."""
FEWEST = 60
"""Targets that an issue date must have."""
TREES = {
    "objective": "quantile",
    "learning_rate": 0.05,
    "num_leaves": 15,
    "min_child_samples": 80,
    "colsample_bytree": 0.4,
    "reg_lambda": 5,
    "num_threads": 1,
    "verbose": -1,
    "seed": 0,
}


@dataclass(frozen=True, kw_only=True)
class Issued:
    """Series that are forecast together."""

    name: str
    days: np.ndarray
    """(N, T)."""
    ndvi: np.ndarray
    """(N, T) NaN = unseen."""
    issue: int
    learners: list[tuple[np.ndarray, EarthPT]]
    """Rows, and the network that they are forecast by."""


def main() -> None:
    """Print a row for each set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--networks", type=Path, required=True, help="file that `kept_out_places train` wrote")
    parser.add_argument("--trees", action="store_true")
    given = parser.parse_args()
    found: dict[str, list[dict[str, float]]] = {}
    for issued in companies(given.data, networks(given.networks)):
        losses = judged(issued, with_trees=given.trees)
        if losses:
            found.setdefault(issued.name, []).append(losses)
    ways = list(next(iter(found.values()))[0])
    print("| set | issued | pinball of `mean` | " + " | ".join(ways) + " |\n|" + "---|" * (3 + len(ways)))
    for name, rows in found.items():
        mean = {way: float(np.mean([row[way] for row in rows])) for way in ways}
        cells = " | ".join(f"{100 * (mean[way] / mean['mean'] - 1):+.1f} %" for way in ways)
        print(f"| {name} | {len(rows)} | {mean['mean']:.4f} | {cells} |")


def companies(data: Path, trained: list[EarthPT]) -> Iterator[Issued]:
    """Yield all series that are forecast together."""
    yield from cells(data, trained)
    yield from sites(data, trained)
    shipped = load_network(find_checkpoint("ndvi-small-before-2022", "forecast", Settings())).eval()
    stacks = (
        ("landsat_vermont_30years", 3, [(2000, 6), (2007, 6), (2011, 6)], trained[0]),
        ("romania_forest_cube", 16, [(2017, 5), (2017, 8), (2018, 4), (2018, 6), (2018, 8)], shipped),
        ("fordead_conifer_cube:whole", 20, [(2017, 4), (2017, 7), (2017, 10)], shipped),
    )
    for name, every, months, network in stacks:
        series = load_sets({name: 1.0}, data)[name].series
        rows = np.arange(0, len(series), every)
        for year, month in months:
            issue = to_day(date(year, month, 1))
            yield _cut(name, series.days[rows], series.values[rows][..., NDVI], issue, _by(network, len(rows)))
    yield from simulated(shipped)


def cells(data: Path, trained: list[EarthPT]) -> Iterator[Issued]:
    """Yield the points of the largest one-degree cells, twice each: in the middle of what was seen, and later."""
    source = load_sets({"worldcereal_points": 1.0}, data)["worldcereal_points"]
    places, count = np.unique(source.places, return_counts=True)
    for place in places[np.argsort(-count, kind="stable")][:CELLS]:
        rows = np.flatnonzero(source.places == place)[:150]
        days, ndvi = source.series.days[rows], source.series.values[rows][..., NDVI]
        seen = np.isfinite(ndvi)
        first, last = np.median(np.where(seen, days, 10**7).min(axis=1)), np.median(np.where(seen, days, 0).max(axis=1))
        network = trained[fold_of("worldcereal_points", source.places[rows[:1]])[0]]
        for share in (0.6, 0.75):
            yield _cut("points", days, ndvi, int(first + share * (last - first)), _by(network, len(rows)))


def sites(data: Path, trained: list[EarthPT]) -> Iterator[Issued]:
    """Yield all sites, in 2019 to 2021."""
    source = load_sets({"hrvpp_s2_sites": 1.0}, data)["hrvpp_s2_sites"]
    fold = fold_of("hrvpp_s2_sites", source.places)
    learners = [(np.flatnonzero(fold == number), network) for number, network in enumerate(trained)]
    ndvi = np.where(source.series.days < to_day(date(2022, 1, 1)), source.series.values[..., NDVI], np.nan)
    for year in (2019, 2020, 2021):
        for month in (3, 5, 7, 9):
            yield _cut("sites", source.series.days, ndvi, to_day(date(year, month, 1)), learners)


def simulated(network: EarthPT) -> Iterator[Issued]:
    """Yield simulated regions that are larger than those of training."""
    size, simulate.GROUP = simulate.GROUP, SIZE
    try:
        days, ndvi, _ = simulate.sample_ndvi(np.random.default_rng(900), 15)
    finally:
        simulate.GROUP = size
    for first in range(0, len(days), SIZE):
        rows = slice(first, first + SIZE)
        issue = int(days[first, 0]) + HISTORY_DAYS
        yield _cut("simulated", days[rows], ndvi[rows], issue, _by(network, SIZE))


def _by(network: EarthPT, rows: int) -> list[tuple[np.ndarray, EarthPT]]:
    return [(np.arange(rows), network)]


def _cut(
    name: str, days: np.ndarray, ndvi: np.ndarray, issue: int, learners: list[tuple[np.ndarray, EarthPT]]
) -> Issued:
    kept = np.where(days >= issue - HISTORY_DAYS, ndvi, np.nan).astype(np.float32)
    return Issued(name=name, days=days, ndvi=kept, issue=issue, learners=learners)


def judged(issued: Issued, *, with_trees: bool) -> dict[str, float]:
    """Return the mean loss of each way; nothing where too few targets were observed."""
    targets, truth, kept = _targets(issued, issued.issue, issued.issue + HORIZON_DAYS)
    if kept.sum() < FEWEST:
        return {}
    pool = Pool.with_company(issued.days, issued.ndvi, issued.issue)
    alone, _ = _said(issued, issued.issue, targets, None)
    mean, at = _said(issued, issued.issue, targets, pool)
    issues = np.full(len(targets), issued.issue, np.int32)
    assert pool.company is not None
    moved = pool.company.shift(issued.days, issued.ndvi, issues, targets, median=mean[..., MEDIAN], at=at)
    ways = {"alone": alone, "mean": mean, "alike": mean + moved[..., None]}
    if with_trees:
        ways["trees"] = (mean + corrected(issued, targets, mean, at)) / 2
    return {way: _mean(pinball(quantiles, truth), kept) for way, quantiles in ways.items()}


def corrected(issued: Issued, targets: np.ndarray, said_: np.ndarray, at: Expectation) -> np.ndarray:
    """Return (N, H, Q) forecasts by trees that learn from the errors of earlier ones, of targets before the issue."""
    first = int(np.median(np.where(np.isfinite(issued.ndvi), issued.days, 10**7).min(axis=1)))
    inputs, errors = [], []
    for issue in range(issued.issue - BACK_DAYS, first + LEAST_DAYS, -BACK_DAYS):
        asked, truth, kept = _targets(issued, issue, min(issued.issue, issue + HORIZON_DAYS))
        quantiles, then = _said(issued, issue, asked, Pool.of(issued.days, issued.ndvi, issue))
        inputs.append(_inputs(quantiles, then, asked, issue)[kept])
        errors.append((truth - quantiles[..., MEDIAN])[kept])
    if not errors or sum(map(len, errors)) < FEWEST:
        return said_
    given = lightgbm.Dataset(np.concatenate(inputs), label=np.concatenate(errors), free_raw_data=False)
    new = _inputs(said_, at, targets, issued.issue).reshape(-1, inputs[0].shape[-1])
    parts = [lightgbm.train({**TREES, "alpha": q}, given, num_boost_round=120).predict(new) for q in QUANTILES]
    return np.sort(said_[..., [MEDIAN]] + np.stack(parts, axis=-1).reshape(said_.shape), axis=-1)


def _inputs(quantiles: np.ndarray, at: Expectation, targets: np.ndarray, issue: int) -> np.ndarray:
    """Return (N, H, F) of forecasts, and of what the histories say themselves."""
    dated = [np.sin(targets / 58.13), np.cos(targets / 58.13), targets - issue, at.climatology, at.base]
    return np.concatenate([at.features, quantiles, np.stack(dated, axis=-1)], axis=-1)


def _targets(issued: Issued, issue: int, until: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    known = (np.isfinite(issued.ndvi) & (issued.days < issue)).any(axis=1)
    return observed_targets(issued.days, issued.ndvi, issue, until, np.asarray(known))


def _said(issued: Issued, issue: int, targets: np.ndarray, pool: Pool | None) -> tuple[np.ndarray, Expectation]:
    """Return (N, H, Q) quantiles, each row by its network, and what all histories say themselves."""
    quantiles = np.full((*targets.shape, len(QUANTILES)), np.nan, np.float32)
    for rows, network in issued.learners:
        if len(rows):
            quantiles[rows], _ = said(network, issued.days[rows], issued.ndvi[rows], issue, targets[rows], pool)
    return quantiles, said(issued.learners[0][1], issued.days, issued.ndvi, issue, targets, pool)[1]


def _mean(loss: np.ndarray, kept: np.ndarray) -> float:
    """Return the mean over series of each one's mean."""
    count = kept.sum(axis=1)
    return float((np.where(kept, loss, 0).sum(axis=1)[count > 0] / count[count > 0]).mean())


if __name__ == "__main__":
    main()
