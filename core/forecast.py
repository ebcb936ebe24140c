"""Forecast and ClassProbabilities: what models return for series. No rasters, no files."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.bands import Floats
from core.timeline import Days

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
NDVI_RANGE = (-0.3, 1.0)
"""Forecasts are clipped to it: no land surface lies outside."""
QUANTILE_COLUMNS = ("q05", "q25", "q50", "q75", "q95")


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """NDVI of N series at H dates."""

    ids: NDArray[np.str_]
    """(N,) names of the series."""
    issue_days: Days
    """(N,) issue date: only observations strictly before it were used."""
    target_days: Days
    """(N, H) dates forecast, days since 1970-01-01; lead = target - issue + 1."""
    quantiles: Floats
    """(N, H, Q) NDVI at QUANTILES, ascending along Q; NaN for a series never seen."""
    climatology: Floats
    """(N, H) NDVI expected from the history's seasonal cycle alone; NaN for a series never seen."""


@dataclass(frozen=True, kw_only=True)
class ClassProbabilities:
    """Class membership of N series."""

    ids: NDArray[np.str_]
    """(N,) names of the series."""
    classes: tuple[str, ...]
    """K class names; the position is the code in rasters."""
    probability: Floats
    """(N, K) 0..1, rows sum to 1; NaN for a series never seen."""
