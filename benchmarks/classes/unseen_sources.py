"""Claim: crop is told from the rest in countries that no label came from, better than by trees on monthly means alone.

    python -m benchmarks.classes.unseen_sources --data ../shared/data [--by country|source]

Real data: the WorldCereal points. Each country (or source) is left out in turn; the same recipe as crop learns from
the rest, and is asked about the one left out. The baseline is LightGBM as it comes, on calendar-month means of bands,
indices, backscatter and weather, with terrain. Intervals resample cells of one degree.
"""

import argparse
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.settings import Settings
from models.checkpoint import load_network
from models.metrics.bootstrap import bootstrap, roc_auc
from models.metrics.forecast_scores import Interval
from models.network.class_features import MONTHS, SEASONAL
from models.registry import find_checkpoint
from models.training_set import TrainingSet
from training.class_examples import Pool, make_pool
from training.datasets import load_sets
from training.finetune import finetune, logits_of
from training.runs import RUNS

SET = "worldcereal_points"
RUN = replace(RUNS["crop"], mixture={SET: 1.0}, name="unseen sources")


def grouped(points: TrainingSet, group: NDArray[np.str_], how: Mapping[str, Any]) -> tuple[NDArray[np.str_], Pool]:
    """Return the rows to learn from, and the group of each."""
    known = points.take(points.labels["crop"] != -1)
    names, parts = [], []
    for name in np.unique(group):
        parts.append(make_pool({SET: known.take(group == name)}, RUN.mixture, "crop", **how))
        names.append(np.full(len(parts[-1]), name))
    joined = Pool(**{f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Pool)})
    share = np.concatenate([np.full(len(p), len(p) / len(joined)) for p in parts])
    return np.concatenate(names), replace(joined, weight=joined.weight * share)


def main() -> None:
    """Print a row for each country or source."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--by", choices=["country", "source"], default="country")
    options = parser.parse_args()
    points = load_sets(RUN.mixture, options.data)[SET]
    source = np.array([str(i).split("|")[0] for i in points.series.ids])[points.labels["crop"] != -1]
    group = np.array([country(s) for s in source]) if options.by == "country" else source
    how = {"months": RUN.months, "copies": RUN.copies, "cuts": RUN.cuts, "whole_cuts": RUN.whole_cuts, "seed": 0}
    groups, pool = grouped(points, group, how)
    trunk = load_network(find_checkpoint(RUN.trunk, "forecast", Settings()))
    means = []
    print(f"| {options.by} left out | series | landcast ROC-AUC | heads alone | LightGBM on monthly means |")
    print("|---|---|---|---|---|")
    for name in np.unique(group):
        asked = pool.take((groups == name) & (pool.copy == 0))
        if len(np.unique(asked.labels)) < 2:
            print(f"| {name} | {len(asked)} | one class only | | |")
            continue
        learned = pool.take(groups != name)
        with TemporaryDirectory() as folder:
            log = Path(folder) / "log.jsonl"
            network = finetune(RUN, trunk, learned, log=log, progress=lambda _share: None)
        whole = gap(logits_of(network, asked))
        network.tree_share.fill_(0.0)
        scores = [whole, gap(logits_of(network, asked)), baseline(learned, asked)]
        cells = [auc(score, asked) for score in scores]
        means.append([c.value for c in cells])
        print(f"| {name} | {len(asked)} | {' | '.join(map(str, cells))} |", flush=True)
    print(f"| mean | | {' | '.join(f'{m:.4f}' for m in np.mean(means, axis=0))} |")


def country(source: str) -> str:
    """Return where a source lies; the European mixture counts with Belgium, which it surrounds."""
    return "BEL and EU" if source[:3] in ("BEL", "EU_") else source.split("_")[0]


def gap(logits: np.ndarray) -> np.ndarray:
    """Return (N,) how much more crop is believed than the rest."""
    return np.asarray(logits[:, 1] - logits[:, 0])


def auc(score: np.ndarray, asked: Pool) -> Interval:
    """Return the area under the ROC curve of crop."""
    return bootstrap(lambda w: roc_auc(asked.labels == 1, score, w), asked.places)


def baseline(learned: Pool, asked: Pool) -> np.ndarray:
    """Return (N,) scores of plain LightGBM on the monthly means of series as they are."""
    import lightgbm

    def table(pool: Pool) -> np.ndarray:
        seen = pool.features
        return np.concatenate([seen[:, : MONTHS * len(SEASONAL)], seen[:, -2:]], axis=1).astype(np.float64)

    plain = learned.take(learned.copy == 0)
    parameters = {
        "objective": "binary",
        "learning_rate": 0.04,
        "num_leaves": 24,
        "min_child_samples": 10,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "feature_fraction": 0.4,
        "lambda_l2": 5.0,
        "verbosity": -1,
        "num_threads": 1,
    }
    booster = lightgbm.train(parameters, lightgbm.Dataset(table(plain), label=plain.labels), num_boost_round=400)
    return np.asarray(booster.predict(table(asked), raw_score=True))


if __name__ == "__main__":
    main()
