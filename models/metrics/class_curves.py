"""Curves of one class against all others, each with a band from resampled places. No pictures, no files."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.metrics.class_scores import UNKNOWN, Array, Blocks, bin_starts
from models.metrics.forecast_scores import DRAWS

FALSE_POSITIVE_RATES = np.linspace(0, 1, 101)
"""Points of the ROC curve."""
RECALLS = np.linspace(0.01, 1, 100)
"""Points of the precision-recall curve; at a recall of 0 there is no precision."""


@dataclass(frozen=True, kw_only=True)
class Curve:
    """A curve with its pointwise 95 % band; NaN = undefined for these rows."""

    x: Array
    """(P,) ascending."""
    value: Array
    """(P,)."""
    low: Array
    """(P,); NaN where there is one place only."""
    high: Array
    """(P,) the same."""

    def to_json(self) -> dict[str, list[float | None]]:
        """Return the four lists, rounded; NaN becomes null."""
        return {name: [None if np.isnan(v) else round(float(v), 5) for v in row] for name, row in vars(self).items()}


def reliability_curve(is_class: NDArray[np.bool_], score: NDArray[Any], places: NDArray[Any]) -> Curve:
    """Return how often the class was true (value) among rows that were given about the same probability (x).

    The bins are those of the calibration error, as they fall in all rows; in a draw they keep their rows.

    Args:
        is_class, score, places: (N,), finite.
    """
    blocks = Blocks.of(places)
    order = np.argsort(score, kind="stable")
    starts = bin_starts(len(order))
    sizes = np.diff(np.append(starts, len(order)))
    bins = np.empty(len(order), np.int64)
    bins[order] = np.repeat(np.arange(len(starts)), sizes)
    true, count = _by_bin(blocks, bins, is_class), _by_bin(blocks, bins, np.ones(len(bins)))
    x = np.add.reduceat(np.asarray(score, np.float64)[order], starts) / sizes
    return _band(x, lambda w: _share(w @ true, w @ count), blocks)


def roc_curve(is_class: NDArray[np.bool_], score: NDArray[Any], places: NDArray[Any]) -> Curve:
    """Return the true positive rate at each of FALSE_POSITIVE_RATES (Fawcett 2006, doi:10.1016/j.patrec.2005.10.010).

    Args:
        is_class, score, places: (N,), finite.
    """
    blocks = Blocks.of(places)
    _, tie = np.unique(-np.asarray(score, np.float64), return_inverse=True)

    def rates(weight: Array) -> Array:
        w = weight[blocks.code]
        true, false = _rates(tie, w * is_class), _rates(tie, w * ~is_class)
        is_last = np.append(np.diff(false) > 0, True)  # of a vertical part its upper end
        return np.asarray(np.interp(FALSE_POSITIVE_RATES, false[is_last], true[is_last]))

    return _band(FALSE_POSITIVE_RATES, rates, blocks)


def precision_recall_curve(is_class: NDArray[np.bool_], score: NDArray[Any], places: NDArray[Any]) -> Curve:
    """Return the precision at each of RECALLS: of the highest score that reaches it, as average precision counts it.

    Args:
        is_class, score, places: (N,), finite.
    """
    blocks = Blocks.of(places)
    _, tie = np.unique(-np.asarray(score, np.float64), return_inverse=True)

    def precisions(weight: Array) -> Array:
        w = weight[blocks.code]
        hits, called = np.cumsum(np.bincount(tie, w * is_class)), np.cumsum(np.bincount(tie, w))
        if not hits[-1]:
            return np.full(len(RECALLS), UNKNOWN)
        at = np.searchsorted(hits, RECALLS * hits[-1] - 1e-9)
        return np.asarray(hits[at] / called[at])

    return _band(RECALLS, precisions, blocks)


def _rates(tie: NDArray[np.int64], weight: Array) -> Array:
    """Return the cumulated share of the weight from the highest score down, beginning with 0; NaN without weight."""
    total = np.concatenate([[0.0], np.cumsum(np.bincount(tie, weight))])
    return total / total[-1] if total[-1] else np.full(len(total), UNKNOWN)


def _by_bin(blocks: Blocks, bins: NDArray[np.int64], values: NDArray[Any]) -> Array:
    """Return (P, bins) the sum of values in each place and bin."""
    count = int(bins.max()) + 1
    flat = np.bincount(blocks.code * count + bins, values, len(blocks.names) * count)
    return flat.reshape(len(blocks.names), count).astype(np.float64)


def _share(part: Array, whole: Array) -> Array:
    return np.asarray(np.divide(part, whole, out=np.full(len(whole), UNKNOWN), where=whole > 0))


def _band(x: Array, curve: Callable[[Array], Array], blocks: Blocks) -> Curve:
    """Return a curve of weighted places with its band, from the same draws as models.metrics.bootstrap."""
    count = len(blocks.names)
    value = curve(np.ones(count))
    unknown = np.full(len(x), UNKNOWN)
    if count < 2:
        return Curve(x=x, value=value, low=unknown, high=unknown)
    rng = np.random.default_rng(0)
    draws = (np.bincount(rng.integers(0, count, count), minlength=count).astype(np.float64) for _ in range(DRAWS))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "All-NaN slice", RuntimeWarning)  # undefined for every draw
        low, high = np.nanpercentile([curve(w) for w in draws], [2.5, 97.5], axis=0)
    is_known = np.isfinite(value)
    return Curve(x=x, value=value, low=np.where(is_known, low, UNKNOWN), high=np.where(is_known, high, UNKNOWN))
