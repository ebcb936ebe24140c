"""Line: NDVI between the clear observations on both sides of a date, and how well lines do in the same series.

On short gaps of series with little noise no network is much better (benchmarks/forecasts/gap_filling.py).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.bands import Floats
from core.timeline import Days
from models.baselines.climatology import neighbours, seen_alone

FEWEST = 5
"""Observations whose neighbours must have told how well lines do; with fewer a line is not relied on."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """What straight lines say of N x H dates."""

    ndvi: Floats
    """(N, H) NaN where the date does not lie between two clear observations, or the series has too few of them."""
    gap_days: Floats
    """(N, H) days from the observation before to the one after; NaN as above."""
    error: Floats
    """(N, 1) mean absolute error of the line between its neighbours at an observation that is left out."""

    @classmethod
    def of(cls, days: Days, ndvi: Floats, end_days: Days, target_days: Days) -> "Line":
        """Draw lines between clear observations; a target that was observed counts as the one before.

        Args:
            days: (N, T) ascending; ndvi: (N, T), NaN = unseen.
            end_days: (N,) observations on or after it are not looked at.
            target_days: (N, H).
        """
        at, y, seen = seen_alone(days, ndvi, end_days)
        before, after = neighbours(at, seen, target_days)
        first, last = (_taken(np.broadcast_to(at, y.shape), place) for place in (before, after))
        low, high = _taken(y, before), _taken(y, after)
        gap = np.maximum(last - first, 1)
        error, count = _left_out(at, y, seen)
        is_known = (before >= 0) & (after >= 0) & (count >= FEWEST)[:, None]
        line = low + (target_days - first) / gap * (high - low)
        return cls(
            ndvi=np.where(is_known, line, np.nan).astype(np.float32),
            gap_days=np.where(is_known, gap, np.nan).astype(np.float32),
            error=error[:, None].astype(np.float32),
        )


def _taken(values: NDArray[np.generic], place: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.take_along_axis(values, np.maximum(place, 0), axis=1).astype(np.float64)


def _left_out(
    days: Days, y: NDArray[np.float64], seen: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return (N,) the mean absolute error of lines at observations between two others, and how many those are."""
    before, after = neighbours(days, seen, days - 1)[0], neighbours(days, seen, days)[1]
    days = np.broadcast_to(days, y.shape)
    first, last = _taken(days, before), _taken(days, after)
    share = (days - first) / np.maximum(last - first, 1)
    error = np.abs(y - _taken(y, before) * (1 - share) - _taken(y, after) * share)
    is_inner = seen & (before >= 0) & (after >= 0)
    count = is_inner.sum(axis=1)
    return np.where(is_inner, error, 0.0).sum(axis=1) / np.maximum(count, 1), count
