"""Claim: with few labels of a new region, what ships, learned further, beats forests, meta-learning and scratch.

    python -m benchmarks.classes.few_labels --data ../shared/data [--targets FRA BEL GLO] [--seeds 5] [--out rows.jsonl]

Real data: the WorldCereal points, crop or not. Each target is left out in turn: heads learn from the others, then
from 5, 20, 100 or all labels of one half of the target's cells of one degree, and are asked about the other half. A
seed draws the halves, the labels, the first weights and the order of learning. All heads read the same frozen trunk
and features, as those that shipped when this was measured did. The first method is what `landcast finetune --labels`
does with a shipped model: its trees are kept, others are grown from what they say, and its heads are learned further.
All others have no trees beside the heads. Forests are LightGBM's (boosting_type="rf") on the same features. Steps and
rates were chosen on CAN, which is therefore no fair target.
"""

import argparse
import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

from benchmarks.classes.meta_learning import (
    EPISODES,
    Episodes,
    as_task,
    begin_in,
    meta_learn,
    meta_learn_conditioned,
    settle,
    tasks_of,
)
from benchmarks.classes.similar_climate import weighted_by_climate
from benchmarks.classes.unseen_sources import RUN, SET, country
from core.settings import Settings
from models.checkpoint import load_network
from models.metrics.bootstrap import roc_auc
from models.network.class_network import ClassNetwork
from models.network.earthpt import EarthPT
from models.network.tree_inputs import ABSENT
from models.registry import find_checkpoint
from training.class_examples import Pool, make_pool
from training.datasets import load_sets
from training.finetune import BATCH, finetune, logits_of, new_network, with_trees
from training.runs import Run
from training.user_model.fit import TREES

TARGETS = ["FRA", "BEL", "GLO", "AFR", "CAN"]
LABELS = {"5": 5, "20": 20, "100": 100, "all": 10**6}
NONE = "0"
COPIES = 1
"""Altered copies of each series, fewer than crop learns from: for time."""
LEAST = 10
"""Rows of each class in both halves of a target."""
BROAD = replace(RUN, layer="last", trees=0, members=2, copies=COPIES, steps=400)
"""Learning from the other countries."""
SHORT = replace(BROAD, steps=250)
"""The same after meta-learning, so that both together take about as long."""
NARROW = replace(BROAD, steps=30, learning_rate=5e-4, batch=32, warmup=5, average=0.9, check_every=30)
"""Learning from the target, after the others."""
ALONE = replace(NARROW, steps=60, learning_rate=2e-3, check_every=60)
"""Learning from the target alone."""
INNER_STEPS = 20
"""With which meta-learned heads learn from the target, by the inner loop that they were learned for."""
FOREST = {
    "objective": "binary",
    "boosting_type": "rf",
    "bagging_freq": 1,
    "bagging_fraction": 0.8,
    "feature_fraction": 0.3,
    "feature_fraction_bynode": 0.15,
    "num_leaves": 64,
    "max_bin": 63,
    "min_data_in_bin": 1,
    "verbosity": -1,
    "num_threads": 1,
}
"""A twentieth of the features at each split, about their square root."""
GROWN = 100
FURTHER = "heads and trees, learned further"
OWN_FOREST, BOTH_FOREST = "random forest, own labels", "random forest, others and own labels"
SCRATCH, PLAIN, SIMILAR = "from scratch", "pretrained, fine-tuned", "pretrained on similar zones, fine-tuned"
THEN_PLAIN = "FOMAML, then pretrained, fine-tuned"


@dataclass(frozen=True, kw_only=True)
class Split:
    """A target and a seed."""

    target: str
    seed: int
    others: Pool
    own: Pool
    """Learning half of the target."""
    asked: Pool
    """The other half, as it is."""
    states_of_others: torch.Tensor
    states_of_asked: torch.Tensor
    trunk: EarthPT


def main() -> None:
    """Print a table for each target, then one over all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--targets", nargs="+", default=TARGETS[:3], choices=["FRA", "BEL", "GLO", "AFR", "CAN"])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--out", type=Path, help="JSON lines, added to as they come; what is there is not done again")
    options = parser.parse_args()
    torch.set_num_threads(1)
    found = []
    if options.out and options.out.exists():
        found = [json.loads(line) for line in options.out.read_text(encoding="utf-8").splitlines()]
    wanted = [(t, s) for t in options.targets for s in range(options.seeds)]
    missing = [w for w in wanted if w not in {(r["target"], r["seed"]) for r in found}]
    for split in splits(options.data, missing):
        rows = [{"target": split.target, "seed": split.seed, **row} for row in measure(split)]
        found += rows
        if options.out:
            with options.out.open("a", encoding="utf-8") as lines:
                lines.writelines(json.dumps(row) + "\n" for row in rows)
    for target in options.targets:
        print_table(f"## {target}", [r for r in found if (r["target"], r["seed"]) in wanted and r["target"] == target])
    print_gains([r for r in found if (r["target"], r["seed"]) in wanted])


def splits(data: Path, wanted: list[tuple[str, int]]) -> Iterator[Split]:
    """Yield targets with seeds; the trunk reads every series once."""
    trunk = load_network(find_checkpoint(RUN.trunk, "forecast", Settings()))
    points = load_sets(RUN.mixture, data)[SET]
    source = np.array([str(i).split("|")[0] for i in points.series.ids])[points.labels["crop"] != -1]
    group = np.tile([country(s)[:3] for s in source], COPIES + 1)
    pool = make_pool({SET: points}, RUN.mixture, "crop", months=RUN.months, copies=COPIES, seed=0)
    states = read_states(new_network(BROAD, trunk), pool)
    for target, seed in wanted:
        is_target = group == target
        is_own = is_target & np.isin(pool.places, learning_cells(pool.take(is_target & (pool.copy == 0)), seed))
        is_asked = is_target & ~is_own & (pool.copy == 0)
        yield Split(
            target=target,
            seed=seed,
            others=pool.take(~is_target),
            own=pool.take(is_own),
            asked=pool.take(is_asked),
            states_of_others=states[torch.from_numpy(~is_target)],
            states_of_asked=states[torch.from_numpy(is_asked)],
            trunk=trunk,
        )


def read_states(network: ClassNetwork, pool: Pool) -> torch.Tensor:
    parts = []
    with torch.no_grad():
        for first in range(0, len(pool), BATCH):
            rows = slice(first, first + BATCH)
            parts.append(network.read(torch.from_numpy(pool.tokens[rows]), torch.from_numpy(pool.is_padding[rows])))
    return torch.cat(parts)


def learning_cells(target: Pool, seed: int) -> np.ndarray:
    """Return half of a target's cells, drawn until both halves have rows enough of both classes."""
    rng, cells = np.random.default_rng(seed), np.unique(target.places)
    for _ in range(1000):
        half = rng.permutation(cells)[: (len(cells) + 1) // 2]
        is_own = np.isin(target.places, half)
        if min((target.labels[rows] == k).sum() for rows in (is_own, ~is_own) for k in (0, 1)) >= LEAST:
            return half
    raise SystemExit("no halves of this target have rows enough of both classes")


def few(own: Pool, count: int, seed: int) -> Pool:
    """Return so many series with their copies, as even over the classes as there are, drawn evenly over classes."""
    rng, labels = np.random.default_rng([seed, count]), own.labels[own.copy == 0]
    one, two = (rng.permutation(np.flatnonzero(labels == k)) for k in rng.permutation(2))
    of_one = max(min((count + 1) // 2, len(one)), min(count - len(two), len(one)))
    kept = np.isin(np.arange(len(labels)), np.concatenate([one[:of_one], two[: count - of_one]]))
    pool = own.take(np.tile(kept, COPIES + 1))
    return replace(pool, weight=1 / np.bincount(pool.labels, minlength=2)[pool.labels])


def measure(split: Split) -> Iterator[dict]:
    """Yield the ROC-AUC of each method with each number of labels."""
    starts, meta = pretrained(split), meta_learned(split)
    starts[THEN_PLAIN] = learned(SHORT, split, split.others, meta["FOMAML"][0])
    whole = with_trees(starts[PLAIN], replace(RUN, seed=split.seed), split.others)
    yield row(FURTHER, NONE, whole_score(whole, split))
    yield row(BOTH_FOREST, NONE, forest_score(split, split.others, None))
    for method, start in starts.items():
        yield row(method, NONE, network_score(start, split))
    for labels, count in LABELS.items():
        own = few(split.own, count, split.seed)
        yield row(FURTHER, labels, whole_score(learned(replace(NARROW, trees=TREES), split, own, whole), split))
        yield row(OWN_FOREST, labels, forest_score(split, None, own))
        yield row(BOTH_FOREST, labels, forest_score(split, split.others, own))
        yield row(SCRATCH, labels, network_score(learned(ALONE, split, own, None), split))
        for method, start in starts.items():
            yield row(method, labels, network_score(learned(NARROW, split, own, start), split))
        for method, (start, how) in meta.items():
            yield row(method, labels, network_score(settled(start, own, how), split))


def row(method: str, labels: str, score: float) -> dict:
    return {"method": method, "labels": labels, "roc_auc": round(score, 5)}


def pretrained(split: Split) -> dict[str, ClassNetwork]:
    """Return by method what has learned from the other countries in the plain way."""
    similar = weighted_by_climate(split.others, split.asked)
    return {
        PLAIN: learned(BROAD, split, split.others, None),
        SIMILAR: learned(BROAD, split, similar, None),
    }


def meta_learned(split: Split) -> dict[str, tuple[ClassNetwork, Episodes]]:
    """Return by method what has learned from tasks in the other countries, and how it goes on."""
    tasks, found = tasks_of(split.others, split.states_of_others), {}
    for name, episodes in (
        ("FOMAML", EPISODES["fomaml"]),
        ("ANIL", EPISODES["anil"]),
        ("TIML-like", EPISODES["fomaml"]),
    ):
        torch.manual_seed(split.seed)
        network, how = new_network(BROAD, split.trunk), replace(episodes, seed=split.seed)
        if name == "TIML-like":
            begin_in(network.heads, meta_learn_conditioned(network.heads, tasks, how), split.asked)
        else:
            meta_learn(network.heads, tasks, how)
        found[name] = network.eval(), how
    return found


def settled(start: ClassNetwork, own: Pool, how: Episodes) -> ClassNetwork:
    """Return what the inner loop makes of meta-learned heads on the target's labels."""
    network = copy.deepcopy(start)
    settle(network.heads, as_task(own, read_states(network, own)), how, steps=INNER_STEPS)
    return network


def learned(run: Run, split: Split, pool: Pool, start: ClassNetwork | None) -> ClassNetwork:
    """Return what the recipe of crop makes of a pool."""
    with TemporaryDirectory() as folder:
        return finetune(
            replace(run, seed=split.seed),
            split.trunk,
            pool,
            log=Path(folder) / "log.jsonl",
            progress=lambda _share: None,
            start=start,
        )


def network_score(network: ClassNetwork, split: Split) -> float:
    with torch.no_grad():
        logits = network.head_logits(split.states_of_asked, torch.from_numpy(split.asked.queries[:, 0])).mean(0).numpy()
    return auc(split, logits[:, 1] - logits[:, 0])


def whole_score(network: ClassNetwork, split: Split) -> float:
    """Score heads and trees together."""
    logits = logits_of(network, split.asked)
    return auc(split, logits[:, 1] - logits[:, 0])


def auc(split: Split, score: np.ndarray) -> float:
    return roc_auc(split.asked.labels == 1, score, np.ones(len(score)))


def forest_score(split: Split, others: Pool | None, own: Pool | None) -> float:
    """Score a forest on series as they are; of both, k own labels have a share of k / (k + 100)."""
    import lightgbm

    parts = [p.take(p.copy == 0) for p in (others, own) if p is not None]
    labels, weight = np.concatenate([p.labels for p in parts]), None
    if len(parts) == 2:
        share = len(parts[1]) / (100 + len(parts[1]))
        weight = len(labels) * np.concatenate(
            [s * even(p.labels) for s, p in zip((1 - share, share), parts, strict=True)]
        )
    data = lightgbm.Dataset(np.concatenate([features(p) for p in parts]), label=labels, weight=weight)
    least = 1 if others is None else 5
    booster = lightgbm.train({**FOREST, "min_child_samples": least, "seed": split.seed}, data, num_boost_round=GROWN)
    return auc(split, np.asarray(booster.predict(features(split.asked))))


def even(labels: np.ndarray) -> np.ndarray:
    """Return weights that add up to one, the same for each class."""
    count = np.bincount(labels, minlength=2)
    return 1 / ((count > 0).sum() * count[labels])


def features(pool: Pool) -> np.ndarray:
    return np.nan_to_num(pool.features, nan=ABSENT).astype(np.float64)


def print_table(title: str, rows: list[dict]) -> None:
    """Print mean and range over seeds."""
    print(f"\n{title}\n\n| method | {' | '.join((NONE, *LABELS))} |\n|---{'|---' * (len(LABELS) + 1)}|")
    for method in dict.fromkeys(r["method"] for r in rows):
        cells = []
        for labels in (NONE, *LABELS):
            scores = [r["roc_auc"] for r in rows if (r["method"], r["labels"]) == (method, labels)]
            cells.append(f"{np.mean(scores):.3f} [{min(scores):.3f}, {max(scores):.3f}]" if scores else "")
        print(f"| {method} | {' | '.join(cells)} |")


def print_gains(rows: list[dict]) -> None:
    """Print how much each method gains over plain pretraining and fine-tuning, halves and labels being the same."""
    scores = {(r["method"], r["labels"], r["target"], r["seed"]): r["roc_auc"] for r in rows}
    heading = " | ".join((NONE, *LABELS))
    print(f"\n## Gain over '{PLAIN}', all targets\n\n| method | {heading} |\n|---{'|---' * (len(LABELS) + 1)}|")
    for method in dict.fromkeys(r["method"] for r in rows if r["method"] != PLAIN):
        cells = []
        for labels in (NONE, *LABELS):
            gains = [s - scores[PLAIN, *k[1:]] for k, s in scores.items() if k[:2] == (method, labels)]
            cells.append(
                f"{np.mean(gains):+.3f} (better in {sum(g > 0 for g in gains)} of {len(gains)})" if gains else ""
            )
        print(f"| {method} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
