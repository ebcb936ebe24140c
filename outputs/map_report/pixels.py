"""Layers of a finished map as values, of a large one every so many-th pixel."""

import math
from collections.abc import Sequence

import numpy as np

from core.bands import Floats
from core.product import Layer
from outputs.cog import RasterFile

ROUNDING = 1e-6
"""Room for float32: 90 % is a little less than 0.9."""
MOST_PIXELS = 4_000_000
"""Of a larger map every so many-th pixel is looked at: shares are then good to 0.1 %."""


def step_of(raster: RasterFile) -> int:
    """Return how far apart in rows and columns the pixels are that are looked at."""
    return max(1, math.ceil(math.sqrt(math.prod(raster.window.shape_yx) / MOST_PIXELS)))


def values(raster: RasterFile, layer: Layer, *, step: int = 1) -> Floats:
    """Return (Y, X) float32 values of a layer; NaN = nodata."""
    found = raster.read(layer.name, step=step)
    unseen = np.isnan(found) if np.isnan(raster.nodata) else found == raster.nodata
    return np.where(unseen, np.nan, found).astype(np.float32)


def shares_between(found: Floats, edges: Sequence[float]) -> list[float]:
    """Return the shares 0..1 of the seen values below the first edge, from each edge to the next, and from the last on.

    NaN where nothing is seen.
    """
    seen = found[np.isfinite(found)]
    counts = np.bincount(np.searchsorted(np.asarray(edges) - ROUNDING, seen, side="right"), minlength=len(edges) + 1)
    return [float(c / seen.size) if seen.size else math.nan for c in counts]


def median_of(raster: RasterFile, layer: Layer) -> float:
    """Return the median of the seen values of a layer; NaN where nothing is seen."""
    found = values(raster, layer, step=step_of(raster))
    return float(np.nanmedian(found)) if np.isfinite(found).any() else math.nan
