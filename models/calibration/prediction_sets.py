"""Prediction sets: the classes that a pixel may be, with the true one among them at a stated rate. No files.

Split-conformal prediction. Two kinds of score of a class, both without random numbers, so that a map can be made again:

- `lac`, the default: 1 - its probability (Sadinle et al. 2019, doi:10.1080/01621459.2017.1395341). Sets are the
  smallest at a coverage, one threshold is compared with one band at a time, and whoever reads the map can check it.
- `aps`: the probability of all classes more probable than it (Romano et al. 2020, arXiv 2006.02544). Larger sets, more
  even between easy and hard pixels; of two classes the same as `lac`.

Rows of one place are alike, so the correction for a finite sample counts places, not rows: places weigh the same, and
one more that is always wrong is counted in (Lee, Barber and Willett 2023, arXiv 2306.06342). The coverage then holds
for a row of a place drawn like those that the sets were fitted on, and for no other.

The most probable class has the score 0 and so is always in the set, in fitting as in prediction: the coverage stays as
stated, and no set is empty, where plain LAC would give no class just where it knows least.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidOption
from models.metrics.class_scores import Array, Blocks, check_outcome, mean_interval
from models.metrics.forecast_scores import Interval

Kind = Literal["lac", "aps"]
KINDS: tuple[Kind, ...] = ("lac", "aps")
COVERAGE = 0.9
MASK_UNSEEN = 255
"""In a band of bit masks: no observation, as in all uint8 rasters here; never a set, as there is no eighth class."""
MOST_CLASSES = 7
"""That fit into a uint8 mask beside MASK_UNSEEN."""
WORST = 1.0
"""Largest possible score: with it as threshold every class is in the set."""


@dataclass(frozen=True, kw_only=True)
class PredictionSets:
    """The rule by which classes are in a set."""

    coverage: float
    """How often the true class is to be in the set."""
    kind: Kind
    threshold: tuple[float, ...]
    """Largest score in a set, 0..1: one for all classes, or (K,) one for each (Mondrian), as cards may have it."""

    def sets(self, probability: NDArray[Any]) -> NDArray[np.bool_]:
        """Return (..., K), True where a class is in the set; the most probable always is, and nothing of NaN.

        Args:
            probability: (..., K) rows of sum 1; NaN = unseen.
        """
        p = np.asarray(probability, np.float64)
        is_seen = np.isfinite(p).all(axis=-1, keepdims=True)
        return (scores(p, self.kind) <= np.asarray(self.threshold)) & is_seen

    def to_json(self) -> dict[str, Any]:
        """Return the fields for a model card; a threshold that is one for all classes is a plain number."""
        threshold = self.threshold[0] if len(self.threshold) == 1 else list(self.threshold)
        return {"coverage": self.coverage, "kind": self.kind, "threshold": threshold}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> "PredictionSets":
        """Read the fields of a model card.

        Raises:
            InvalidOption: the kind is not known.
        """
        threshold = content["threshold"]
        values = threshold if isinstance(threshold, list) else [threshold]
        return cls(coverage=content["coverage"], kind=_kind(content["kind"]), threshold=tuple(map(float, values)))


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """How often the true class is in the set; NaN = no such row."""

    stated: float
    measured: Interval
    """Share of rows with the true class in the set."""
    by_place: float
    """Mean over places of each one's share: the rate that is stated."""
    by_class: tuple[Interval, ...]
    """(K,) share of each class's rows."""
    size: Interval
    """Mean number of classes in a set."""
    sizes: tuple[float, ...]
    """(K,) share of the sets with 1..K classes."""


def fit(
    truth: NDArray[Any],
    probability: NDArray[Any],
    places: NDArray[Any],
    *,
    coverage: float = COVERAGE,
    kind: Kind = "lac",
) -> PredictionSets:
    """Fit one threshold for all classes.

    Args:
        truth: (N,) class 0..K-1, in places that the model did not learn from and was not calibrated on.
        probability: (N, K) as the map will have them: after temperature scaling.
        places: (N,) block of each row. With fewer than coverage / (1 - coverage) places (9 for 0.9) no threshold has
            that coverage, and every class is in the set.
        coverage: how often the true class is to be in the set, above 0 and below 1.

    Raises:
        InvalidOption: the arrays do not fit each other, or the coverage or kind is not known.
    """
    y, p = check_outcome(truth, probability, places)
    own = scores(p, _kind(kind))[np.arange(len(y)), y]
    threshold = _threshold(own, np.asarray(places, np.str_), _share(coverage))
    return PredictionSets(coverage=coverage, kind=kind, threshold=(threshold,))


def scores(probability: Array, kind: Kind) -> Array:
    """Return (..., K) how badly each class fits, 0..1; 0 of the most probable one, or of several alike."""
    is_top = probability >= probability.max(axis=-1, keepdims=True)
    return np.where(is_top, 0.0, 1 - probability if kind == "lac" else _mass_above(probability))


def measure_coverage(
    sets: PredictionSets, truth: NDArray[Any], probability: NDArray[Any], places: NDArray[Any]
) -> Coverage:
    """Measure how often the true class is in the set, on rows that nothing was fitted on.

    Args:
        truth, probability, places: (N,), (N, K), (N,) as in `fit`.

    Raises:
        InvalidOption: the arrays do not fit each other or the thresholds.
    """
    y, p = check_outcome(truth, probability, places)
    if len(sets.threshold) not in (1, p.shape[1]):
        raise InvalidOption("threshold", sets.threshold, f"there is one, or one for each of the {p.shape[1]} classes")
    blocks, chosen = Blocks.of(places), sets.sets(p)
    is_held, size = chosen[np.arange(len(y)), y], chosen.sum(axis=1)
    return Coverage(
        stated=sets.coverage,
        measured=mean_interval(is_held, blocks),
        by_place=float((blocks.add(is_held) / blocks.add(np.ones(len(y)))).mean()),
        by_class=tuple(mean_interval(is_held, blocks, y == k) for k in range(p.shape[1])),
        size=mean_interval(size, blocks),
        sizes=tuple((np.bincount(size, minlength=p.shape[1] + 1)[1:] / len(size)).tolist()),
    )


def to_mask(sets: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return (...,) bit masks of (..., K) sets: bit k set = class k in the set; MASK_UNSEEN where no class is.

    Raises:
        InvalidOption: more than MOST_CLASSES classes.
    """
    classes = sets.shape[-1]
    if classes > MOST_CLASSES:
        raise InvalidOption("classes", classes, f"a mask of 8 bits holds at most {MOST_CLASSES}, beside nodata")
    mask = (sets * (1 << np.arange(classes))).sum(axis=-1).astype(np.uint8)
    return np.where(mask == 0, np.uint8(MASK_UNSEEN), mask)


def _mass_above(probability: Array) -> Array:
    """Return (..., K) the probability of all classes that are more probable than each."""
    classes = np.moveaxis(probability, -1, 0)
    above = [np.where(probability > own[..., None], probability, 0).sum(axis=-1) for own in classes]
    return np.asarray(np.minimum(np.stack(above, axis=-1), WORST))


def _threshold(own: Array, places: NDArray[np.str_], coverage: float) -> float:
    """Return the coverage-quantile of scores: places share a weight of P / (P + 1), and WORST has the rest."""
    if not len(own):
        return WORST
    blocks = Blocks.of(places)
    weight = 1 / (blocks.add(np.ones(len(own)))[blocks.code] * (len(blocks.names) + 1))
    order = np.argsort(own, kind="stable")
    at = np.searchsorted(np.cumsum(weight[order]), coverage - 1e-12)
    return float(own[order][at]) if at < len(own) else WORST


def _kind(kind: str) -> Kind:
    for known in KINDS:
        if kind == known:
            return known
    raise InvalidOption("kind", kind, f"it is one of {', '.join(KINDS)}")


def _share(coverage: float) -> float:
    if not 0 < coverage < 1:
        raise InvalidOption("coverage", coverage, "it lies between 0 and 1, such as 0.9")
    return coverage
