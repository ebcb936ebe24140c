"""Bins of the time of year, in which series are pooled and compared. No network."""

import numpy as np
from numpy.typing import NDArray

from core.timeline import YEAR_DAYS, Days

BINS, BIN_DAYS = 73, 5


def year_bin(days: Days) -> NDArray[np.int64]:
    """Return the bin of the time of year, 0 to 72, of each day since 1970-01-01."""
    return np.asarray((days % YEAR_DAYS / YEAR_DAYS * BINS).astype(np.int64) % BINS)


def kernel(width_days: float) -> NDArray[np.float64]:
    """Return (BINS, BINS) by which sums of bins become Gaussian sums around each bin, across the turn of the year."""
    gap = np.abs(np.arange(BINS)[:, None] - np.arange(BINS))
    gap = np.minimum(gap, BINS - gap) * BIN_DAYS
    return np.asarray(np.exp(-0.5 * (gap / width_days) ** 2), np.float64)
