"""Claim: on series unlike those learned from, intervals are honest where the season was seen; else 5 % more helps.

    python -m benchmarks.forecasts.unlike_series --data ../shared/data \
        [--model ndvi-small-before-2022] {whole,few,dissimilarity}

Real data that the model has not learned from: a Romanian forest in 2017 and 2018, a stand in the Ardennes in 2017,
grassland in Franconia in 2022 and 2023, fields and grassland in Bavaria in 2018. Beside them simulated series of
another seed, and the sites of 2020 and 2021, which the model named here did learn from. Forecasts from the first of
each month, up to 150 days. Every target weighs the same; intervals resample target dates, of sites and simulated
regions the places: pixels of one date err together.

`whole`: all of the history; intervals as they are, stretched by how far the series' earlier forecasts missed, and no
narrower than the history's own scatter about its climatology; then the share of the squared error that all series of a
date have in common, and the first and last decile of dates by what their 50 % intervals hold. `few`: the newest 1, 2
and 5 observations; the outer interval of seasons never seen as the network predicts it, and stretched. `dissimilarity`:
whether targets outside the 90 % interval are further from what was learned (distance to the nearest of 6,000 queries of
training).
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from core.bands import CHANNELS, channel
from core.checkpoint import Checkpoint
from core.cube import Series
from core.forecast import MEDIAN
from core.settings import Settings
from core.timeline import to_day, to_days
from evaluation.hindcast.past_issues import observed_targets
from ingest.simulate.index_series import GROUP, sample_index_series
from models.baselines.climatology import expect
from models.baselines.pooled import POOLED_FEATURES
from models.baselines.snow import without_snow
from models.calibration.applicability import fit as fit_area
from models.calibration.quantiles import Calibration
from models.metrics.bootstrap import bootstrap, roc_auc
from models.metrics.forecast_scores import pinball
from models.network.queries import forecast_queries
from models.registry import find_checkpoint
from models.runtime import forecast
from training.datasets import load_sets
from training.runs import RUNS
from training.sampling import forecast_batch
from training.train import cut, learnable

NDVI = channel("NDVI")
FEW = (1, 2, 5)
STRETCHES = (1.0, 1.05, 1.1)
DRAWN_BY = 40
"""Target dates with the errors expected, by which the errors of earlier forecasts are drawn to 1."""
NORMAL = np.array([1.645, 0.674, 0.0, 0.674, 1.645]) * 1.2533
"""Distances of quantiles from the median in mean absolute deviations of a normal distribution."""
CLOUD = 0.2
"""Blue reflectance of a Bavarian field from which it is taken for a cloud."""
LEARNED, COMPARED = 6000, 4000
"""Queries of training and of each set that are compared."""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """Series, and when they are forecast."""

    series: Series
    issues: list[int]
    until: int
    """Targets on or after this day are left out."""
    by: str = "day"
    """What is resampled: `day`, or `place`."""
    places: np.ndarray | None = None


@dataclass(frozen=True, kw_only=True)
class Said:
    """R forecasts of clear observations."""

    owner: np.ndarray
    place: np.ndarray
    issue: np.ndarray
    day: np.ndarray
    truth: np.ndarray
    quantiles: np.ndarray
    """(R, Q) without the further stretch of unseen seasons."""
    doubt: np.ndarray
    scatter: np.ndarray
    """Mean absolute departure of the history from its climatology."""
    features: np.ndarray
    """(R, G) queries."""


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=("whole", "few", "dissimilarity"))
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", default="ndvi-small-before-2022")
    given = parser.parse_args()
    model = _without_stretch(find_checkpoint(given.model, "forecast", Settings()))
    if given.part == "dissimilarity":
        dissimilarity(given.data, model)
        return
    print("| set | history | way | pinball | change, % | in 50 % | in 90 % | below | above |\n|" + "---|" * 9)
    shared = []
    for name, judged in sets(given.data):
        for newest in FEW if given.part == "few" else (None,):
            found = said(judged, newest, model)
            for way, quantiles in ways(found, given.part):
                row(f"{name} | {newest or 'whole'} | {way}", found, quantiles, judged.by)
            shared.append(f"{name}, {newest or 'whole'}: {by_date(found)}")
    print("\nof the squared error in common; dates; deciles in 50 %:\n" + "\n".join(shared))


def sets(data: Path) -> Iterator[tuple[str, Judged]]:
    """Yield the sets with their names."""
    known = ("romania_forest_cube", "fordead_conifer_cube:whole", "franconia_grassland_s2", "hrvpp_s2_sites")
    loaded = {name: load_sets({name: 1.0}, data)[name].series for name in known}
    romania, stand, franconia, sites = loaded.values()
    yield "Romania", Judged(series=romania.take(_every(romania, 10)), issues=firsts(2017, 2018), until=_day(2019))
    yield "stand", Judged(series=stand.take(_every(stand, 16)), issues=firsts(2017, 2017), until=_day(2018))
    yield "Franconia", Judged(series=franconia, issues=firsts(2022, 2023)[5:], until=_day(2024))
    crops, grass = bavaria(data / "bavaria_fields_s2" / "test_bavaria_2018_fields.parquet")
    for name, series in (("Bavaria, crops", crops), ("Bavaria, grass", grass)):
        yield name, Judged(series=series, issues=firsts(2018, 2018)[3:7], until=_day(2019))
    yield "sites (learned)", Judged(series=sites, issues=firsts(2020, 2021), until=_day(2022), by="place")
    simulated, _ = sample_index_series(np.random.default_rng(777), 60)
    ends = np.quantile(simulated.days[:, [0, -1]].mean(axis=0), (0.4, 0.6, 0.8))
    regions = np.arange(len(simulated)) // GROUP
    yield "simulated", Judged(series=simulated, issues=[int(e) for e in ends], until=10**6, by="place", places=regions)


def firsts(first: int, last: int) -> list[int]:
    """Return the first day of each month of some years."""
    return [to_day(date(year, month, 1)) for year in range(first, last + 1) for month in range(1, 13)]


def bavaria(path: Path) -> tuple[Series, Series]:
    """Return the NDVI of crops and of permanent grassland, without clouds."""
    table = pd.read_parquet(path)
    table.loc[table.B2_mean > 1e4 * CLOUD, "NDVI_mean"] = np.nan
    wide = table.pivot_table(index="id", columns="Date", values="NDVI_mean", dropna=False)
    values = np.full((*wide.shape, len(CHANNELS)), np.nan, np.float32)
    values[..., NDVI] = wide
    days = np.broadcast_to(to_days(pd.to_datetime(wide.columns).to_numpy("datetime64[ns]")), wide.shape).copy()
    series = Series(ids=wide.index.to_numpy(str), days=days, values=values)
    code = table.groupby("id").NC.first().loc[wide.index]
    is_grass = code.between(450, 459).to_numpy()
    return series.take(np.flatnonzero(~is_grass)), series.take(np.flatnonzero(is_grass))


def said(judged: Judged, newest: int | None, model: Checkpoint) -> Said:
    """Forecast all clear observations from each issue date."""
    places = np.arange(len(judged.series)) if judged.places is None else judged.places
    parts = [_one_issue(judged.series, issue, judged.until, newest, model, places) for issue in judged.issues]
    return Said(**{f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Said)})


def _one_issue(
    series: Series, issue: int, until: int, newest: int | None, model: Checkpoint, places: np.ndarray
) -> Said:
    ndvi = series.values[..., NDVI]
    seen = np.isfinite(ndvi) & (series.days < issue)
    until = min(issue + 150, until)
    targets, truth, kept = observed_targets(series.days, ndvi, issue, until, np.asarray(seen.any(axis=1)))
    if newest:
        age = np.cumsum(seen[:, ::-1], axis=1)[:, ::-1]
        values = np.where((seen & (age <= newest))[..., None], series.values, np.float32(np.nan))
        series = replace(series, values=values)
    issues = np.full(len(series), issue, np.int32)
    quantiles = forecast(series, issues, targets, model).quantiles
    history = without_snow(series.days, series.values[..., NDVI], issues)
    at = expect(series.days, history, issues, targets)
    past = np.where(
        series.days < issue, history - expect(series.days, history, issues, series.days).climatology, np.nan
    )
    count = np.maximum(np.isfinite(past).sum(axis=1), 1)
    scatter = np.nan_to_num(np.abs(past)).sum(axis=1) / count
    alone = np.zeros((*targets.shape, POOLED_FEATURES), np.float32)
    queries = forecast_queries(at.features, alone, issues, targets)
    owner, _ = np.nonzero(kept)
    return Said(
        owner=owner, place=places[owner], issue=np.full(len(owner), issue), day=targets[kept], truth=truth[kept],
        quantiles=quantiles[kept], doubt=at.doubt[kept], scatter=scatter[owner], features=queries[kept],
    )  # fmt: skip


def ways(found: Said, part: str) -> Iterator[tuple[str, np.ndarray]]:
    """Yield quantiles of each way, as they are first."""
    median = found.quantiles[:, [MEDIAN]]
    if part == "few":
        for factor in STRETCHES:
            none = np.zeros((1, 3), np.float32)
            further = Calibration(centres=none, factors=np.ones((1, 5, 5), np.float32), unseen=factor)
            outer = np.array([1, 0, 0, 0, 1]) * (further.of_doubt(found.doubt)[:, None] - 1)
            yield f"x {factor}", median + (found.quantiles - median) * (1 + outer)
        return
    yield "as it is", found.quantiles
    yield "own errors", median + (found.quantiles - median) * own_errors(found)[:, None]
    floor = found.scatter[:, None] * NORMAL
    yield "own scatter", median + np.sign(np.arange(5) - MEDIAN) * np.maximum(np.abs(found.quantiles - median), floor)


def own_errors(found: Said) -> np.ndarray:
    """Return (R,) the median error, in half widths, of forecasts verified before the issue date, drawn to 1."""
    median = found.quantiles[:, MEDIAN]
    side = np.where(found.truth > median, found.quantiles[:, 3] - median, median - found.quantiles[:, 1])
    table = pd.DataFrame({"owner": found.owner, "day": found.day, "miss": np.abs(found.truth - median) / side})
    dated = table.groupby(["owner", "day"]).miss.median().reset_index()
    factor = np.ones(len(found.truth))
    for issue in np.unique(found.issue):
        earlier = dated[dated.day < issue].groupby("owner").miss
        typical = (earlier.median().clip(0.3, 3) ** (earlier.size() / (earlier.size() + DRAWN_BY))).to_dict()
        here = found.issue == issue
        factor[here] = [typical.get(owner, 1.0) for owner in found.owner[here]]
    return factor


def by_date(found: Said) -> str:
    """Return what the errors of a date have in common, and how unlike dates are."""
    inside = (found.truth >= found.quantiles[:, 1]) & (found.truth <= found.quantiles[:, 3])
    dates, day = np.unique(found.day, return_inverse=True)
    low, high = np.quantile(np.bincount(day, inside) / np.bincount(day), (0.1, 0.9))
    return f"{in_common(found):.2f}; {len(dates)}; {low:.2f} to {high:.2f}"


def in_common(found: Said) -> float:
    """Return the share of the squared error of medians that is the mean error of all series on a date."""
    error = found.quantiles[:, MEDIAN].astype(np.float64) - found.truth
    _, day = np.unique(found.day, return_inverse=True)
    mean = (np.bincount(day, error) / np.bincount(day))[day]
    return float((mean**2).sum() / (error**2).sum())


def row(name: str, found: Said, quantiles: np.ndarray, by: str) -> None:
    """Print one row."""
    group = (found.day if by == "day" else found.place).astype(str)
    loss, before = pinball(quantiles, found.truth), pinball(found.quantiles, found.truth)
    change = bootstrap(lambda w: 100 * float(w @ loss / (w @ before) - 1), group)
    inside = [_share((found.truth >= quantiles[:, a]) & (found.truth <= quantiles[:, b])) for a, b in ((1, 3), (0, 4))]
    shares = [bootstrap(i, group) for i in inside]
    cells = [f"{s.value:.3f} [{s.low:.2f}, {s.high:.2f}]" for s in shares]
    outside = [(found.truth < quantiles[:, 0]).mean(), (found.truth > quantiles[:, 4]).mean()]
    moved = f"{change.value:+.2f} [{change.low:+.2f}, {change.high:+.2f}]"
    print(
        f"| {name} | {loss.mean():.4f} | {moved} | {' | '.join(cells)} | {outside[0]:.3f} | {outside[1]:.3f} |",
        flush=True,
    )


def _share(inside: np.ndarray) -> Callable[[np.ndarray], float]:
    return lambda weight: float(weight @ inside / weight.sum())


def dissimilarity(data: Path, model: Checkpoint) -> None:
    """Print how well the distance to what was learned tells targets outside the 90 % interval."""
    run = RUNS[model.name]
    learned = {name: learnable(s) for name, s in cut(run, load_sets(run.mixture, data)).items()}
    rng = np.random.default_rng(5)
    drawn = [forecast_batch(rng, learned, run.mixture, size=256, targets=4, context=0) for _ in range(12)]
    points = np.concatenate([b.queries.reshape(-1, b.queries.shape[-1]) for b in drawn])
    points = points[rng.permutation(len(points))[:LEARNED]]
    area = fit_area(points, np.arange(len(points)) % 5, most_points=LEARNED)
    print("| set | history | index, median | ROC-AUC of a miss |\n|---|---|---|---|")
    for name, judged in sets(data):
        for newest in (1, 5, None):
            found = said(judged, newest, model)
            rows = np.random.default_rng(0).permutation(len(found.truth))[:COMPARED]
            truth, quantiles = found.truth[rows], found.quantiles[rows]
            index = area.index(found.features[rows])
            auc = roc_auc((truth < quantiles[:, 0]) | (truth > quantiles[:, 4]), index, np.ones(len(rows)))
            print(f"| {name} | {newest or 'whole'} | {np.median(index):.2f} | {auc:.3f} |", flush=True)


def _every(series: Series, step: int) -> np.ndarray:
    return np.arange(0, len(series), step)


def _day(year: int) -> int:
    return to_day(date(year, 1, 1))


def _without_stretch(model: Checkpoint) -> Checkpoint:
    """Return the model without the further stretch of unseen seasons."""
    calibration = {**model.card["calibration"], "unseen_season": 1.0} if "calibration" in model.card else None
    return replace(model, card={**model.card, "calibration": calibration})


if __name__ == "__main__":
    main()
