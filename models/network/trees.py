"""Trees: gradient-boosted trees on class features, grown by LightGBM and kept as arrays that a network can run.

Only training imports this module: maps need neither LightGBM (Ke et al. 2017) nor its files.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray

from core.bands import Floats
from models.network.class_network import Grown
from models.network.tree_inputs import ABSENT, KINDS, LONG

PARAMETERS: dict[str, Any] = {
    "learning_rate": 0.04,
    "num_leaves": 24,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}
"""Of LightGBM, for all trees."""
AS_THEY_ARE = {"min_child_samples": 10, "feature_fraction": 0.15}
ALTERED = {"min_child_samples": 40, "feature_fraction": 0.1}
NDVI_ALONE = {"min_child_samples": 40, "feature_fraction": 0.3}
"""Of trees on series as they are, on those and their altered copies, and on NDVI alone: least rows of a leaf, share of
features."""
FURTHER = {"min_child_samples": 20, "feature_fraction": 0.15, "num_leaves": 8, "lambda_l2": 20.0}
"""Of trees that go on from others on a few rows more: small ones, which change little where rows are few."""
NOWHERE = 1e6


def grow(
    features: Floats,
    labels: NDArray[np.int64],
    weight: NDArray[np.float64],
    how: Mapping[str, Any],
    classes: int,
    rounds: int,
    *,
    seed: int = 0,
    start: Floats | None = None,
) -> Grown:
    """Grow trees, a round of them for each class where there are more than two.

    Args:
        features: (N, F); NaN = unseen.
        labels: (N,) class 0..K-1.
        weight: (N,) positive.
        how: parameters of LightGBM besides PARAMETERS.
        rounds: of boosting.
        start: (N, K) logits that other trees give the rows; the trees returned are to be added to those.
    """
    task = {"objective": "binary"} if classes == 2 else {"objective": "multiclass", "num_class": classes}
    logits = None if start is None else start.astype(np.float64)
    data = lightgbm.Dataset(
        features.astype(np.float64),
        label=labels,
        weight=weight / weight.mean(),
        init_score=logits[:, 1] - logits[:, 0] if logits is not None and classes == 2 else logits,
    )
    parameters = {**PARAMETERS, **how, **task, "seed": seed, "num_threads": 1}
    booster = lightgbm.train(parameters, data, num_boost_round=rounds)
    return as_arrays(booster.dump_model()["tree_info"], features.shape[1], classes)


def predict_trees(grown: Grown, features: Floats) -> Floats:
    """Return (N, K) logits of (N, F) features of long histories, NaN = unseen."""
    shown = np.concatenate([np.nan_to_num(features, nan=unseen) for unseen in (-ABSENT, ABSENT)], axis=1)
    total = np.zeros((len(features), grown.share.shape[2]), np.float32)
    for feature, limit, side, depth, value, share in zip(*(getattr(grown, f.name) for f in fields(Grown)), strict=True):
        right = np.where(shown[:, feature] > limit, np.float32(1), np.float32(-1))
        total += np.outer((right @ side.astype(np.float32) > depth - 0.5) @ value, share[LONG])
    return total


def counted(grown: Grown, shares: Mapping[int, float]) -> Grown:
    """Return trees that count for some of the KINDS of history, for each by a share, and not for the others."""
    by_kind = np.array([shares.get(kind, 0.0) for kind in KINDS], np.float32)
    return replace(grown, share=grown.share * by_kind[:, None])


def summed(groups: Sequence[Grown]) -> Grown:
    """Return trees of several boostings as one, whose logits are the sum of theirs."""
    splits, leaves = max(g.feature.shape[1] for g in groups), max(g.depth.shape[1] for g in groups)
    padded = [_padded(g, splits, leaves) for g in groups]
    return Grown(**{f.name: np.concatenate([getattr(g, f.name) for g in padded]) for f in fields(Grown)})


def _padded(grown: Grown, splits: int, leaves: int) -> Grown:
    more, ends = splits - grown.feature.shape[1], leaves - grown.depth.shape[1]
    return Grown(
        feature=np.pad(grown.feature, ((0, 0), (0, more))),
        limit=np.pad(grown.limit, ((0, 0), (0, more)), constant_values=NOWHERE),
        side=np.pad(grown.side, ((0, 0), (0, more), (0, ends))),
        depth=np.pad(grown.depth, ((0, 0), (0, ends)), constant_values=NOWHERE),
        value=np.pad(grown.value, ((0, 0), (0, ends))),
        share=grown.share,
    )


def as_arrays(trees: list[dict[str, Any]], features: int, classes: int) -> Grown:
    """Turn dumped trees on F features into arrays; of two classes, they give the logit of the second.

    They count in full, whatever the kind of history.
    """
    parts = [_one(tree["tree_structure"], features) for tree in trees]
    splits, leaves = max(1, *(len(p[0]) for p in parts)), max(len(p[2]) for p in parts)
    feature, limit = np.zeros((len(parts), splits), np.int16), np.full((len(parts), splits), NOWHERE, np.float32)
    side = np.zeros((len(parts), splits, leaves), np.int8)
    depth = np.full((len(parts), leaves), NOWHERE, np.float32)
    value, share = (np.zeros((len(parts), *shape), np.float32) for shape in ((leaves,), (len(KINDS), classes)))
    for row, (nodes, limits, ends) in enumerate(parts):
        feature[row, : len(nodes)], limit[row, : len(nodes)] = nodes, limits
        share[row, :, 1 if classes == 2 else row % classes] = 1.0
        for leaf, (way, leaf_value) in enumerate(ends):
            depth[row, leaf] = len(way)
            value[row, leaf] = leaf_value
            for node, turn in way:
                side[row, node, leaf] = turn
    return Grown(feature=feature, limit=limit, side=side, depth=depth, value=value, share=share)


def _one(root: dict[str, Any], count: int) -> tuple[list[int], list[float], list[tuple[list[tuple[int, int]], float]]]:
    """Return the features and limits of a tree's splits, and of each leaf the turns on the way to it and its value."""
    features: list[int] = []
    limits: list[float] = []
    ends: list[tuple[list[tuple[int, int]], float]] = []

    def visit(node: dict[str, Any], way: list[tuple[int, int]]) -> None:
        if "split_feature" not in node:
            ends.append((way, float(node["leaf_value"])))
            return
        number = len(features)
        features.append(int(node["split_feature"]) + (0 if _unseen_goes_left(node) else count))
        limits.append(min(max(float(node["threshold"]), 1 - ABSENT), ABSENT - 1))  # infinite where unseen alone splits
        visit(node["left_child"], [*way, (number, -1)])
        visit(node["right_child"], [*way, (number, 1)])

    visit(root, [])
    return features, limits, ends


def _unseen_goes_left(node: dict[str, Any]) -> bool:
    """Tell where a split sends what is unseen: as it has learned, or else where a zero goes."""
    return bool(node["default_left"]) if node["missing_type"] == "NaN" else 0.0 <= float(node["threshold"])
