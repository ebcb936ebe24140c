"""Claims: intervals of places kept out are right on average, not for each place; one head is as good as six.

    python -m benchmarks.forecasts.kept_out_places --data ../shared/data --networks FILE train
    python -m benchmarks.forecasts.kept_out_places --data ../shared/data --networks FILE intervals
    python -m benchmarks.forecasts.kept_out_places --data ../shared/data --networks FILE heads

`train`: four networks by the recipe of `ndvi-small-before-2020`, each without the places of its fold, a third as long;
places are sites, one-degree cells, and whole patches. One batch serves all four. `intervals`: forecasts of places by
the network that has not learned from them, as it predicts and calibrated as `ndvi-small-before-2022` is, with whole
histories, those of a year, and the newest 1, 2, 5 observations: the share of outcomes in the 50 and 90 % intervals, and
the loss of the calibrated ones by that of the others. Sites are judged in 2020 and 2021, all sets before 2022; a
Romanian forest in 2017 and 2018, a stand in 2017 and Bavarian fields in 2018 were learned from by none. `heads`: the
loss of the first heads alone, by that of the mean of all, and the shares in their intervals, both calibrated.
"""

import argparse
import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import torch

from benchmarks.forecasts.unlike_series import bavaria
from core.bands import channel
from core.cube import Series
from core.settings import Settings
from core.timeline import to_day
from evaluation.hindcast.past_issues import observed_targets
from ingest.simulate.index_series import GROUP, sample_index_series
from models.baselines.climatology import Expectation, expect
from models.baselines.pooled import Pool, alone, pooled_features
from models.baselines.snow import without_snow
from models.calibration.quantiles import Calibration
from models.metrics.forecast_scores import pinball
from models.network.earthpt import SIZES, EarthPT
from models.network.queries import forecast_queries
from models.network.tokens import TOKEN_FEATURES
from models.registry import find_checkpoint
from models.training_set import TrainingSet
from training.datasets import load_sets
from training.optimise import learning_rate
from training.runs import RUNS, Run
from training.sampling import ForecastBatch, forecast_batch
from training.train import cut, learnable
from training.train import pinball as pinball_of_tensors

FOLDS = 4
ONE_PLACE = {
    "modis_matogrosso_raster": 0,
    "slovenia_testeopatch": 1,
    "worldcereal_patches": 2,
    "fusets_spain_fields": 3,
    "landsat_vermont_30years": 0,
}
"""Sets of one place, and the fold that does not learn from them."""
HISTORIES = ("whole", "a year", "1", "2", "5")
NDVI = channel("NDVI")
FIRST_OF = (1, 4, 7, 10)
"""Months in which forecasts are issued."""
KEPT = (1, 2, 3)
"""Heads that are tried alone."""
JUDGED = 160
"""Most series of a set."""


def main() -> None:
    """Train, or print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=("train", "intervals", "heads"))
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--networks", type=Path, required=True, help="file that holds the four networks")
    parser.add_argument("--steps", type=int, default=1000)
    given = parser.parse_args()
    if given.part == "train":
        run = replace(RUNS["ndvi-small-before-2020"], steps=given.steps)
        torch.save([network.state_dict() for network in train(run, given.data)], given.networks)
    elif given.part == "intervals":
        intervals(given.data, networks(given.networks))
    else:
        heads(given.data, networks(given.networks))


def fold_of(name: str, places: np.ndarray) -> np.ndarray:
    """Return (N,) the fold of each series of a set, by its place."""
    if name in ONE_PLACE:
        return np.full(len(places), ONE_PLACE[name])
    names, at = np.unique(places, return_inverse=True)
    fold = [int(hashlib.sha256(str(n).encode()).hexdigest(), 16) % FOLDS for n in names]
    return np.array(fold)[at]


def networks(path: Path) -> list[EarthPT]:
    """Return the four networks of a file."""
    found = [EarthPT(SIZES["features"]) for _ in range(FOLDS)]
    for network, state in zip(found, torch.load(path, weights_only=True), strict=True):
        network.load_state_dict(state)
    return [network.eval() for network in found]


def train(run: Run, data: Path) -> list[EarthPT]:
    """Train a network for each fold on batches that are drawn fold by fold; the running averages are kept."""
    torch.manual_seed(run.seed)
    sets = {name: learnable(s) for name, s in cut(run, load_sets(run.mixture, data)).items()}
    folds = {name: fold_of(name, s.places) for name, s in sets.items()}
    learners = [EarthPT(SIZES[run.size]) for _ in range(FOLDS)]
    averaged = [torch.optim.swa_utils.AveragedModel(n, multi_avg_fn=_average(run)) for n in learners]
    optimisers = [torch.optim.AdamW(n.parameters(), lr=run.learning_rate, betas=(0.9, 0.95)) for n in learners]
    rng = np.random.default_rng(7)
    for step in range(1, run.steps + 1):
        batches = list(drawn(rng, sets, folds, run))
        for number, (network, optimiser) in enumerate(zip(learners, optimisers, strict=True)):
            learned = [batch for fold, batch in batches if fold != number]
            loss = _step(network.train(), optimiser, learned, run, step)
            averaged[number].update_parameters(network)
        if step % 50 == 0:
            print(step, f"{loss:.4f}", flush=True)
    return [a.module for a in averaged]


def drawn(
    rng: np.random.Generator, sets: dict[str, TrainingSet], folds: dict[str, np.ndarray], run: Run
) -> Iterator[tuple[int, ForecastBatch]]:
    """Yield folds and batches: of each set as many series as its weight says, of one fold, or of two if many."""
    share = np.array([run.mixture[name] for name in sets])
    counts = rng.multinomial(run.batch * FOLDS // (FOLDS - 1), share / share.sum())
    for name, count in zip(sets, counts, strict=True):
        size = np.bincount(folds[name], minlength=FOLDS)
        parts = (count - count // 2, count // 2) if count > 24 else (count,)
        for fold, part in zip(rng.choice(FOLDS, len(parts), p=size / size.sum()), parts, strict=True):
            if part:
                source = {name: sets[name].take(folds[name] == fold)}
                yield int(fold), forecast_batch(rng, source, {name: 1.0}, size=part, targets=run.targets, context=0)


def _average(run: Run):
    return torch.optim.swa_utils.get_ema_multi_avg_fn(run.average)


def _step(
    network: EarthPT, optimiser: torch.optim.Optimizer, batches: list[ForecastBatch], run: Run, step: int
) -> float:
    base, unit, truth, queries = (
        torch.from_numpy(np.concatenate([getattr(b, name) for b in batches]))
        for name in ("base", "unit", "truth", "queries")
    )
    for group in optimiser.param_groups:
        group["lr"] = learning_rate(run, step)
    optimiser.zero_grad(set_to_none=True)
    raw, _ = network.predict(*no_tokens(len(base)), queries)
    known = torch.isfinite(truth) & torch.isfinite(base)
    quantiles = base.nan_to_num().unsqueeze(-1) + unit.unsqueeze(-1) * raw
    loss = pinball_of_tensors(quantiles, truth.nan_to_num())[:, known].mean(1).sum()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(network.parameters(), run.clip)
    optimiser.step()
    return float(loss.detach()) / len(raw)


def no_tokens(rows: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return tokens and padding of series that are read by their features alone."""
    return torch.zeros(rows, 0, TOKEN_FEATURES), torch.zeros(rows, 0, dtype=torch.bool)


def said(
    network: EarthPT, days: np.ndarray, ndvi: np.ndarray, issue: int, targets: np.ndarray, pool: Pool | None = None
) -> tuple[np.ndarray, Expectation]:
    """Return (N, H, Q) quantiles of a network as it predicts, and what the histories say themselves."""
    issues = np.full(len(days), issue, np.int32)
    history = without_snow(days, np.where(days < issue, ndvi, np.nan).astype(np.float32), issues)
    at = expect(days, history, issues, targets)
    of_pool = alone(targets) if pool is None else pooled_features(pool, at, days, history, issues, targets)
    queries = torch.from_numpy(forecast_queries(at.features, of_pool, issues, targets))
    with torch.no_grad():
        raw = network(*no_tokens(len(days)), queries).numpy()
    return at.base[..., None] + at.unit[..., None] * raw, at


def judges(data: Path) -> Iterator[tuple[str, Series, np.ndarray, list[int], int]]:
    """Yield sets with their names, the fold of each series, issue dates, and the day that targets lie before."""
    whole = {
        "hrvpp_s2_sites": (2020, 2021),
        "slovenia_testeopatch": (2017,),
        "modis_flux_sites": (2012, 2015),
        "worldcereal_points": (2018, 2021),
        "rondonia_s2_points": (2019,),
        "romania_forest_cube": (2017, 2018),
        "fordead_conifer_cube:whole": (2017,),
    }
    for name, years in whole.items():
        source = load_sets({name: 1.0}, data)[name]
        rows = np.random.default_rng(0).permutation(len(source.series))[:JUDGED]
        fold = fold_of(name, source.places)[rows]
        yield name, source.series.take(rows), fold, _firsts(*years), to_day(date(years[-1] + 1, 1, 1))
    crops, grass = bavaria(data / "bavaria_fields_s2" / "test_bavaria_2018_fields.parquet")
    for name, series in (("Bavaria, crops", crops), ("Bavaria, grass", grass)):
        yield name, series, np.arange(len(series)) % FOLDS, _firsts(2018)[1:3], to_day(date(2019, 1, 1))
    simulated, _ = sample_index_series(np.random.default_rng(777), 20)
    ends = [int(e) for e in np.quantile(simulated.days[:, [0, -1]].mean(axis=0), (0.4, 0.6, 0.8))]
    yield "simulated", simulated, np.arange(len(simulated)) // GROUP % FOLDS, ends, 10**6


def _firsts(*years: int) -> list[int]:
    return [to_day(date(year, month, 1)) for year in years for month in FIRST_OF]


def intervals(data: Path, trained: list[EarthPT]) -> None:
    """Print the shares in the intervals, of each set and length of history."""
    calibration = _calibration()
    print("| set | history | targets | in 50 %, in 90 % as predicted | calibrated | change of the loss, % |")
    print("|---|---|---|---|---|---|")
    for name, series, fold, issues, until in judges(data):
        for history in HISTORIES:
            parts = [_one(series, fold, issue, until, history, trained, calibration) for issue in issues]
            truth, raw, moved = (np.concatenate(column) for column in zip(*parts, strict=True))
            if len(truth):
                change = 100 * (pinball(moved, truth).mean() / pinball(raw, truth).mean() - 1)
                cells = f"{_shares(raw, truth)} | {_shares(moved, truth)} | {change:+.2f}"
                print(f"| {name} | {history} | {len(truth)} | {cells} |", flush=True)


def heads(data: Path, trained: list[EarthPT]) -> None:
    """Print what one, two and three heads lose beside all of them, of each set and length of history."""
    calibration = _calibration()
    counts = (*KEPT, trained[0].config.members)
    by_count = {count: [network.with_heads(count).eval() for network in trained] for count in counts}
    print("| set | history | targets | " + " | ".join(f"{n}: change of the loss, %; in 50 %, in 90 %" for n in counts))
    print("|---|---|---|" + "---|" * len(counts))
    for name, series, fold, issues, until in judges(data):
        for history in HISTORIES:
            said_by = {}
            for count, some in by_count.items():
                parts = [_one(series, fold, issue, until, history, some, calibration) for issue in issues]
                truth, _, said_by[count] = (np.concatenate(column) for column in zip(*parts, strict=True))
            if len(truth):
                whole = pinball(said_by[counts[-1]], truth).mean()
                cells = [
                    f"{100 * (pinball(q, truth).mean() / whole - 1):+.2f}; {_shares(q, truth)}"
                    for q in said_by.values()
                ]
                print(f"| {name} | {history} | {len(truth)} | {' | '.join(cells)} |", flush=True)


def _calibration() -> Calibration:
    found = find_checkpoint("ndvi-small-before-2022", "forecast", Settings())
    return Calibration.from_json(found.card["calibration"])


def _one(
    series: Series, fold: np.ndarray, issue: int, until: int, history: str, trained: list[EarthPT], card: Calibration
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return outcomes (R,), and quantiles (R, Q) as predicted and calibrated, of one issue date."""
    seen = np.isfinite(series.values[..., NDVI]) & (series.days < issue)
    shown = np.where(seen & _kept(series.days, seen, issue, history), series.values[..., NDVI], np.nan)
    known = np.isfinite(shown).any(axis=1)
    until = min(issue + 150, until)
    targets, truth, kept = observed_targets(series.days, series.values[..., NDVI], issue, until, known)
    raw, moved = (np.zeros((*truth.shape, 5), np.float32) for _ in range(2))
    for number, network in enumerate(trained):
        rows = fold == number
        if rows.any():
            raw[rows], at = said(network, series.days[rows], shown[rows].astype(np.float32), issue, targets[rows])
            lead = (targets[rows] - issue + 1).astype(np.int32)
            moved[rows] = card.apply(raw[rows], lead, at.traits, at.doubt)
    return truth[kept], raw[kept], moved[kept]


def _kept(days: np.ndarray, seen: np.ndarray, issue: int, history: str) -> np.ndarray:
    """Return (N, T) which observations a history keeps."""
    if history == "whole":
        return np.ones(days.shape, bool)
    if history == "a year":
        return np.asarray(days >= issue - 365)
    return np.asarray(np.cumsum(seen[:, ::-1], axis=1)[:, ::-1] <= int(history))


def _shares(quantiles: np.ndarray, truth: np.ndarray) -> str:
    pairs = ((1, 3), (0, 4))
    return ", ".join(f"{((truth >= quantiles[:, a]) & (truth <= quantiles[:, b])).mean():.3f}" for a, b in pairs)


if __name__ == "__main__":
    main()
