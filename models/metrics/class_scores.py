"""Figures of class probabilities against the truth, each with an interval from resampled places. No curves, no files.

Definitions are those of scikit-learn where it has one: with two classes, the Brier score is that of the second class,
and a row counts as that class from a probability of 0.5 on; with more, the squared errors of all classes are added and
the most probable class counts.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidOption
from models.metrics.bootstrap import bootstrap, roc_auc
from models.metrics.forecast_scores import Interval

Array = NDArray[np.float64]
Codes = NDArray[np.int64]

BINS = 15
"""Of equal mass, for the expected calibration error and the reliability diagram."""
SMALLEST = float(np.finfo(np.float32).eps)
"""Least probability that a logarithm is taken of: what a float32 softmax cannot tell from 0."""
SUM_TOLERANCE = 0.02
"""How far a row's probabilities may be from a sum of 1: they may have been stored as whole percents."""
ROUNDING = 1e-6
"""How far below 0 a probability may be that is 1 minus others."""
UNKNOWN = float("nan")


@dataclass(frozen=True, kw_only=True)
class OneClass:
    """How well one class is separated from all others; NaN = undefined for these rows."""

    prevalence: Interval
    """Share of the rows that are of this class."""
    roc_auc: Interval
    pr_auc: Interval
    """Average precision; a guess gets the prevalence."""
    f1: Interval
    precision: Interval
    """Of the rows called so, the share that is: the user's accuracy of a map."""
    recall: Interval
    """Of the rows that are so, the share called so: the producer's accuracy of a map."""
    ece: Interval
    """Expected calibration error of this class's probability, BINS bins of equal mass."""


@dataclass(frozen=True, kw_only=True)
class ClassScores:
    """How good class probabilities are; NaN = undefined for these rows."""

    count: int
    """Rows."""
    places: int
    """Blocks that are resampled as a whole; with one there is no interval, its ends are NaN."""
    accuracy: Interval
    balanced_accuracy: Interval
    """Mean recall of the classes that occur."""
    macro_f1: Interval
    """Mean F1 of the classes that occur."""
    brier: Interval
    """Two classes: mean squared error of the second one's probability; more: summed over classes."""
    log_loss: Interval
    """Nats."""
    ece: Interval
    """Two classes: of the second one; more: mean over classes."""
    classes: tuple[OneClass, ...]
    confusion: Codes
    """(K, K) rows: truth down, prediction across."""
    shares: tuple[tuple[Interval, ...], ...]
    """(K, K) the same as shares of each class's rows."""


@dataclass(frozen=True, kw_only=True)
class Blocks:
    """Places as numbers: what is drawn again and again as a whole."""

    names: NDArray[np.str_]
    """(P,) ascending."""
    code: Codes
    """(N,) number of each row's place."""

    @classmethod
    def of(cls, places: NDArray[Any]) -> "Blocks":
        """Number the places of N rows, told apart by their text."""
        names, code = np.unique(np.asarray(places, np.str_), return_inverse=True)
        return cls(names=names, code=code)

    def add(self, values: NDArray[Any]) -> Array:
        """Return (P,) the sum of (N,) values in each place."""
        return np.bincount(self.code, values, len(self.names)).astype(np.float64)


def score_classes(truth: NDArray[Any], probability: NDArray[Any], places: NDArray[Any]) -> ClassScores:
    """Score class probabilities, with 95 % intervals from resampling places.

    Args:
        truth: (N,) class 0..K-1.
        probability: (N, K) finite, rows of sum 1.
        places: (N,) block of each row, whatever numpy can compare: neighbours belong to one.

    Raises:
        InvalidOption: the arrays do not fit each other, or hold something else.
    """
    y, p = check_outcome(truth, probability, places)
    blocks = Blocks.of(places)
    tables = _confusions(y, predict_class(p), p.shape[1], blocks)
    classes = tuple(_one_class(k, y == k, p[:, k], tables, blocks) for k in range(p.shape[1]))
    return ClassScores(
        count=len(y),
        places=len(blocks.names),
        accuracy=_of_tables(lambda c: float(np.trace(c) / c.sum()), tables, blocks),
        balanced_accuracy=_of_tables(_balanced_accuracy, tables, blocks),
        macro_f1=_of_tables(lambda c: float(np.nanmean(_f1(c))), tables, blocks),
        brier=mean_interval(_squared_errors(y, p), blocks),
        log_loss=mean_interval(log_losses(y, p), blocks),
        ece=_mean_ece(y, p, blocks) if len(classes) > 2 else classes[1].ece,
        classes=classes,
        confusion=tables.sum(axis=0).astype(np.int64),
        shares=_confusion_shares(tables, blocks),
    )


def check_outcome(truth: NDArray[Any], probability: NDArray[Any], places: NDArray[Any]) -> tuple[Codes, Array]:
    """Return truth as int64 and probabilities as float64, if the three fit each other.

    Raises:
        InvalidOption: they do not, or hold something else.
    """
    y, p = np.asarray(truth), np.asarray(probability, np.float64)
    if p.ndim != 2 or p.shape[1] < 2 or not len(p):
        raise InvalidOption(
            "probability", f"shape {p.shape}", "it has a row for each sample and a column for each class"
        )
    if y.shape != (len(p),) or np.shape(places) != (len(p),):
        shapes = f"{y.shape} and {np.shape(places)}"
        raise InvalidOption("truth and places", shapes, f"each has one entry for each of the {len(p)} rows")
    if not np.isfinite(p).all() or p.min() < -ROUNDING or np.abs(p.sum(axis=1) - 1).max() > SUM_TOLERANCE:
        raise InvalidOption("probability", "these", "values are 0..1 with sum 1 in each row; leave unseen rows out")
    if y.dtype.kind not in "iub" or y.min() < 0 or y.max() >= p.shape[1]:
        raise InvalidOption("truth", y.dtype, f"classes are whole numbers from 0 to {p.shape[1] - 1}")
    return y.astype(np.int64), p


def predict_class(probability: NDArray[Any]) -> Codes:
    """Return (N,) the class that counts as predicted: with two, the second from 0.5 on; else the most probable."""
    if probability.shape[1] == 2:
        return (probability[:, 1] >= 0.5).astype(np.int64)
    return np.asarray(probability.argmax(axis=1), np.int64)


def average_precision(truth: NDArray[np.bool_], score: NDArray[Any], weight: Array) -> float:
    """Return the area under the precision-recall curve as steps: sum of (R_n - R_n-1) P_n over distinct scores.

    Args:
        truth, score, weight: (N,); NaN without a weighted row of the class.
    """
    _, tie = np.unique(-score, return_inverse=True)
    hits = np.bincount(tie, weight * truth)
    called = np.cumsum(np.bincount(tie, weight))
    if not hits.sum():
        return UNKNOWN
    return float((hits * np.cumsum(hits) / np.maximum(called, 1e-12)).sum() / hits.sum())


def calibration_error(truth: NDArray[np.bool_], score: NDArray[Any], weight: Array) -> float:
    """Return the expected calibration error, in BINS bins of equal mass.

    The mean over bins of how far the mean probability is from the share that was so (Naeini et al. 2015,
    doi:10.1609/aaai.v29i1.9602).

    Args:
        truth, score: (N,) whether a row is of the class, and the probability given to that.
        weight: (N,) whole numbers: how often each row counts.
    """
    order = np.argsort(score, kind="stable")
    rows = np.repeat(order, weight[order].astype(np.int64))
    gaps = truth[rows] - score[rows]
    return float(np.abs(np.add.reduceat(gaps, bin_starts(len(rows)))).sum() / len(rows))


def bin_starts(count: int) -> Codes:
    """Return where BINS parts of a sorted list begin; the first ones are longer by one where it does not divide."""
    bins = np.arange(min(BINS, count))
    size, rest = divmod(count, len(bins))
    return np.asarray(bins * size + np.minimum(bins, rest))


def log_losses(truth: Codes, probability: Array) -> Array:
    """Return (N,) minus the logarithm of the probability of what was true, in nats."""
    return -np.log(np.maximum(probability[np.arange(len(truth)), truth], SMALLEST))


def mean_interval(values: NDArray[Any], blocks: Blocks, chosen: NDArray[np.bool_] | None = None) -> Interval:
    """Return the mean of (N,) values with its interval; of the chosen rows alone, NaN without one."""
    rows = np.ones(len(values)) if chosen is None else chosen.astype(np.float64)
    total, count = blocks.add(values * rows), blocks.add(rows)
    return interval(lambda w: float(w @ total / (w @ count)) if w @ count else UNKNOWN, blocks)


def interval(figure: Callable[[Array], float], blocks: Blocks) -> Interval:
    """Return a figure of weighted places with its 95 % interval; its ends are NaN where nothing can be resampled.

    Args:
        figure: given (P,) how often each place was drawn; NaN = undefined for this draw, which is left out.
    """
    value = figure(np.ones(len(blocks.names)))
    if len(blocks.names) < 2 or not np.isfinite(value):
        return Interval(value=value, low=UNKNOWN, high=UNKNOWN)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "All-NaN slice", RuntimeWarning)  # undefined for every draw
        return bootstrap(figure, blocks.names)


def _one_class(k: int, is_class: NDArray[np.bool_], p: Array, tables: Array, blocks: Blocks) -> OneClass:
    rows = _sorted(is_class, p, blocks)
    return OneClass(
        prevalence=mean_interval(is_class, blocks),
        roc_auc=_of_rows(_roc_auc, *rows),
        pr_auc=_of_rows(average_precision, *rows),
        f1=_of_tables(lambda c: float(_f1(c)[k]), tables, blocks),
        precision=_of_tables(lambda c: float(_share(c[k, k], c[:, k].sum())), tables, blocks),
        recall=_of_tables(lambda c: float(_share(c[k, k], c[k].sum())), tables, blocks),
        ece=_of_rows(calibration_error, *rows),
    )


def _of_rows(figure: Callable[[Any, Any, Array], float], truth: Any, score: Any, blocks: Blocks) -> Interval:
    return interval(lambda w: figure(truth, score, w[blocks.code]), blocks)


def _of_tables(figure: Callable[[Array], float], tables: Array, blocks: Blocks) -> Interval:
    return interval(lambda w: figure(np.tensordot(w, tables, 1)), blocks)


def _confusions(truth: Codes, predicted: Codes, classes: int, blocks: Blocks) -> Array:
    """Return (P, K, K) the confusion matrix of each place."""
    places, cells = len(blocks.names), classes * classes
    flat = np.bincount(blocks.code * cells + truth * classes + predicted, minlength=places * cells)
    return flat.reshape(places, classes, classes).astype(np.float64)


def _confusion_shares(tables: Array, blocks: Blocks) -> tuple[tuple[Interval, ...], ...]:
    def one(row: int, column: int) -> Interval:
        return _of_tables(lambda c: float(_share(c[row, column], c[row].sum())), tables, blocks)

    return tuple(tuple(one(row, column) for column in range(tables.shape[1])) for row in range(tables.shape[1]))


def _roc_auc(truth: NDArray[np.bool_], score: Array, weight: Array) -> float:
    return roc_auc(truth, score, weight)  # type: ignore[arg-type]  # of any floats


def _sorted(is_class: NDArray[np.bool_], score: Array, blocks: Blocks) -> tuple[NDArray[np.bool_], Array, Blocks]:
    """Return rows by ascending score: every draw sorts them again, which takes no time then."""
    order = np.argsort(score, kind="stable")
    return is_class[order], score[order], Blocks(names=blocks.names, code=blocks.code[order])


def _mean_ece(truth: Codes, probability: Array, blocks: Blocks) -> Interval:
    rows = [_sorted(truth == k, probability[:, k], blocks) for k in range(probability.shape[1])]
    return interval(lambda w: float(np.mean([calibration_error(y, p, w[own.code]) for y, p, own in rows])), blocks)


def _squared_errors(truth: Codes, probability: Array) -> Array:
    """Return (N,) Brier scores; half the sum over classes with two, which is the second one's own."""
    errors = (probability - np.eye(probability.shape[1])[truth]) ** 2
    return errors[:, 1] if probability.shape[1] == 2 else errors.sum(axis=1)


def _share(part: Any, whole: Any) -> Array:
    """Return part / whole; NaN of nothing."""
    return np.asarray(np.divide(part, whole, out=np.full(np.shape(whole), UNKNOWN), where=np.asarray(whole) > 0))


def _f1(confusion: Array) -> Array:
    """Return (K,) F1; NaN of classes that do not occur."""
    hits, true, called = np.diagonal(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    return np.where(true > 0, _share(2 * hits, true + called), UNKNOWN)


def _balanced_accuracy(confusion: Array) -> float:
    """Return the mean recall of the classes that occur; NaN where only one does."""
    true = confusion.sum(axis=1)
    return float(np.nanmean(_share(np.diagonal(confusion), true))) if (true > 0).sum() > 1 else UNKNOWN


def allowed_classes(labels: NDArray[np.int64], classes: int) -> NDArray[np.bool_]:
    """Return (P, K) which classes a label leaves possible: its own, or of `not k` all others."""
    code = np.arange(classes)
    return np.asarray(np.where(labels[:, None] >= 0, labels[:, None] == code, -2 - labels[:, None] != code), np.bool_)
