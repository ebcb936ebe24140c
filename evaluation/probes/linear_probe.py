"""A linear probe of labels on embeddings, with folds by place. No files.

The probe is ridge regression for numbers and multinomial logistic regression for classes; its penalty is chosen inside
the training folds.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from models.metrics.class_scores import Blocks, interval
from models.metrics.forecast_scores import Interval

Array = NDArray[np.float64]
Score = Callable[[Array], float]
"""(P,) how often each place counts -> a score."""

FOLDS = 5
PENALTIES = (1e-3, 1e-2, 1e-1, 1.0)
"""Tried inside the training folds: of the mean squared or logistic error, on standardised dimensions."""
MAX_CLASSES = 20
"""Whole numbers with more distinct values are numbers, not classes."""
SMALLEST_SPREAD = 1e-12
"""Of numbers that are all the same in a draw of places."""


@dataclass(frozen=True, kw_only=True)
class Probe:
    """How well a linear model predicts labels from embeddings, in places that it has not seen."""

    is_class: bool
    """True: accuracy beside the majority class; False: R2 beside the mean, both of the training places."""
    scores: tuple[Interval, ...]
    """One for each of the embeddings; 95 % intervals over places."""
    baseline: Interval
    gains: tuple[Interval, ...]
    """Of each of the embeddings over the baseline."""
    margins: tuple[Interval, ...]
    """Of the first embeddings over each of the others."""
    count: int
    places: int
    folds: int
    classes: int
    """0 for numbers."""


def is_classes(labels: NDArray[Any]) -> bool:
    """Tell whether labels are classes: texts, truth values, or whole numbers of up to 20 distinct values."""
    if labels.dtype.kind not in "iuf":
        return True
    is_whole = bool((labels == np.rint(labels.astype(np.float64))).all())
    return is_whole and len(np.unique(labels)) <= MAX_CLASSES


def probe(embeddings: Sequence[NDArray[Any]], labels: NDArray[Any], places: NDArray[np.str_]) -> Probe:
    """Fit a linear probe on each of some embeddings of the same objects, and predict places left out.

    Args:
        embeddings: (N, D) finite; D may differ.
        labels: (N,) classes or numbers, see `is_classes`.
        places: (N,) objects of one place are never on both sides of a fold; there are at least two places.
    """
    is_class = is_classes(labels)
    names, codes = np.unique(labels, return_inverse=True)
    target = codes.astype(np.float64) if is_class else labels.astype(np.float64)
    place_codes = np.unique(places, return_inverse=True)[1]
    fold = split_places(place_codes, FOLDS)
    classes = len(names) if is_class else 0
    predictions = [_held_out(np.asarray(x, np.float64), target, place_codes, fold, classes) for x in embeddings]
    blocks = Blocks.of(places)
    *own, baseline = [_score(p, target, blocks, is_class) for p in (*predictions, _trivial(target, fold, classes))]
    return Probe(
        is_class=is_class,
        scores=tuple(interval(score, blocks) for score in own),
        baseline=interval(baseline, blocks),
        gains=tuple(_difference(score, baseline, blocks) for score in own),
        margins=tuple(_difference(own[0], score, blocks) for score in own[1:]),
        count=len(labels),
        places=len(blocks.names),
        folds=int(fold.max()) + 1,
        classes=classes,
    )


def split_places(places: NDArray[np.int64], folds: int) -> NDArray[np.int64]:
    """Return (N,) the fold of each object: whole places, in random order the largest first, into the smallest fold."""
    counts = np.bincount(places)
    order = np.random.default_rng(0).permutation(len(counts))
    order = order[np.argsort(-counts[order], kind="stable")]
    sizes = np.zeros(min(folds, len(counts)), np.int64)
    fold = np.zeros(len(counts), np.int64)
    for place in order:
        fold[place] = sizes.argmin()
        sizes[fold[place]] += counts[place]
    return np.asarray(fold[places])


def _held_out(x: Array, y: Array, places: NDArray[np.int64], fold: NDArray[np.int64], classes: int) -> Array:
    """Return (N,) predictions, each by a probe that has not seen its place."""
    out = np.zeros(len(y))
    for number in range(int(fold.max()) + 1):
        train = fold != number
        penalty = _choose(x[train], y[train], places[train], classes)
        out[~train] = _fit_predict(x[train], y[train], x[~train], penalty, classes)
    return out


def _choose(x: Array, y: Array, places: NDArray[np.int64], classes: int) -> float:
    """Return the penalty with the least error in places left out of the training ones."""
    inner = split_places(np.unique(places, return_inverse=True)[1], 3)
    if inner.max() == 0:
        return PENALTIES[-1]
    errors = np.zeros(len(PENALTIES))
    for number in range(int(inner.max()) + 1):
        train = inner != number
        for at, penalty in enumerate(PENALTIES):
            found = _fit_predict(x[train], y[train], x[~train], penalty, classes)
            errors[at] += (found != y[~train]).sum() if classes else ((found - y[~train]) ** 2).sum()
    return PENALTIES[len(errors) - 1 - int(errors[::-1].argmin())]  # the strongest of equals


def _fit_predict(x: Array, y: Array, new: Array, penalty: float, classes: int) -> Array:
    mean, spread = x.mean(axis=0), x.std(axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    x, new = (x - mean) / spread, (new - mean) / spread
    if classes:
        weights, bias = _logistic(x, y.astype(np.int64), penalty, classes)
        return np.asarray((new @ weights + bias).argmax(axis=1), np.float64)
    normal = x.T @ x / len(x) + penalty * np.eye(x.shape[1])
    return np.asarray(new @ np.linalg.solve(normal, x.T @ (y - y.mean()) / len(x)) + y.mean())


def _logistic(x: Array, y: NDArray[np.int64], penalty: float, classes: int) -> tuple[Array, Array]:
    """Return (D, K) weights and (K,) biases of the penalised multinomial logistic regression."""
    count, width = x.shape
    truth = np.eye(classes)[y]  # (N, K)

    def loss(flat: Array) -> tuple[float, Array]:
        weights, bias = flat[:-classes].reshape(width, classes), flat[-classes:]
        logits = x @ weights + bias
        logits = logits - logits.max(axis=1, keepdims=True)
        total = np.log(np.exp(logits).sum(axis=1, keepdims=True))
        off = (np.exp(logits - total) - truth) / count
        gradient = np.concatenate([(x.T @ off + penalty * weights).ravel(), off.sum(axis=0)])
        error = float(((total[:, 0] - (logits * truth).sum(axis=1)) / count).sum())
        return error + penalty / 2 * float((weights**2).sum()), gradient

    found = minimize(loss, np.zeros((width + 1) * classes), jac=True, method="L-BFGS-B", options={"maxiter": 200}).x
    return found[:-classes].reshape(width, classes), found[-classes:]


def _trivial(y: Array, fold: NDArray[np.int64], classes: int) -> Array:
    """Return (N,) the majority class or the mean of the training folds."""
    out = np.zeros(len(y))
    for number in range(int(fold.max()) + 1):
        train = y[fold != number]
        out[fold == number] = np.bincount(train.astype(np.int64)).argmax() if classes else train.mean()
    return out


def _score(prediction: Array, y: Array, blocks: Blocks, is_class: bool) -> Score:
    """Return a function of (P,) weights of places that gives the accuracy, or R2, of predictions."""
    if is_class:
        sizes, right = blocks.add(np.ones(len(y))), blocks.add(prediction == y)
        return lambda weight: float(weight @ right / (weight @ sizes))
    shift = y.mean()  # sums of small numbers keep their digits
    sizes, sums, squares = blocks.add(np.ones(len(y))), blocks.add(y - shift), blocks.add((y - shift) ** 2)
    errors = blocks.add((prediction - y) ** 2)

    def r2(weight: Array) -> float:
        spread = weight @ squares - (weight @ sums) ** 2 / (weight @ sizes)
        return float(1 - weight @ errors / max(float(spread), SMALLEST_SPREAD))

    return r2


def _difference(first: Score, second: Score, blocks: Blocks) -> Interval:
    """Return by how much the first score is larger; both are of the same draws of places."""
    return interval(lambda weight: first(weight) - second(weight), blocks)
