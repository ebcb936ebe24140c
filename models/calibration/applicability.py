"""Area of applicability: where pixels are unlike all that a model has learned from. No network.

The dissimilarity index of Meyer and Pebesma (2021, doi:10.1111/2041-210X.13650), here between embeddings: the distance
to the nearest training point over the mean distance among training points. The threshold is the largest index, outliers
left out, that a training point has from those of the other folds.
"""

import warnings
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import scipy  # loads scipy.cluster when it is first used, in fitting
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from core.bands import Floats
from core.errors import InvalidCheckpoint, InvalidOption

Array = NDArray[np.float64]

MOST_POINTS = 512
"""Training points that are kept: 128 kB with 64 dimensions, and 10,000 pixels are compared with them in 0.1 s."""
PAIRED = 2000
"""Training points, drawn at random, of which the mean distance is taken: of all pairs there would be too many."""
CHUNK = 4096
"""Rows compared at a time: their distances to all points are held in memory."""
ROUNDS = 10
"""Of k-means."""
WHISKER = 1.5
"""Interquartile ranges above the third quartile, from where on an index is an outlier."""


@dataclass(frozen=True, kw_only=True)
class Applicability:
    """What the training data look like, small enough to lie beside a checkpoint."""

    points: Floats
    """(R, D) training points or centres of their groups, standardised."""
    mean: Floats
    """(D,) of the training embeddings."""
    scale: Floats
    """(D,) standard deviation of the training embeddings; 1 where they are all the same."""
    distance: float
    """Mean distance among training points, standardised."""
    threshold: float
    """Largest index inside the area."""

    def index(self, embeddings: NDArray[Any]) -> Floats:
        """Return (N,) the dissimilarity index: 0 = the same as a training point, 1 = as far as two of them are apart.

        Args:
            embeddings: (N, D); NaN = unseen.

        Returns:
            (N,); NaN of rows with NaN.

        Raises:
            InvalidOption: D is another than that of the training embeddings.
        """
        if embeddings.ndim != 2 or embeddings.shape[1] != len(self.mean):
            raise InvalidOption("embeddings", f"shape {embeddings.shape}", f"each has {len(self.mean)} dimensions")
        x = _standardise(embeddings, self.mean, self.scale)
        return (_nearest(x, self.points.astype(np.float64)) / self.distance).astype(np.float32)

    def is_inside(self, embeddings: NDArray[Any]) -> NDArray[np.bool_]:
        """Return (N,), True where the index is at most the threshold; False of rows with NaN."""
        return self.index(embeddings) <= self.threshold

    def save(self, path: Path) -> None:
        """Write a safetensors file."""
        save_file({f.name: np.atleast_1d(getattr(self, f.name)) for f in fields(self)}, path)

    @classmethod
    def load(cls, path: Path) -> "Applicability":
        """Read what `save` has written.

        Raises:
            InvalidCheckpoint: it is no such file.
        """
        try:
            found = load_file(path)
        except (OSError, SafetensorError) as error:
            raise InvalidCheckpoint(path, str(error).splitlines()[0]) from None
        missing = {f.name for f in fields(cls)} - set(found)
        if missing:
            raise InvalidCheckpoint(path, f"it lacks {', '.join(sorted(missing))}")
        numbers = {name: float(found.pop(name)[0]) for name in ("distance", "threshold")}
        return cls(points=found["points"], mean=found["mean"], scale=found["scale"], **numbers)


def fit(embeddings: NDArray[Any], folds: NDArray[Any], *, most_points: int = MOST_POINTS) -> Applicability:
    """Learn the area from training embeddings.

    Of more than `most_points`, the centres of so many groups are kept, found by k-means within each fold.

    Args:
        embeddings: (N, D) finite.
        folds: (N,) fold of each, whole places in one; at least two different.

    Raises:
        InvalidOption: embeddings that are not finite or all the same, or a single fold.
    """
    if embeddings.ndim != 2 or len(embeddings) != len(folds) or not np.isfinite(embeddings).all():
        raise InvalidOption(
            "embeddings", f"shape {embeddings.shape}", "they are finite, with one row for each fold entry"
        )
    code = np.unique(folds, return_inverse=True)[1]
    if not len(code) or code.max() == 0:
        raise InvalidOption("folds", np.unique(folds), "at least two, so that training points are compared across them")
    mean, spread = embeddings.mean(axis=0, dtype=np.float64), embeddings.std(axis=0, dtype=np.float64)
    mean, scale = mean.astype(np.float32), np.where(spread > 0, spread, 1).astype(np.float32)
    x = _standardise(embeddings, mean, scale)
    distance = _mean_distance(x)
    if distance == 0:
        raise InvalidOption("embeddings", "these", "they differ, or there is nothing to be dissimilar to")
    points, owner = _reduce(x, code, most_points)
    indices = np.empty(len(x))
    for fold in range(int(code.max()) + 1):
        indices[code == fold] = _nearest(x[code == fold], points[owner != fold]) / distance
    return Applicability(
        points=points.astype(np.float32), mean=mean, scale=scale, distance=distance, threshold=_largest_usual(indices)
    )


def _standardise(embeddings: NDArray[Any], mean: Floats, scale: Floats) -> Array:
    return (np.asarray(embeddings, np.float64) - mean) / scale


def _nearest(x: Array, points: Array) -> Array:
    """Return (N,) the distance of each row to the nearest point, by matrix products; NaN of rows with NaN."""
    out = np.empty(len(x))
    lengths = (points**2).sum(axis=1)
    for start in range(0, len(x), CHUNK):
        part = x[start : start + CHUNK]
        squared = (part**2).sum(axis=1)[:, None] + lengths - 2 * part @ points.T
        out[start : start + CHUNK] = np.sqrt(np.maximum(squared.min(axis=1), 0))
    return out


def _mean_distance(x: Array) -> float:
    """Return the mean distance between two different rows; of at most PAIRED rows."""
    if len(x) > PAIRED:
        x = x[np.random.default_rng(0).choice(len(x), PAIRED, replace=False)]
    lengths = (x**2).sum(axis=1)
    squared = np.maximum(lengths[:, None] + lengths - 2 * x @ x.T, 0)
    np.fill_diagonal(squared, 0)
    return float(np.sqrt(squared).sum() / (len(x) * (len(x) - 1)))


def _reduce(x: Array, code: NDArray[np.int64], most_points: int) -> tuple[Array, NDArray[np.int64]]:
    """Return (R, D) points and (R,) the fold of each: all rows, or centres, folds sharing them by their rows."""
    if len(x) <= most_points:
        return x, code
    parts = []
    for fold in range(int(code.max()) + 1):
        rows = x[code == fold]
        count = max(1, most_points * len(rows) // len(x))
        parts.append(_centres(rows, count))
    owner = np.repeat(np.arange(len(parts)), [len(p) for p in parts])
    return np.concatenate(parts), owner


def _centres(rows: Array, count: int) -> Array:
    """Return at most `count` centres of groups, the same each time; groups that lost all their rows are left out."""
    first = rows[np.random.default_rng(0).choice(len(rows), count, replace=False)]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "One of the clusters is empty", UserWarning)  # of equal rows
        centres, group = scipy.cluster.vq.kmeans2(rows, first, iter=ROUNDS, minit="matrix")
    return np.asarray(centres[np.unique(group)])


def _largest_usual(indices: Array) -> float:
    """Return the largest value that is not more than WHISKER interquartile ranges above the third quartile."""
    low, high = np.quantile(indices, [0.25, 0.75])
    return float(indices[indices <= high + WHISKER * (high - low)].max())
