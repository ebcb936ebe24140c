"""Claim: each part of the forecaster is there for a reason, or its reason is said to be missing.

    python -m benchmarks.forecasts.ablation --data ../shared/data --log rows.jsonl [--seeds 0,1,2] [--rows full,...]
        [--steps 1200]
    python -m benchmarks.forecasts.ablation --log rows.jsonl --report

Every row is a training of its own from random weights, of 1,200 steps of 128 series, three seeds each. `full` is the
recipe of `ndvi-small`: features of the history alone. None has seen the reference sites after 2020, the stand (FORDEAD
cube), or the Romanian forest, which all judge, and no judge is later than 2021. Real data judge; the simulated series
only train. Rows that are done are read from the log.
"""

import argparse
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch

from core.cube import Series
from core.timeline import Days, to_day
from ingest.cubes.read import read_cube
from models.baselines.climatology import FEATURES, WEEKS
from models.network.earthpt import SIZES, EarthPT
from models.network.queries import TERRAIN
from models.network.tokens import TIME_FEATURES
from models.training_set import TrainingSet
from training.datasets import load_sets
from training.distributed import new_generator
from training.optimise import optimise
from training.runs import RUNS, Run
from training.sampling import NDVI, ForecastBatch, forecast_batch, hindcast
from training.train import cut, forecast_loss, hindcast_all, inputs_of, learnable, pinball

STEPS = 1200
STEP_DAYS = 10
"""Of a roll-out: what is predicted up to so many days ahead is read as if it had been observed."""
Change = Callable[[ForecastBatch], ForecastBatch]
Judges = dict[str, list[ForecastBatch]]


def unchanged(batch: ForecastBatch) -> ForecastBatch:
    """Leave a batch as it is."""
    return batch


def without(first: int, last: int) -> Change:
    """Return what blanks some features of the history in the queries."""

    def change(batch: ForecastBatch) -> ForecastBatch:
        queries = batch.queries.copy()
        queries[..., TIME_FEATURES + first : TIME_FEATURES + last] = 0
        return replace(batch, queries=queries)

    return change


def without_base(batch: ForecastBatch) -> ForecastBatch:
    """Take away climatology, anomaly and all features of them: the network has its tokens alone."""
    queries = batch.queries.copy()
    queries[..., TIME_FEATURES:-TERRAIN] = 0
    known = np.where(np.isfinite(batch.base), np.float32(0.5), np.float32(np.nan))
    return replace(batch, queries=queries, base=known, unit=np.full_like(batch.unit, 0.2))


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One row: the full recipe but for one thing."""

    change: Change = unchanged
    """Done to every batch, learned from or judged on."""
    size: str = "features"
    mixture: Mapping[str, float] = field(default_factory=dict)
    """Instead of the recipe's, where given."""
    is_rolled_out: bool = False


RUN = replace(RUNS["ndvi-small-before-2021"], steps=STEPS)
RECIPE = RUN.mixture
NEAR, COURSE = FEATURES - 3 * WEEKS - 9, FEATURES - 3 * WEEKS
"""First features of what was seen around a target date, and of the course of the present season."""
VARIANTS = {
    "full": Variant(),
    "tokens of 32 dates too": Variant(size="small"),
    "no course of the season": Variant(change=without(COURSE, FEATURES)),
    "no neighbours of the date": Variant(change=without(NEAR, COURSE)),
    "no climatology and anomaly": Variant(change=without_base),
    "no prior of NDVI series": Variant(mixture={k: v for k, v in RECIPE.items() if k != "simulated_index"}),
    "no simulated series": Variant(mixture={k: v for k, v in RECIPE.items() if not k.startswith("simulated")}),
}
ROLLED_OUT = "full, rolled out by ten days"


def main() -> None:
    """Train what is missing in the log, or print the table of what is in it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--rows", default=",".join(VARIANTS))
    parser.add_argument("--steps", type=int, default=STEPS, help="others have rows of their own in the log")
    parser.add_argument("--report", action="store_true")
    options = parser.parse_args()
    if options.report:
        print_table(read_log(options.log))
        return
    if options.data is None:
        parser.error("--data is needed to train")
    sets = load_sets(RECIPE, options.data)
    judges = judged_on(sets["hrvpp_s2_sites"].series, options.data)
    for seed in (int(s) for s in options.seeds.split(",")):
        for name in options.rows.split(","):
            if not any(r["row"] == row_of(name, options.steps) and r["seed"] == seed for r in read_log(options.log)):
                measure(name, replace(RUN, seed=seed, steps=options.steps), sets, judges, options.log)


def row_of(name: str, steps: int) -> str:
    """Return the name of a row in the log and the table."""
    return name if steps == STEPS else f"{name}, {steps:,} steps"


def measure(name: str, run: Run, sets: Mapping[str, TrainingSet], judges: Judges, log: Path) -> None:
    """Train one row and add its scores to the log; of the full recipe, those of its roll-out too."""
    variant = VARIANTS[name]
    network = trained(variant, replace(run, mixture=variant.mixture or RECIPE), sets)
    rows = [{"row": row_of(name, run.steps), "seed": run.seed, **scores(network, judges, variant.change)}]
    if name == "full":
        rows.append({"row": row_of(ROLLED_OUT, run.steps), "seed": run.seed, **rolled_out(network, judges)})
    with log.open("a", encoding="utf-8") as lines:
        lines.writelines(json.dumps(row) + "\n" for row in rows)
    print(rows[0], flush=True)


def trained(variant: Variant, run: Run, sets: Mapping[str, TrainingSet]) -> EarthPT:
    """Train as training.train does, every batch changed."""
    torch.manual_seed(run.seed)
    network = EarthPT(SIZES[variant.size])
    learned = {name: learnable(s) for name, s in cut(run, sets).items() if name in run.mixture}

    def loss(network: EarthPT, rng: np.random.Generator) -> torch.Tensor:
        context = network.config.context
        batch = forecast_batch(rng, learned, run.mixture, size=run.batch, targets=run.targets, context=context)
        return forecast_loss(network, variant.change(batch))

    with TemporaryDirectory() as folder:
        return optimise(
            network,
            run,
            rng=new_generator(run.seed),
            loss=loss,
            score=lambda _network: 0.0,
            log=Path(folder) / "log.jsonl",
            progress=lambda _share: None,
        )[0]


_SOURCES: dict[str, tuple[Series, list[int], int]] = {}
"""Series, issue dates and the first day that is not asked about, of each judge."""


def judged_on(sites: Series, data: Path) -> Judges:
    """Return hindcasts of the four judges."""
    stand = read_cube(next(iter(sorted((data / "fordead_conifer_cube").glob("*.nc"))))).series()
    forest = load_sets({"romania_forest_cube": 1.0}, data)["romania_forest_cube"].series
    months = [to_day(date(2021, month, 1)) for month in range(1, 13)]
    firsts = [to_day(date(y, m, 1)) for y, m in ((2018, 1), (2018, 7), (2019, 1))]
    spring = [to_day(date(2019, month, 1)) for month in range(1, 9)]
    _SOURCES["sites 2021"] = sites, months, to_day(date(2022, 1, 1))
    _SOURCES["stand"] = stand.take(np.arange(0, len(stand), 13)), firsts, to_day(date(2020, 1, 1))
    _SOURCES["forest 2019"] = forest.take(np.arange(0, len(forest), 5)), spring, to_day(date(2020, 1, 1))
    found = {n: [hindcast_all(s, to_day_of(i), to_day_of(u)) for i in issues] for n, (s, issues, u) in _SOURCES.items()}
    year = [hindcast_all(last_year(sites, i), to_day_of(i), date(2022, 1, 1)) for i in months]
    found["sites 2021, one year of history"] = year
    return {name: [b for b in batches if b is not None] for name, batches in found.items()}


def last_year(series: Series, issue: int) -> Series:
    """Return the series with what lies more than a year before an issue date unseen."""
    first = np.full(len(series), issue - 365, np.int32)
    return series.between(first, np.full_like(first, np.iinfo(np.int32).max))


def to_day_of(day: int) -> date:
    """Return a day number as a date."""
    return date.fromordinal(date(1970, 1, 1).toordinal() + day)


def scores(network: EarthPT, judges: Judges, change: Change) -> dict[str, Any]:
    """Return the mean pinball of each judge, series weighted equally."""
    return {name: of_batches(network, [change(b) for b in batches]) for name, batches in judges.items()}


def of_batches(network: EarthPT, batches: list[ForecastBatch]) -> float:
    """Return the mean over series of each series' mean pinball loss."""
    losses, owners = [], []
    for batch in batches:
        loss, owner = loss_of(batch, quantiles_of(network, batch))
        losses.append(loss)
        owners.append(owner)
    owner = np.concatenate(owners)
    means = np.bincount(owner, np.concatenate(losses)) / np.maximum(np.bincount(owner), 1)
    return float(means[np.bincount(owner) > 0].mean())


def quantiles_of(network: EarthPT, batch: ForecastBatch) -> np.ndarray:
    """Return (B, H, Q) quantiles of NDVI."""
    with torch.inference_mode():
        raw = network.forward(*inputs_of(batch)).numpy()
    return np.asarray(batch.base[..., None] + batch.unit[..., None] * raw)


def loss_of(batch: ForecastBatch, quantiles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (R,) losses of the known targets and the numbers of their series."""
    each = pinball(torch.from_numpy(quantiles), torch.from_numpy(batch.truth)).numpy()
    known = np.isfinite(each)
    return each[known], np.nonzero(known)[0]


def rolled_out(network: EarthPT, judges: Judges) -> dict[str, float]:
    """Return the scores when the network is asked ten days ahead at a time, and reads its own medians."""
    rolled = {name: _rolled_of(network, *source) for name, source in _SOURCES.items()}
    return {name: rolled.get(name, float("nan")) for name in judges}


def _rolled_of(network: EarthPT, series: Series, issues: list[int], until: int) -> float:
    losses, owners = [], []
    for issue in issues:
        read = blinded(series, issue)
        for ahead in range(0, 150, STEP_DAYS):
            first = issue + ahead
            last = min(first + STEP_DAYS, until)
            answer = asked(network, read, series, first, last)
            if answer is not None:
                batch, targets, quantiles = answer
                loss, owner = loss_of(batch, quantiles)
                losses.append(loss)
                owners.append(owner)
                read = with_medians(read, targets, quantiles[..., quantiles.shape[-1] // 2])
    owner = np.concatenate(owners)
    means = np.bincount(owner, np.concatenate(losses)) / np.maximum(np.bincount(owner), 1)
    return float(means[np.bincount(owner) > 0].mean())


def blinded(series: Series, day: int) -> Series:
    """Return the series with everything from a day on unseen."""
    values = np.where((series.days < day)[..., None], series.values, np.float32(np.nan))
    return replace(series, values=values.astype(np.float32))


def asked(
    network: EarthPT, read: Series, series: Series, first: int, last: int
) -> tuple[ForecastBatch, Days, np.ndarray] | None:
    """Ask about all dates of some days from what is read; None where there is none."""
    days = np.unique(series.days[(series.days >= first) & (series.days < last)])
    if not len(days):
        return None
    targets = np.broadcast_to(days.astype(np.int32), (len(series), len(days))).copy()
    if len(days) == 1:
        targets = np.repeat(targets, 2, axis=1)
        targets[:, 1] = first - 100_000
    batch = hindcast(read, np.full(len(series), first, np.int32), targets)
    truth = hindcast(series, np.full(len(series), first, np.int32), targets).truth
    return replace(batch, truth=truth), targets, quantiles_of(network, batch)


def with_medians(read: Series, targets: Days, medians: np.ndarray) -> Series:
    """Return the series with predictions in the place of observations of NDVI."""
    values = read.values.copy()
    for column in range(targets.shape[1]):
        at = read.days == targets[:, column : column + 1]
        values[..., NDVI] = np.where(at, medians[:, column : column + 1], values[..., NDVI])
    return replace(read, values=values)


def read_log(log: Path) -> list[dict[str, Any]]:
    """Return the rows measured so far."""
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()] if log.exists() else []


def print_table(rows: list[dict[str, Any]]) -> None:
    """Print the mean over seeds, and how far each row is from the full one of the same seed."""
    judges = [k for k in rows[0] if k not in ("row", "seed")]
    full = {r["seed"]: r for r in rows if r["row"] == "full"}
    print("| trained | seeds |", " | ".join(judges), "|")
    print("|---|---|" + "---|" * len(judges))
    for name in dict.fromkeys(r["row"] for r in rows):
        mine = [r for r in rows if r["row"] == name]
        cells = [
            cell([r[j] for r in mine], [r[j] - full[r["seed"]][j] for r in mine if r["seed"] in full]) for j in judges
        ]
        print(f"| {name} | {len(mine)} | {' | '.join(cells)} |")


def cell(values: list[float], gaps: list[float]) -> str:
    """Return `mean (difference +- its standard deviation over seeds)`, in units of 0.0001 within the brackets."""
    if not any(gaps):
        return f"{np.mean(values):.4f} (sd {1e4 * np.std(values, ddof=1) if len(values) > 1 else 0:.0f})"
    spread = np.std(gaps, ddof=1) if len(gaps) > 1 else 0.0
    return f"{np.mean(values):.4f} ({1e4 * np.mean(gaps):+.0f} ± {1e4 * spread:.0f})"


if __name__ == "__main__":
    main()
