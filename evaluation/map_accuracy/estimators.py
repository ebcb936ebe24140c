"""Accuracy and area of a class map from a probability sample, and how large that sample must be. No maps, no files.

The estimators are those of Stehman (2014, doi:10.1080/01431161.2014.930207) for strata of any kind; where the strata
are the map's classes they are equations (4) to (11) of Olofsson et al. (2014, doi:10.1016/j.rse.2014.02.015). Sample
sizes are those of Cochran (1977, Sampling Techniques, section 5.5) as Olofsson et al. use them in section 5.
House letters: K class; here also S stratum.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Counts = NDArray[np.int64]

Z95 = 1.96
"""Half-width of a 95 % interval in standard errors, as the paper rounds it."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A share of the map, or of a class, with its standard error."""

    value: float
    """0..1; NaN = not defined, because no point shows it."""
    standard_error: float
    """NaN = not defined: a stratum that it rests on has one point only."""

    @property
    def half_width(self) -> float:
        """Half-width of the 95 % interval; NaN = not defined."""
        return Z95 * self.standard_error

    @property
    def low(self) -> float:
        """Lower end of the 95 % interval, not below 0; NaN = not defined."""
        return float(np.maximum(self.value - self.half_width, 0.0))

    @property
    def high(self) -> float:
        """Upper end of the 95 % interval, not above 1; NaN = not defined."""
        return float(np.minimum(self.value + self.half_width, 1.0))


@dataclass(frozen=True, kw_only=True)
class Assessment:
    """Estimates of a map from a sample; all shares are of the part of the map whose strata have points."""

    covered: float
    """Share of the map that lies in strata with points; 1 = all of it."""
    counts: Counts
    """(K, K) points by map class (row) and reference class (column)."""
    proportions: Array
    """(K, K) estimated shares of the area, likewise; they sum to 1."""
    overall: Estimate
    """Share of the area that is mapped as what it is."""
    users: tuple[Estimate, ...]
    """(K) of what is mapped as a class, the share that is of it."""
    producers: tuple[Estimate, ...]
    """(K) of what is of a class, the share that is mapped as it."""
    areas: tuple[Estimate, ...]
    """(K) share of the area that is of a class, by the reference."""


def assess(counts: Counts, weights: Array) -> Assessment:
    """Estimate accuracy and area from counts of a stratified random sample.

    Args:
        counts: (S, K, K) points of each stratum by map class and reference class; at least one point in all.
        weights: (S,) share of each stratum in the area of the map, together at most 1.

    Returns:
        Estimates for the strata that have points, weighted among each other; no finite population correction, as in
        the paper: a sample that is a large part of the map has intervals that are too wide rather than too narrow.
    """
    is_seen = counts.sum(axis=(1, 2)) > 0
    covered = float(weights[is_seen].sum())
    sample = _Sample(counts=counts[is_seen], weights=weights[is_seen] / covered)
    classes = range(counts.shape[1])
    cells = np.eye(len(classes))
    own = [np.outer(cells[k], cells[k]) for k in classes]
    mapped = [np.repeat(cells[k][:, None], len(classes), axis=1) for k in classes]
    true = [m.T for m in mapped]
    return Assessment(
        covered=covered,
        counts=counts.sum(axis=0),
        proportions=np.einsum("s,sij->ij", sample.weights, sample.shares()),
        overall=sample.mean(cells),
        users=tuple(sample.ratio(own[k], mapped[k]) for k in classes),
        producers=tuple(sample.ratio(own[k], true[k]) for k in classes),
        areas=tuple(sample.mean(true[k]) for k in classes),
    )


@dataclass(frozen=True, kw_only=True)
class _Sample:
    """Counts (S, K, K) and weights (S,) that sum to 1; every stratum has a point."""

    counts: Counts
    weights: Array

    def shares(self) -> Array:
        """Return (S, K, K) the share of a stratum's points in each cell."""
        return np.asarray(self.counts / self.counts.sum(axis=(1, 2), keepdims=True))

    def mean(self, score: Array) -> Estimate:
        """Estimate the mean over the area of a score (K, K) that each cell has (Cochran 1977, theorems 5.1 and 5.3)."""
        points = self.counts.sum(axis=(1, 2))
        means = (self.shares() * score).sum(axis=(1, 2))
        spread = np.maximum((self.shares() * score**2).sum(axis=(1, 2)) - means**2, 0.0)
        variance = np.where(points > 1, spread / np.maximum(points - 1, 1), np.nan)
        variance = np.where((points == 1) & ~self._can_vary(score), 0.0, variance)
        return Estimate(value=float(self.weights @ means), standard_error=float(np.sqrt(self.weights**2 @ variance)))

    def ratio(self, part: Array, whole: Array) -> Estimate:
        """Estimate the ratio of two means, its error by linearisation (Stehman 2014, equations 27 and 28)."""
        share = self.mean(whole).value
        if share == 0:
            return Estimate(value=np.nan, standard_error=np.nan)
        value = self.mean(part).value / share
        return Estimate(value=value, standard_error=self.mean((part - value * whole) / share).standard_error)

    def _can_vary(self, score: Array) -> NDArray[np.bool_]:
        """Return (S,), False where a score is 0 for the only map class that a stratum can have.

        Strata that show one map class each are taken for strata of map classes, others may hold any.
        """
        is_held = self.counts.sum(axis=2) > 0
        if (is_held.sum(axis=1) > 1).any():
            is_held = np.ones_like(is_held)
        return np.asarray((is_held & (score != 0).any(axis=1)).any(axis=1))


def sample_size(pixels: Counts, accuracies: Array, standard_error: float) -> int:
    """Return how many points give the overall accuracy a standard error (Olofsson et al. 2014, equation 13).

    Like the estimators, without finite population correction; never more points than there are pixels.

    Args:
        pixels: (K,) of each stratum.
        accuracies: (K,) user's accuracy that is expected, 0..1.
        standard_error: the target; half the width of a 95 % interval is 1.96 times as much.
    """
    weights = pixels / pixels.sum()
    size = (weights @ _spread(accuracies) / standard_error) ** 2
    return int(np.ceil(min(size, pixels.sum()) - 1e-9))


def class_size(accuracy: float, half_width: float) -> int:
    """Return how many points in a class give its user's accuracy a 95 % interval (equation 6 solved for the points)."""
    return int(np.ceil((Z95 * _spread(np.array([accuracy]))[0] / half_width) ** 2 - 1e-9)) + 1


def allocate(size: int, pixels: Counts, *, least: int) -> Counts:
    """Share points out: `least` to each rare stratum, the rest in proportion to size (Olofsson et al. 2014, section 5).

    Args:
        size: points in all; at least what the minima take (`smallest_sample`), at most the pixels there are.
        pixels: (K,) of each stratum, at least 1.
        least: points of a stratum that would have fewer in proportion; a stratum of fewer pixels is taken whole.
    """
    floors = np.minimum(pixels, least)
    is_rare = np.zeros(len(pixels), np.bool_)
    while not is_rare.all():
        wanted = np.where(is_rare, floors, (size - floors[is_rare].sum()) * pixels / pixels[~is_rare].sum())
        if not (wanted < floors).any():
            break
        is_rare |= wanted < floors
    points = np.where(is_rare, floors, np.floor(wanted)).astype(np.int64)
    left = np.where(is_rare, -1.0, wanted - points)
    points[np.argsort(-left, kind="stable")[: size - points.sum()]] += 1
    return points


def smallest_sample(pixels: Counts, *, least: int) -> int:
    """Return how many points the minima of all strata take."""
    return int(np.minimum(pixels, least).sum())


def shared_size(pixels: Counts, accuracies: Array, standard_error: float, *, least: int) -> int:
    """Return how many points give that standard error as `allocate` shares them out: minima take some from the rest.

    Args:
        pixels, accuracies, standard_error: as of `sample_size`, which is the smallest answer.
        least: as of `allocate`.

    Returns:
        At most the pixels there are, which then do not suffice.
    """
    low = max(sample_size(pixels, accuracies, standard_error), smallest_sample(pixels, least=least))
    high = int(pixels.sum())
    while low < high:
        middle = (low + high) // 2
        points = allocate(middle, pixels, least=least)
        if expected_overall(pixels, accuracies, points) <= standard_error:
            high = middle
        else:
            low = middle + 1
    return low


def expected_overall(pixels: Counts, accuracies: Array, points: Counts) -> float:
    """Return the standard error of the overall accuracy that an allocation leads to if the accuracies hold (eq. 5).

    Args:
        pixels, points: (K,) of each stratum; every stratum has a point.
        accuracies: (K,) user's accuracy that is expected, 0..1.
    """
    weights = pixels / pixels.sum()
    return float(np.sqrt((weights**2 * _spread(accuracies) ** 2 / np.maximum(points - 1, 1)).sum()))


def expected_users(accuracies: Sequence[float] | Array, points: Counts) -> Array:
    """Return (K,) the standard errors of the user's accuracies if the accuracies hold (equation 6)."""
    return np.asarray(_spread(np.asarray(accuracies)) / np.sqrt(np.maximum(points - 1, 1)))


def _spread(accuracies: Array) -> Array:
    return np.asarray(np.sqrt(accuracies * (1 - accuracies)))
