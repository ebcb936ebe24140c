"""How far two embeddings of the same objects agree: mutual nearest neighbours. No files.

The score is the mutual k-nearest-neighbour score of the Platonic Representation Hypothesis (Huh et al. 2024,
arXiv 2405.07987), as used by arXiv 2509.19453.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

NEIGHBOURS = 10
MAX_ALIGNED = 5000
"""Most objects that two embeddings are compared on: all pairs are held in memory."""
PERMUTATIONS = 1000
"""For a p-value."""


@dataclass(frozen=True, kw_only=True)
class Alignment:
    """How far two embeddings agree on which objects are near each other."""

    score: float
    """Mean share of the k nearest neighbours in one that are among those in the other; 1 = the same."""
    floor: float
    """The same with the pairing shuffled: about k / (n - 1)."""
    p_value: float
    """Share of shuffled pairings that reach the score, itself counted as one."""
    count: int
    neighbours: int


def align(first: NDArray[Any], second: NDArray[Any], *, neighbours: int = NEIGHBOURS) -> Alignment:
    """Return how many of the k nearest neighbours by cosine, the object itself excluded, two embeddings share.

    Args:
        first, second: (N, D) finite embeddings of the same objects, k + 2 <= N <= MAX_ALIGNED; D may differ.
        neighbours: k.
    """
    near, other = nearest(first, neighbours), nearest(second, neighbours)  # (N, k)
    count = len(near)
    is_near = np.zeros((count, count), np.bool_)
    np.put_along_axis(is_near, near, True, axis=1)
    rows = np.arange(count)[:, None]
    score = float(is_near[rows, other].mean())
    rng = np.random.default_rng(2)
    shuffled = np.empty(PERMUTATIONS)
    for number in range(PERMUTATIONS):
        order = rng.permutation(count)
        shuffled[number] = is_near[order[rows], order[other]].mean()  # object i stands for object order[i]
    p_value = (1 + int((shuffled >= score).sum())) / (1 + PERMUTATIONS)
    return Alignment(score=score, floor=float(shuffled.mean()), p_value=p_value, count=count, neighbours=near.shape[1])


def align_places(embeddings: Sequence[NDArray[Any]], places: NDArray[np.str_]) -> Alignment | None:
    """Compare two embeddings on one object of each place, because neighbours in space are near in both anyway.

    Returns:
        None where there are fewer than NEIGHBOURS + 2 places.
    """
    order = np.random.default_rng(3).permutation(len(places))
    rows = order[np.unique(places[order], return_index=True)[1]][:MAX_ALIGNED]
    return align(*(e[rows] for e in embeddings)) if len(rows) >= NEIGHBOURS + 2 else None


def nearest(embedding: NDArray[Any], neighbours: int) -> NDArray[np.int64]:
    """Return (N, k) the nearest objects of each by cosine, itself excluded."""
    x = np.asarray(embedding, np.float64)
    unit = x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12)
    closeness = unit @ unit.T
    np.fill_diagonal(closeness, -np.inf)
    return np.asarray(np.argpartition(-closeness, neighbours - 1, axis=1)[:, :neighbours])
