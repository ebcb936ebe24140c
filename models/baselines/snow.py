"""Snow: winter observations of green places that say nothing about the seasons to come. No network.

A year that was seen as a whole shows what snow is. A history of some months that begins under it looks like a season
that rises and must fall again, and forecasts of autumn follow it down (docs/explanation/accuracy.md, where it fails).
"""

import numpy as np
from numpy.typing import NDArray

from core.bands import Floats
from core.timeline import Days, months_since_1970

SHORT_DAYS = 330
"""Histories that began longer ago have seen the seasons."""
SNOW = 0.2
"""NDVI below which a green place lies under snow or a cloud that was missed; bare soil is seldom lower."""
GREEN, UPPER = 0.5, 0.8
"""A place is green if this NDVI is exceeded by the upper fifth of what was seen of it."""
FIRST_MONTH, LAST_MONTH = 11, 3
"""Winter of the north, where there is snow to speak of."""


def without_snow(days: Days, ndvi: Floats, issue_days: Days) -> Floats:
    """Return NDVI in which snow in the winters of short histories of green places is unseen.

    On the reference sites of 2021 this lowers the loss by 1 % with histories of 120 to 270 days, and would raise it by
    1 % with those of a year and more, which are left as they are.

    Args:
        days: (N, T); ndvi: (N, T), NaN = unseen; issue_days: (N,) what follows is not looked at.
    """
    seen = np.isfinite(ndvi) & (days < issue_days[:, None])
    first = np.where(seen, days, np.iinfo(np.int32).max).min(axis=1)
    is_short = first > issue_days - SHORT_DAYS
    if not is_short.any():
        return ndvi
    is_snow = seen & (ndvi < SNOW) & _is_winter(days) & (is_short & _is_green(ndvi, seen))[:, None]
    return np.where(is_snow, np.float32(np.nan), ndvi).astype(np.float32)


def _is_green(ndvi: Floats, seen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return (N,) whether the upper fifth of what was seen is green."""
    ordered = np.sort(np.where(seen, ndvi, np.inf), axis=1)
    at = np.maximum(np.ceil(UPPER * seen.sum(axis=1)).astype(np.int64) - 1, 0)
    upper = np.take_along_axis(ordered, at[:, None], axis=1)[:, 0]
    return np.asarray(np.isfinite(upper) & (upper > GREEN))


def _is_winter(days: Days) -> NDArray[np.bool_]:
    month = months_since_1970(days) % 12 + 1
    return np.asarray((month >= FIRST_MONTH) | (month <= LAST_MONTH))
