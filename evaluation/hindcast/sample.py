"""Which series of a table, or pixels of a cube, a hindcast forecasts again, and the independent blocks they lie in."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core.bands import channel
from core.cube import Cube, Series
from core.errors import NoClearObservation

BLOCK_PIXELS = 10
"""Edge of the blocks of pixels that are resampled as a whole: neighbouring pixels repeat each other."""
ROW_PIXELS = 4096
"""Pixels read from a cube at once."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Series to forecast again, and the blocks that make them independent."""

    name: str
    """Of the table, cube or region."""
    series: Series
    places: NDArray[np.str_]
    """(N,) the series itself, or the 10 x 10 pixels that it lies in."""
    unit: str
    """`series` or `pixels`."""
    total: int
    """How many there are, of which these were drawn."""
    is_simulated: bool = False


def sample_table(series: Series, name: str, limit: int) -> Sample:
    """Draw series of a table among those ever seen; each is a place of its own.

    Raises:
        NoClearObservation: none was ever seen.
    """
    seen = np.asarray(np.isfinite(series.values[..., channel("NDVI")]).any(axis=1))
    rows = _draw(seen, limit, name)
    taken = series.take(rows)
    return Sample(name=name, series=taken, places=taken.ids, unit="series", total=int(seen.sum()))


def sample_cube(cube: Cube, name: str, limit: int) -> Sample:
    """Draw pixels of a cube among those ever seen; places are blocks of 10 x 10 pixels.

    Raises:
        NoClearObservation: none was ever seen.
    """
    seen = (cube.clear_count() > 0).ravel()
    pixels = _draw(seen, limit, name)
    height, width = cube.shape_yx
    optical = replace(cube, data=cube.data[[v for v in cube.data.data_vars if cube.data[v].dims == ("time", "y", "x")]])
    step = max(1, ROW_PIXELS // width)
    parts = []
    for first in range(0, height, step):
        here = pixels[(pixels >= first * width) & (pixels < (first + step) * width)] - first * width
        if len(here):
            parts.append(optical.series(slice(first, first + step)).take(here))
    row, column = np.divmod(pixels, width)
    blocks = [f"{r}_{c}" for r, c in zip(row // BLOCK_PIXELS, column // BLOCK_PIXELS, strict=True)]
    joined = Series(**{k: np.concatenate([getattr(p, k) for p in parts]) for k in ("ids", "days", "values")})
    return Sample(
        name=name,
        series=joined,
        places=np.array(blocks),
        unit="pixels",
        total=int(seen.sum()),
        is_simulated=cube.is_simulated,
    )


def _draw(seen: NDArray[np.bool_], limit: int, name: str) -> NDArray[np.int64]:
    rows = np.flatnonzero(seen)
    if not len(rows):
        raise NoClearObservation(f"'{name}'", "the whole of its period")
    if len(rows) <= limit:
        return rows
    return np.sort(np.random.default_rng(0).choice(rows, limit, replace=False))
