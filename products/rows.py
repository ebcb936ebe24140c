"""Rows: rendering a cube block by block of rows, so that memory stays bounded and progress is true."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from core.bands import Floats
from core.cube import Cube, Series
from core.errors import MissingBand
from core.product import Progress

BLOCK_PIXELS = 2048
"""Pixels handed to a model at once: a few hundred MB for three years of all bands."""
MAX_COUNT = 254
"""Largest clear count that a uint8 layer can say; 255 is nodata."""


def render_rows(cube: Cube, predict: Callable[[Series], Floats], progress: Progress) -> Floats:
    """Predict all pixels of a cube.

    Args:
        predict: Series of N pixels -> (N, L) values; called only for pixels seen at least once.

    Returns:
        (L, Y, X); NaN for pixels never seen, and (0, Y, X) where no pixel was seen at all.
    """
    height, width = cube.shape_yx
    parts: list[tuple[slice, NDArray[np.bool_], Floats]] = []
    for rows in _blocks(height, width):
        series = cube.series(rows)
        seen = np.asarray(np.isfinite(series.values).any(axis=(1, 2)))
        if seen.any():
            parts.append((rows, seen, predict(series.take(np.nonzero(seen)[0]))))
        progress(rows.stop / height)
    layers = parts[0][2].shape[1] if parts else 0
    out = np.full((layers, height, width), np.nan, np.float32)
    for rows, seen, values in parts:
        block = out[:, rows].reshape(layers, -1)
        block[:, seen] = values.T
        out[:, rows] = block.reshape(layers, -1, width)
    return out


def require_ndvi(cube: Cube) -> None:
    """Refuse a cube from which NDVI cannot be had.

    Raises:
        MissingBand: names what is missing.
    """
    has = set(cube.data.data_vars)
    if "NDVI" in has:
        return
    missing = [
        n for n, known in (("B04 (red)", {"B04"}), ("B08 or B8A (near infrared)", {"B08", "B8A"})) if not has & known
    ]
    if missing:
        raise MissingBand(cube.archive, missing, sorted(str(v) for v in has))


def _blocks(height: int, width: int) -> Iterator[slice]:
    step = max(1, BLOCK_PIXELS // width)
    for first in range(0, height, step):
        yield slice(first, min(first + step, height))
