"""Which pixels count for a field, and with what weight: by exact coverage, with the edge left out. No observations."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from core.grid import Window

MOSTLY = 0.5
"""Share of a pixel that lies in a field from which it counts: others show more of the neighbours than of the field."""
MOST_CLASSED = 50
"""Pixels of a field that are classified at most; of 3 ha about every sixth."""


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """Weights of the pixels of one window for F fields."""

    weights: sparse.csr_matrix
    """(F, Y * X) share of each pixel that lies in the field, of the pixels that count; 0 elsewhere."""
    is_mixed: NDArray[np.bool_]
    """(F,) True where no pixel lies mostly inside, so that all that the field touches count."""
    inside: NDArray[np.float64]
    """(F,) share of the field's area that lies in the window, 0..1."""

    def is_wanted(self) -> NDArray[np.bool_]:
        """Return (Y * X,), True for pixels that count for any field."""
        return np.asarray(self.weights.sum(axis=0)).ravel() > 0

    def thinned(self, most: int = MOST_CLASSED) -> sparse.csr_matrix:
        """Return (F, Y * X) the weights of at most so many pixels of each field, evenly spread among its pixels."""
        parts = []
        for row in range(self.weights.shape[0]):
            first, last = self.weights.indptr[row : row + 2]
            count = last - first
            parts.append(first + np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(np.int64)))
        keep = np.concatenate([np.empty(0, np.int64), *parts])
        rows = np.repeat(np.arange(len(parts)), [len(p) for p in parts])
        cells = (self.weights.data[keep], (rows, self.weights.indices[keep]))
        return sparse.csr_matrix(cells, shape=self.weights.shape)


def cover(geometries: Sequence[BaseGeometry], window: Window) -> Coverage:
    """Weigh the pixels of a window.

    A pixel counts if at least half of it lies in the field, with the share that does. A field too small or thin for
    any such pixel has all that it touches.

    Args:
        geometries: F valid polygons in the CRS of the window.
        window: where the pixels lie.
    """
    from exactextract import exact_extract
    from exactextract.feature import JSONFeatureSource
    from exactextract.raster import NumPyRasterSource

    rows, columns = window.shape_yx
    xmin, ymin, xmax, ymax = window.bounds
    grid = NumPyRasterSource(np.zeros((rows, columns), np.uint8), xmin=xmin, ymin=ymin, xmax=xmax, ymax=ymax)
    features = [{"type": "Feature", "geometry": mapping(g), "properties": {}} for g in geometries]
    found = exact_extract(grid, JSONFeatureSource(features), ["cell_id", "coverage"])
    shares = [np.asarray(f["properties"]["coverage"], np.float64) for f in found]
    cells = [np.asarray(f["properties"]["cell_id"], np.int64) for f in found]
    area = np.array([g.area for g in geometries], np.float64) / window.resolution_m**2
    total = np.array([s.sum() for s in shares])
    is_mixed = np.array([len(s) > 0 and not (s >= MOSTLY).any() for s in shares], np.bool_)
    kept = [s > 0 if mixed else s >= MOSTLY for s, mixed in zip(shares, is_mixed, strict=True)]
    return Coverage(
        weights=_matrix(shares, cells, kept, rows * columns), is_mixed=is_mixed, inside=np.clip(total / area, 0, 1)
    )


def _matrix(
    shares: Sequence[NDArray[np.float64]],
    cells: Sequence[NDArray[np.int64]],
    kept: Sequence[NDArray[np.bool_]],
    pixels: int,
) -> sparse.csr_matrix:
    rows = np.repeat(np.arange(len(kept)), [int(k.sum()) for k in kept])
    data = np.concatenate([np.empty(0), *(s[k] for s, k in zip(shares, kept, strict=True))])
    columns = np.concatenate([np.empty(0, np.int64), *(c[k] for c, k in zip(cells, kept, strict=True))])
    matrix = sparse.csr_matrix((data, (rows, columns)), shape=(len(kept), pixels))
    matrix.sort_indices()
    return matrix
