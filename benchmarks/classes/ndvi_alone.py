"""Claim: crop and canopy are told from NDVI alone worse than from bands, and not worse than by trees made for it.

    python -m benchmarks.classes.ndvi_alone --data ../shared/data [--tasks crop,canopy]

Real data: the WorldCereal points (crop) and the flux sites (canopy). The recipes that ship learn fold by fold, as
always from all that their sets show; the places left out are asked about with NDVI and nothing else. Probabilities
are scaled by what the other folds' whole series give. The baseline is LightGBM on the same features of NDVI alone, of
the same set as it is. Intervals resample places.
"""

import argparse
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from core.bands import CHANNELS, channel
from core.settings import Settings
from models.calibration.temperature import Temperature, fit_temperature_and_bias
from models.checkpoint import load_network
from models.metrics.class_scores import score_classes
from models.network.class_features import NDVI_FEATURES
from models.registry import find_checkpoint
from models.training_set import TrainingSet
from training.class_examples import Pool, make_pool
from training.datasets import load_sets
from training.finetune import finetune, logits_of
from training.folds import FOLDS, folds_by_hash
from training.runs import RUNS, Run

JUDGED = {"crop": ("worldcereal_points",), "canopy": ("hrvpp_s2_sites",)}
BASELINE = {"learning_rate": 0.04, "num_leaves": 24, "min_child_samples": 10, "lambda_l2": 5.0, "verbosity": -1}
ROUNDS = 200
NEUTRAL = Temperature(temperature=1.0)


def main() -> None:
    """Print a table for each task."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--tasks", default="crop,canopy")
    options = parser.parse_args()
    for task in options.tasks.split(","):
        run = RUNS[task]
        sets = load_sets(run.mixture, options.data)
        pool = make_pool(sets, run.mixture, task, months=run.months, copies=run.copies, seed=0)
        judged = {name: sets[name] for name in JUDGED[task]}
        shares = {name: run.mixture[name] for name in judged}
        alone, whole = (
            make_pool(s, shares, task, months=run.months, copies=0, seed=0)
            for s in ({name: only_ndvi(s) for name, s in judged.items()}, judged)
        )
        ours, theirs = by_folds(run, pool, alone, whole)
        print_table(run, alone, ours, theirs)


def only_ndvi(source: TrainingSet) -> TrainingSet:
    """Return a set whose series show NDVI and nothing else, terrain neither."""
    values = source.series.values.copy()
    values[..., np.arange(len(CHANNELS)) != channel("NDVI")] = np.nan
    return replace(source, series=replace(source.series, values=values, static=None))


def by_folds(run: Run, pool: Pool, alone: Pool, whole: Pool) -> tuple[np.ndarray, np.ndarray]:
    """Return (N, K) probabilities of landcast and of the baseline, each row by what did not learn from its place."""
    trunk = load_network(find_checkpoint(run.trunk, "forecast", Settings()))
    size = (len(alone), len(run.classes))
    said, said_of_whole, theirs = np.zeros(size, np.float32), np.zeros(size, np.float32), np.zeros(size)
    for number in range(FOLDS):
        learned, held = pool.take(folds_by_hash(pool.places) != number), folds_by_hash(alone.places) == number
        with TemporaryDirectory() as folder:
            network = finetune(run, trunk, learned, log=Path(folder) / "log.jsonl", progress=lambda _share: None)
        said[held], said_of_whole[held] = logits_of(network, alone.take(held)), logits_of(network, whole.take(held))
        for name in np.unique(alone.sets):
            here = alone.sets == name
            theirs[held & here] = baseline(alone.take(here & ~held), alone.take(held & here), len(run.classes))
    return scaled(run, alone, said, said_of_whole), theirs


def scaled(run: Run, asked: Pool, logits: np.ndarray, of_whole: np.ndarray) -> np.ndarray:
    """Return probabilities: crop's folds by what the others' whole series give; canopy as its logits say."""
    share = np.zeros_like(logits)
    for number in range(FOLDS):
        held = folds_by_hash(asked.places) == number
        scaling = fit_temperature_and_bias(asked.labels[~held], of_whole[~held]) if run.task == "crop" else NEUTRAL
        share[held] = scaling.apply_logits(logits[held])
    return share


def baseline(learned: Pool, asked: Pool, classes: int) -> np.ndarray:
    """Return (N, K) probabilities of LightGBM on NDVI's features; 0 of classes that no label names."""
    import lightgbm

    def table(pool: Pool) -> np.ndarray:
        return pool.features[:, list(NDVI_FEATURES)].astype(np.float64)

    learned = learned.take(learned.labels >= 0)
    task = {"objective": "multiclass", "num_class": classes, "num_threads": 1, "seed": 0}
    data = lightgbm.Dataset(table(learned), label=learned.labels)
    return np.asarray(lightgbm.train({**BASELINE, **task}, data, num_boost_round=ROUNDS).predict(table(asked)))


def print_table(run: Run, asked: Pool, ours: np.ndarray, theirs: np.ndarray) -> None:
    """Print a row for each set and method."""
    told = run.classes[1]
    print(f"\n| {run.task} from NDVI alone | series | method | ROC-AUC of {told} | macro-F1 | Brier | ECE |")
    print("|---|---|---|---|---|---|---|")
    for name in dict.fromkeys(asked.sets):
        rows = (asked.sets == name) & (asked.labels >= 0)
        for method, share in (("landcast", ours), ("LightGBM", theirs)):
            scores = score_classes(asked.labels[rows], share[rows], asked.places[rows])
            figures = (scores.classes[1].roc_auc, scores.macro_f1, scores.brier, scores.ece)
            print(f"| {name} | {rows.sum()} | {method} | {' | '.join(map(str, figures))} |")


if __name__ == "__main__":
    main()
