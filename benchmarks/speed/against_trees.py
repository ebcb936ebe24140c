"""Measure class models beside a LightGBM on the same features, with the time of the features on both sides.

    python -m benchmarks.speed.against_trees \
        [--series 1024] [--fitted 1500] [--rounds 3] [--data ../shared/data] [--out rows.json]

Simulated series, whose labels are known: nothing here is evidence of accuracy on real ones. LightGBM is fitted to the
features of some and asked about others of the same kind, which favours it: the shipped model learned from other data.
Of each task there are two such rows: LightGBM with as many rounds as the shipped model has trees, and with the fewest
rounds whose accuracy is that of the shipped model at least. Old is LightGBM, new the shipped model, each on one core.
With `--data`, real labels say how many rounds equal it: LightGBM on the features of the WorldCereal points, out of
fold by the folds of the card. The area under the ROC curve by rounds is printed, and that row is timed too.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import lightgbm
import numpy as np
from numpy.typing import NDArray

from benchmarks.paired import Row, in_turns, kept, parser
from core.bands import Floats
from core.cube import Series
from core.settings import Settings
from core.timeline import Days
from ingest.simulate.series import sample_series
from models.metrics.bootstrap import roc_auc
from models.network.class_features import class_features
from models.network.composite import calendar_composite
from models.network.trees import AS_THEY_ARE, PARAMETERS
from models.registry import find_checkpoint
from models.runtime import classify
from products import canopy, crop
from training.class_examples import make_pool
from training.datasets import load_sets
from training.folds import folds_by_hash

Labels = NDArray[np.int64]
POINTS, TRIED = "worldcereal_points", (20, 40, 80, 160, 300, 500, 800, 1050)
"""Real labelled series, and rounds of LightGBM that are tried on them."""
STEP = 10
"""Rounds between two sizes of LightGBM that are tried."""


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--series", type=int, default=1024)
    options.add_argument("--fitted", type=int, default=1500)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--data", type=Path, help="folder of the real data collection")
    chosen = options.parse_args()
    series, labels = sample_series(np.random.default_rng(0), chosen.fitted + chosen.series)
    ends = (series.days[:, -1] + 1).astype(np.int32)
    found: list[Row] = []
    equal = [equal_on_points(chosen.data)] if chosen.data else []
    for task, months in (("canopy", canopy.MONTHS), ("crop", crop.MONTHS)):
        given, more = np.asarray(labels[task], np.int64), equal if task == "crop" else []
        found += beside(task, months, series, ends, given, fitted=chosen.fitted, rounds=chosen.rounds, more=more)
    kept(found, chosen.out)


def beside(
    task: str, months: int, series: Series, ends: Days, labels: Labels, *, fitted: int, rounds: int, more: list[int]
) -> list[Row]:
    """Return the rows of a task; `more` are further numbers of LightGBM's rounds."""
    checkpoint = find_checkpoint("", task, Settings(device="cpu"))
    known, asked = slice(0, fitted), slice(fitted, None)
    trees = int(checkpoint.card["network"]["trees"][0])
    classes = len(checkpoint.card["classes"])
    most = trees // (classes if classes > 2 else 1)
    booster = boosted(features_of(series.take(known), ends[known], months), labels[known], classes, most)
    others, their_ends, truth = series.take(asked), ends[asked], labels[asked]

    def ours() -> Floats:
        return classify(others, their_ends, checkpoint, months=months, threads=1).probability

    def by_trees(iterations: int) -> Floats:
        features = features_of(others, their_ends, months).astype(np.float64)
        return np.asarray(booster.predict(features, num_iteration=iterations, num_threads=1))

    own = accuracy(ours(), truth)
    equal = next((n for n in range(STEP, most, STEP) if accuracy(by_trees(n), truth) >= own), most)
    return [
        _row(f"{task}, LightGBM of {n} rounds", partial(by_trees, n), ours, truth, rounds)
        for n in dict.fromkeys((equal, *more, most))
    ]


def equal_on_points(data: Path) -> int:
    """Return the fewest of TRIED rounds with which LightGBM tells real crops as well as the shipped model, out of fold.

    All of them, if none does.
    """
    own = find_checkpoint("", "crop", Settings(device="cpu")).card["accuracy"]["out_of_fold"][POINTS]["roc_auc_crop"]
    pool = make_pool(load_sets({POINTS: 1.0}, data), {POINTS: 1.0}, "crop", months=crop.MONTHS, copies=0, seed=0)
    pool = pool.take(pool.labels >= 0)
    said, fold = {n: np.zeros(len(pool)) for n in TRIED}, folds_by_hash(pool.places)
    for number in np.unique(fold):
        is_held = fold == number
        booster = boosted(pool.features[~is_held], pool.labels[~is_held], 2, max(TRIED), threads=2)
        for n in TRIED:
            said[n][is_held] = booster.predict(pool.features[is_held].astype(np.float64), num_iteration=n)
    areas = {n: roc_auc(pool.labels == 1, share, np.ones(len(pool))) for n, share in said.items()}
    print(f"ROC-AUC of real crops, the shipped model {own};", ", ".join(f"{n}: {a:.4f}" for n, a in areas.items()))
    return next((n for n, area in areas.items() if round(area, 4) >= float(own.split()[0])), max(TRIED))


def _row(name: str, old: Callable[[], Floats], new: Callable[[], Floats], truth: Labels, rounds: int) -> Row:
    row = in_turns(old, new, rounds=rounds)
    return {
        "name": name,
        **row,
        "old_series_per_cpu_second": len(truth) / row["old_cpu_seconds"],
        "new_series_per_cpu_second": len(truth) / row["new_cpu_seconds"],
        "old_accuracy": accuracy(old(), truth),
        "new_accuracy": accuracy(new(), truth),
    }


def features_of(series: Series, ends: Days, months: int) -> Floats:
    """Return (N, F) features of the months, as class models read them; NaN = unseen."""
    return class_features(calendar_composite(series, ends, months=months))


def boosted(features: Floats, labels: Labels, classes: int, rounds: int, threads: int = 1) -> lightgbm.Booster:
    """Return trees grown with the parameters of the shipped models."""
    task = {"objective": "binary"} if classes == 2 else {"objective": "multiclass", "num_class": classes}
    data = lightgbm.Dataset(features.astype(np.float64), label=labels)
    return lightgbm.train({**PARAMETERS, **AS_THEY_ARE, **task, "num_threads": threads}, data, num_boost_round=rounds)


def accuracy(shares: Floats, truth: Labels) -> float:
    """Return the share of series whose most probable class is the true one."""
    codes = (shares >= 0.5).astype(int) if shares.ndim == 1 else np.nan_to_num(shares).argmax(axis=1)
    return float((codes == truth).mean())


if __name__ == "__main__":
    main()
