"""Forecast and ClassProbabilities: what models return for series; quantiles and percentiles. No rasters, no files."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.bands import Floats
from core.timeline import Days

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
MEDIAN = QUANTILES.index(0.5)
"""Its position."""
NDVI_RANGE = (-0.3, 1.0)
"""Forecasts are clipped to it: no land surface lies outside."""
PERCENTILE_RANGE = (1.0, 99.0)
"""Five quantiles tell no more about the tails."""
NARROWEST = 1e-6
"""Width from which on an interval between two quantiles has a slope."""
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


def percentile_of(values: Floats, quantiles: Floats) -> Floats:
    """Return where values stand among their quantiles, in percent.

    Linear between the quantiles. Beyond the outer two the line between the outer pair goes on; its ends are unknown
    from five quantiles, so the answer stops at 1 and 99.

    Args:
        values: (...,) in the unit of the quantiles; NaN = not seen.
        quantiles: (..., Q) at QUANTILES, ascending.

    Returns:
        (...,) 1..99; NaN where the value or its quantiles are NaN.
    """
    levels = np.array(QUANTILES, np.float32) * 100
    part = (values[..., None] >= quantiles[..., 1:-1]).sum(axis=-1)  # which of the four intervals
    low, high = (np.take_along_axis(quantiles, (part + n)[..., None], axis=-1)[..., 0] for n in (0, 1))
    share = (values - low) / np.maximum(high - low, NARROWEST)
    percent = levels[part] + share * (levels[part + 1] - levels[part])
    return np.asarray(np.clip(percent, *PERCENTILE_RANGE), np.float32)
