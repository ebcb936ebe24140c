"""What embeddings are worth: a linear probe of labels with folds by place, and mutual nearest neighbours. No files.

The probe is ridge regression for numbers and multinomial logistic regression for classes, its penalty chosen inside the
training folds. The alignment of two embeddings is the mutual k-nearest-neighbour score of the Platonic Representation
Hypothesis (Huh et al. 2024, arXiv 2405.07987), as used by arXiv 2509.19453.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

Array = NDArray[np.float64]

FOLDS = 5
PENALTIES = (1e-3, 1e-2, 1e-1, 1.0)
"""Tried inside the training folds: of the mean squared or logistic error, on standardised dimensions."""
DRAWS = 1000
"""Draws of places for an interval, and permutations for a p-value."""
INTERVAL = (2.5, 97.5)
MAX_CLASSES = 20
"""Whole numbers of more distinct values are numbers, not classes."""
NEIGHBOURS = 10
MAX_ALIGNED = 5000
"""Most objects that two embeddings are compared on: all pairs are held in memory."""


@dataclass(frozen=True, kw_only=True)
class Score:
    """A score with its 95 % interval over places."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Probe:
    """How well labels are read off embeddings in places that the probe has not seen."""

    is_class: bool
    """True: accuracy beside the majority class; False: R2 beside the mean, both of the training places."""
    scores: tuple[Score, ...]
    """One for each of the embeddings."""
    baseline: Score
    gains: tuple[Score, ...]
    """Of each of the embeddings over the baseline."""
    margins: tuple[Score, ...]
    """Of the first embeddings over each of the others."""
    count: int
    places: int
    folds: int
    classes: int
    """0 for numbers."""


@dataclass(frozen=True, kw_only=True)
class Alignment:
    """How far two embeddings agree on who is near whom."""

    score: float
    """Mean share of the k nearest neighbours in one that are among those in the other; 1 = the same."""
    floor: float
    """The same with the pairing shuffled: about k / (n - 1)."""
    p_value: float
    """Share of shuffled pairings that reach the score, itself counted as one."""
    count: int
    neighbours: int


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
        places: (N,) objects of one place are never on both sides of a fold; at least two different.
    """
    is_class = is_classes(labels)
    names, codes = np.unique(labels, return_inverse=True)
    target = codes.astype(np.float64) if is_class else labels.astype(np.float64)
    place_codes = np.unique(places, return_inverse=True)[1]
    fold = split_places(place_codes, FOLDS)
    classes = len(names) if is_class else 0
    guesses = [_held_out(np.asarray(x, np.float64), target, place_codes, fold, classes) for x in embeddings]
    draws = _draw_scores([*guesses, _trivial(target, fold, classes)], target, place_codes, is_class)
    *own, baseline = draws
    return Probe(
        is_class=is_class,
        scores=tuple(_score(d) for d in own),
        baseline=_score(baseline),
        gains=tuple(_score(d - baseline) for d in own),
        margins=tuple(_score(own[0] - d) for d in own[1:]),
        count=len(labels),
        places=int(place_codes.max()) + 1,
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
            guess = _fit_predict(x[train], y[train], x[~train], penalty, classes)
            errors[at] += (guess != y[~train]).sum() if classes else ((guess - y[~train]) ** 2).sum()
    return PENALTIES[len(errors) - 1 - int(errors[::-1].argmin())]  # of equals the strongest


def _fit_predict(x: Array, y: Array, asked: Array, penalty: float, classes: int) -> Array:
    mean, spread = x.mean(axis=0), x.std(axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    x, asked = (x - mean) / spread, (asked - mean) / spread
    if classes:
        weights, bias = _logistic(x, y.astype(np.int64), penalty, classes)
        return np.asarray((asked @ weights + bias).argmax(axis=1), np.float64)
    normal = x.T @ x / len(x) + penalty * np.eye(x.shape[1])
    return np.asarray(asked @ np.linalg.solve(normal, x.T @ (y - y.mean()) / len(x)) + y.mean())


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


def _draw_scores(guesses: Sequence[Array], y: Array, places: NDArray[np.int64], is_class: bool) -> list[Array]:
    """Return for each of the guesses (1 + DRAWS,) scores: of all places, then of places drawn again and again."""
    count = int(places.max()) + 1
    drawn = np.random.default_rng(1).multinomial(count, np.full(count, 1 / count), DRAWS)  # (DRAWS, places)
    weights = np.concatenate([np.ones((1, count)), drawn])
    shift = 0.0 if is_class else float(y.mean())  # sums of small numbers keep their digits
    y = y - shift
    sizes, sums, squares = (weights @ np.bincount(places, v, count) for v in (np.ones(len(y)), y, y**2))
    scores = []
    for guess in guesses:
        errors = weights @ np.bincount(places, _errors(guess - shift, y, is_class), count)
        spread = sizes if is_class else np.maximum(squares - sums**2 / sizes, 1e-12)
        scores.append(1 - errors / spread)
    return scores


def _errors(guess: Array, y: Array, is_class: bool) -> Array:
    return (guess != y).astype(np.float64) if is_class else (guess - y) ** 2


def _score(draws: Array) -> Score:
    low, high = np.percentile(draws[1:], INTERVAL)
    return Score(value=float(draws[0]), low=float(low), high=float(high))


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
    shuffled = np.empty(DRAWS)
    for number in range(DRAWS):
        order = rng.permutation(count)
        shuffled[number] = is_near[order[rows], order[other]].mean()  # object i stands for object order[i]
    p_value = (1 + int((shuffled >= score).sum())) / (1 + DRAWS)
    return Alignment(score=score, floor=float(shuffled.mean()), p_value=p_value, count=count, neighbours=near.shape[1])


def nearest(embedding: NDArray[Any], neighbours: int) -> NDArray[np.int64]:
    """Return (N, k) the nearest objects of each by cosine, itself excluded."""
    x = np.asarray(embedding, np.float64)
    unit = x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12)
    closeness = unit @ unit.T
    np.fill_diagonal(closeness, -np.inf)
    return np.asarray(np.argpartition(-closeness, neighbours - 1, axis=1)[:, :neighbours])
