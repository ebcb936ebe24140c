"""Intervals by resampling places, and the area under a ROC curve of weighted rows. Runs no model."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from core.bands import Floats
from models.metrics.forecast_scores import DRAWS, Interval


def bootstrap(figure: Callable[[NDArray[np.float64]], float], groups: NDArray[np.str_]) -> Interval:
    """Return a figure of weighted rows and its 95 % interval over resampled groups."""
    _, group = np.unique(groups, return_inverse=True)
    rng = np.random.default_rng(0)
    count = int(group.max()) + 1
    sims = []
    for _ in range(DRAWS):
        drawn = np.bincount(rng.integers(0, count, count), minlength=count).astype(np.float64)
        sims.append(figure(drawn[group]))
    low, high = np.nanpercentile(sims, [2.5, 97.5])
    return Interval(value=figure(np.ones(len(group))), low=float(low), high=float(high))


def roc_auc(truth: NDArray[np.bool_], score: Floats, weight: NDArray[np.float64]) -> float:
    """Return the weighted area under the ROC curve (Mann-Whitney, ties counted half)."""
    order = np.argsort(score, kind="stable")
    _, tie = np.unique(score[order], return_inverse=True)
    positive = np.bincount(tie, weight[order] * truth[order])
    negative = np.bincount(tie, weight[order] * ~truth[order])
    below = np.concatenate([[0.0], np.cumsum(negative)[:-1]])
    total = positive.sum() * negative.sum()
    return float((positive * (below + 0.5 * negative)).sum() / total) if total else float("nan")
