"""Claim: crop can be mapped while the season goes on, and the probabilities still mean what they say.

    python -m benchmarks.classes.in_season --data ../shared/data

Real data: the WorldCereal points, five folds of one-degree cells, each judged by networks that learned from the others,
as crop does. The same series are asked about some days before the season's end, with nothing later to be seen.
Temperature and biases are those of whole seasons of the other folds. The baseline is LightGBM on calendar-month means
of whole seasons. Intervals resample cells.
"""

import argparse
from dataclasses import fields
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.classes.unseen_sources import RUN, SET, auc, baseline, gap
from core.settings import Settings
from models.calibration.temperature import fit_temperature_and_bias
from models.checkpoint import load_network
from models.metrics.class_scores import score_classes
from models.registry import find_checkpoint
from models.training_set import last_seen
from training.class_examples import Pool, make_pool
from training.datasets import load_sets
from training.finetune import finetune, logits_of
from training.folds import FOLDS, folds_by_hash

DAYS_LEFT = (0, 60, 120, 180, 240)


def main() -> None:
    """Print a row for each number of days that are left of the season."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    options = parser.parse_args()
    points = load_sets(RUN.mixture, options.data)
    after = last_seen(points[SET].series) + 1
    pool = make_pool(points, RUN.mixture, "crop", months=RUN.months, copies=RUN.copies, seed=0)

    def asked_before(left: int) -> Pool:
        days = {SET: (after - left).astype(np.int32)}
        return make_pool(points, RUN.mixture, "crop", months=RUN.months, copies=0, seed=0, days=days)

    asked = joined([asked_before(left) for left in DAYS_LEFT])
    ours, theirs = by_folds(pool, asked)
    count = len(asked) // len(DAYS_LEFT)
    print("| days left of the season | ROC-AUC | Brier | ECE | ROC-AUC of LightGBM on monthly means |")
    print("|---|---|---|---|---|")
    for number, left in enumerate(DAYS_LEFT):
        rows = np.arange(number * count, (number + 1) * count)
        part = asked.take(np.isin(np.arange(len(asked)), rows))
        scores = score_classes(part.labels, calibrated(ours, asked, rows, count), part.places)
        print(f"| {left} | {auc(gap(ours[rows]), part)} | {scores.brier} | {scores.ece} | {auc(theirs[rows], part)} |")


def joined(pools: list[Pool]) -> Pool:
    """Return the rows of several pools as one."""
    return Pool(**{f.name: np.concatenate([getattr(p, f.name) for p in pools]) for f in fields(Pool)})


def by_folds(pool: Pool, asked: Pool) -> tuple[np.ndarray, np.ndarray]:
    """Return (N, 2) logits of landcast and (N,) scores of the baseline, each row by what has not seen its cell."""
    trunk = load_network(find_checkpoint(RUN.trunk, "forecast", Settings()))
    ours, theirs = np.zeros((len(asked), 2), np.float32), np.zeros(len(asked))
    for number in range(FOLDS):
        learned, held = pool.take(folds_by_hash(pool.places) != number), folds_by_hash(asked.places) == number
        with TemporaryDirectory() as folder:
            network = finetune(RUN, trunk, learned, log=Path(folder) / "log.jsonl", progress=lambda _share: None)
        part = asked.take(held)
        ours[held], theirs[held] = logits_of(network, part), baseline(learned, part)
    return ours, theirs


def calibrated(logits: np.ndarray, asked: Pool, rows: np.ndarray, count: int) -> np.ndarray:
    """Return (R, 2) probabilities of some rows: each fold by what whole seasons (the first rows) of the others give."""
    share = np.zeros((len(rows), 2), np.float32)
    for number in range(FOLDS):
        held = folds_by_hash(asked.places) == number
        others = ~held & (np.arange(len(asked)) < count)
        scaling = fit_temperature_and_bias(asked.labels[others], logits[others])
        share[held[rows]] = scaling.apply_logits(logits[rows][held[rows]])
    return share


if __name__ == "__main__":
    main()
