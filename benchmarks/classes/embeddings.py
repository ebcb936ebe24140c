"""Claim: what embeddings are worth with few labels, beside features of months, by the same linear probe.

    python -m benchmarks.classes.embeddings --data ../shared/data [--model earthpt-small] [--draws 10]

Real data. Crop or not on the WorldCereal points, places are cells of one degree; forest or not on points in Rondonia,
cells of a quarter of a degree; conifer or not in the west half of the FORDEAD stand, blocks of 10 x 10 pixels. Each
draw halves the places: 5, 20 or 100 labels of one half, as even over the two classes as can be, are learned from, and
the other half is judged. The probe is logistic regression on standardised dimensions, each divided by the root of their
number, so that one penalty is as strong for few dimensions as for many. Standardised by the learning half, whose labels
are not needed. ROC-AUC, the mean over draws, with 95 % intervals over places; margins over the same resampled places.
In parentheses the same with a tenth and ten times the inverse penalty.
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from core.checkpoint import Checkpoint
from core.cube import Series
from core.settings import Settings
from models.embed import embed
from models.metrics.bootstrap import roc_auc
from models.network.class_inputs import class_inputs
from models.registry import find_checkpoint
from models.training_set import TrainingSet, last_seen
from training.datasets import NOT_CONIFER, load_sets

LABELS = (5, 20, 100)
STRENGTHS = (1.0, 10.0, 100.0)
"""Inverse penalties; the middle one is the result, the others show whether it matters."""
RESAMPLED = 200
MOST = 3000
"""Series of a set."""
MONTHS_FIRST = "features of months"
Numbers = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Task:
    """What is to be told apart."""

    name: str
    set_name: str
    label: str
    months: int
    """How far back the features of months look; the embedding reads the whole history."""
    positive: tuple[int, ...]
    negative: tuple[int, ...]


TASKS = (
    Task(name="crop, points", set_name="worldcereal_points", label="crop", months=18, positive=(1,), negative=(0,)),
    Task(
        name="forest, Rondonia",
        set_name="rondonia_s2_points",
        label="canopy",
        months=36,
        positive=(2,),
        negative=(0,),
    ),
    Task(
        name="conifer, stand",
        set_name="fordead_conifer_cube",
        label="canopy",
        months=36,
        positive=(1,),
        negative=(NOT_CONIFER,),
    ),
)


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """One draw of places: what is learned from, and what is judged."""

    learning: NDArray[np.int64]
    labelled: Mapping[int, NDArray[np.int64]]
    """Rows by the number of labels."""
    asked: NDArray[np.int64]


def main() -> None:
    """Print a table for each task."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", default="earthpt-small")
    parser.add_argument("--draws", type=int, default=10)
    given = parser.parse_args()
    model = find_checkpoint(given.model, "forecast", Settings())
    for task in TASKS:
        held = load_sets({task.set_name: 1.0}, given.data)[task.set_name]
        rows = chosen_rows(held, task)
        truth = np.isin(held.labels[task.label][rows], task.positive)
        places = np.unique(held.places[rows], return_inverse=True)[1]
        seen = described(held.series.take(rows), task.months, model)
        drawn = [halves(np.random.default_rng(seed), truth, places) for seed in range(given.draws)]
        print_table(task, seen, truth, places, drawn)


def chosen_rows(held: TrainingSet, task: Task) -> NDArray[np.int64]:
    """Return the labelled rows of a task, every so many of them where there are more than MOST."""
    rows = np.flatnonzero(np.isin(held.labels[task.label], (*task.positive, *task.negative)))
    return rows[np.linspace(0, len(rows) - 1, min(MOST, len(rows))).astype(np.int64)]


def described(series: Series, months: int, model: Checkpoint) -> dict[str, Numbers]:
    """Return (N, D) by what describes the series."""
    after = (last_seen(series) + 1).astype(np.int32)
    by_month = class_inputs(series, after, months=months)[1][:, 0]
    middle, last = (embed(series, after, model, layer=layer) for layer in ("middle", "last"))
    found = {MONTHS_FIRST: by_month, "embedding, middle block": middle, "embedding, last block": last}
    found["both"] = np.concatenate([by_month, middle], axis=1)
    return {name: np.nan_to_num(values).astype(np.float64) for name, values in found.items()}


def halves(rng: np.random.Generator, truth: NDArray[np.bool_], places: NDArray[np.int64]) -> Drawn:
    """Draw half of the places, and labels in it."""
    names = np.unique(places)
    is_learning = np.isin(places, rng.permutation(names)[: (len(names) + 1) // 2])
    order = rng.permutation(np.flatnonzero(is_learning))
    of_both = [order[truth[order] == k] for k in rng.permutation(2).astype(bool)]
    return Drawn(
        learning=np.flatnonzero(is_learning),
        labelled={n: np.concatenate([of_both[0][: (n + 1) // 2], of_both[1][: n // 2]]) for n in LABELS},
        asked=np.flatnonzero(~is_learning),
    )


def probed(values: Numbers, truth: NDArray[np.bool_], drawn: Drawn, count: int, strength: float) -> Numbers:
    """Return (A,) what a probe of so many labels says of the rows that are judged."""
    learning = values[drawn.learning]
    spread = learning.std(axis=0)
    scaled = np.where(spread > 1e-6, (values - learning.mean(axis=0)) / np.maximum(spread, 1e-6), 0.0)
    scaled = np.clip(scaled, -5, 5) / np.sqrt(values.shape[1])
    rows = drawn.labelled[count]
    fitted = LogisticRegression(C=strength, max_iter=1000).fit(scaled[rows], truth[rows])
    return np.asarray(fitted.decision_function(scaled[drawn.asked]))


def resampled(
    scores: Sequence[Numbers], drawn: Sequence[Drawn], truth: NDArray[np.bool_], places: NDArray[np.int64]
) -> Numbers:
    """Return (1 + RESAMPLED,) the mean ROC-AUC over draws: as it is, then over resampled places."""
    rng, count = np.random.default_rng(0), int(places.max()) + 1
    out = []
    for number in range(1 + RESAMPLED):
        often = np.bincount(rng.integers(0, count, count), minlength=count) if number else np.ones(count, int)
        found = [
            roc_auc(truth[d.asked], s.astype(np.float32), often[places[d.asked]].astype(np.float64))
            for s, d in zip(scores, drawn, strict=True)
        ]
        out.append(np.nanmean(found))
    return np.array(out)


def print_table(
    task: Task,
    seen: Mapping[str, Numbers],
    truth: NDArray[np.bool_],
    places: NDArray[np.int64],
    drawn: Sequence[Drawn],
) -> None:
    """Print the ROC-AUC of each description, and its margin over the features of months."""
    print(f"\n## {task.name}: {len(truth)} series, {truth.mean():.2f} of them yes, {places.max() + 1} places\n")
    print(f"| described by | {' | '.join(f'{n} labels' for n in LABELS)} |\n|---{'|---' * len(LABELS)}|")
    beside: dict[int, Numbers] = {}
    for name, values in seen.items():
        cells = []
        for count in LABELS:
            by = {s: [probed(values, truth, d, count, s) for d in drawn] for s in STRENGTHS}
            found = resampled(by[STRENGTHS[1]], drawn, truth, places)
            others = ", ".join(f"{plain(by[s], drawn, truth):.3f}" for s in (STRENGTHS[0], STRENGTHS[2]))
            margin = found - beside.setdefault(count, found)
            tail = "" if name == MONTHS_FIRST else f"; {margin[0]:+.3f} {interval(margin, '+.3f')}"
            cells.append(f"{found[0]:.3f} {interval(found, '.3f')}{tail} ({others})")
        print(f"| {name}, {values.shape[1]} | {' | '.join(cells)} |", flush=True)


def plain(scores: Sequence[Numbers], drawn: Sequence[Drawn], truth: NDArray[np.bool_]) -> float:
    """Return the mean ROC-AUC over draws."""
    found = [
        roc_auc(truth[d.asked], s.astype(np.float32), np.ones(len(d.asked))) for s, d in zip(scores, drawn, strict=True)
    ]
    return float(np.nanmean(found))


def interval(found: Numbers, form: str) -> str:
    """Return the middle 95 % of what resampled places gave."""
    low, high = np.nanpercentile(found[1:], [2.5, 97.5])
    return f"[{low:{form}}, {high:{form}}]"


if __name__ == "__main__":
    main()
