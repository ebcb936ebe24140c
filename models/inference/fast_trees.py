"""Trees of a class network on a CPU, without matrix products. numba compiles the loop where it first runs.

Each tree keeps the leaves that a series may reach as bits, from left to right. A split that sends the series right
clears the leaves on its left, in any order of splits; the lowest bit that is left is the leaf that is reached
(QuickScorer, Lucchese et al. 2015, doi:10.1145/2766462.2767733). The loop over series is one of vectors.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open

from core.bands import Floats
from models.compiled import compiled
from models.network.tree_inputs import KINDS, kind_of, marked
from models.registry import WEIGHTS

MOST_LEAVES = 32
"""Bits of a word."""
BATCH = 64
"""Series looked at together: their features (240 kB) stay in the second cache."""


class FastTrees:
    """The trees of a checkpoint, by kind of history: those that do not count for a kind are passed over."""

    def __init__(self, trees: Mapping[str, NDArray[Any]], share: float) -> None:
        """Prepare trees.

        Args:
            trees: the arrays of `class_network.Grown` by name, which `are_simple`.
            share: weight of their logits beside those of the heads, 0..1.
        """
        bits = np.arange(trees["side"].shape[2], dtype=np.uint32)
        clears = (trees["side"] < 0).astype(np.uint32) << bits
        kept = ~np.bitwise_or.reduce(clears, axis=2)  # (R, S)
        self.share, self.classes = np.float32(share), trees["share"].shape[2]
        self._by_kind = [_Kind(trees, kept, kind) for kind in KINDS]

    def added(self, logits: Floats, queries: Floats) -> Floats:
        """Return (B, K) logits of heads averaged with those that the trees give (B, 2 F) queries."""
        return np.asarray((1 - self.share) * logits + self.share * self.logits(queries), np.float32)

    def logits(self, queries: Floats) -> Floats:
        """Return (B, K) logits of (B, 2 F) queries."""
        out = np.empty((len(queries), self.classes), np.float32)
        kinds = kind_of(queries)
        for kind in np.unique(kinds):
            rows = np.flatnonzero(kinds == kind)
            for first in range(0, len(rows), BATCH):
                part = rows[first : first + BATCH]
                out[part] = self._by_kind[kind].logits(marked(queries[part]))
        return out


class _Kind:
    """The trees that count for one kind of history."""

    def __init__(self, trees: Mapping[str, NDArray[Any]], kept: NDArray[np.uint32], kind: int) -> None:
        share = trees["share"][:, kind]  # (R, K)
        rows = np.flatnonzero(share.any(axis=1))
        self._feature = np.ascontiguousarray(trees["feature"][rows], np.uint16)
        self._limit, self._value = (np.ascontiguousarray(trees[name][rows], np.float32) for name in ("limit", "value"))
        self._kept, self._share = np.ascontiguousarray(kept[rows]), np.ascontiguousarray(share[rows].T, np.float32)

    def logits(self, features: Floats) -> Floats:
        """Return (B, K) logits of (2 F, B) features."""
        said = np.empty((len(self._value), features.shape[1]), np.float32)
        bits = np.empty(features.shape[1], np.uint32)
        compiled(_say_leaves)(
            np.ascontiguousarray(features), self._feature, self._limit, self._kept, self._value, bits, said
        )
        return np.asarray((self._share @ said).T, np.float32)


def load_trees(folder: Path) -> FastTrees | None:
    """Return the trees of a checkpoint's folder; None where it has none, a graph alone, or others."""
    if not (folder / WEIGHTS).is_file():
        return None
    with safe_open(folder / WEIGHTS, framework="numpy") as file:
        if "tree_share" not in file.keys():  # noqa: SIM118 - it is no mapping
            return None
        trees = {name: file.get_tensor(f"trees.{name}") for name in ("feature", "limit", "side", "value", "share")}
        share = float(file.get_tensor("tree_share"))
    return FastTrees(trees, share) if are_simple(trees["side"]) else None


def are_simple(side: NDArray[np.int8]) -> bool:
    """Return whether there are trees whose leaves fit a word and stand in order: left of each split come first.

    Args:
        side: (R, S, L) of `class_network.Grown`.
    """
    rows, splits, leaves = side.shape
    if not rows or not splits or leaves > MOST_LEAVES:
        return False
    number = np.arange(leaves)
    last_left = np.where(side < 0, number, -1).max(axis=2)
    first_right = np.where(side > 0, number, leaves).min(axis=2)
    return bool((last_left < first_right).all())


def _say_leaves(
    features: Floats,
    feature: NDArray[np.uint16],
    limit: Floats,
    kept: NDArray[np.uint32],
    value: Floats,
    bits: NDArray[np.uint32],
    said: Floats,
) -> None:
    """Fill `said` (R, B) with the values of the leaves that (2 F, B) features reach; `bits` (B,) is scratch."""
    for tree in range(feature.shape[0]):
        bits[:] = np.uint32(0xFFFFFFFF)
        for split in range(feature.shape[1]):
            row, bound, left_off = features[feature[tree, split]], limit[tree, split], kept[tree, split]
            for i in range(bits.size):
                bits[i] &= left_off if row[i] > bound else np.uint32(0xFFFFFFFF)
        for i in range(bits.size):
            lowest = bits[i] & (~bits[i] + np.uint32(1))
            exponent = np.float32(lowest).view(np.uint32) >> np.uint32(23)  # of a power of two: its logarithm, biased
            said[tree, i] = value[tree, exponent - np.uint32(127)]
