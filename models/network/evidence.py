"""Evidence: how much was seen of a series, in a few numbers that say how sure a class can be. No network, no files."""

import numpy as np
from numpy.typing import NDArray

from core.bands import Floats, channel
from core.cube import Series
from core.timeline import Days, months_since_1970
from models.network.class_features import MONTHS, SEASONAL

MOST_MONTHS = 36
EVIDENCE = ("months", "seasons", "optical", "red edge", "short-wave infrared", "radar", "no reflectance")
"""What the columns say: months with any observation, on a logarithmic scale of 0..1; share of the calendar months in
which NDVI was seen; and whether blue, red edge, short-wave infrared, backscatter were seen, and no band but NDVI."""
SUMMER_HALF, WINTER_HALF = 1, 2
"""Codes of April to September, and of October to March, north of the equator the halves with and without leaves."""
APRIL, OCTOBER = 3, 9
"""Months of the year from 0 on."""
_OF_MONTHS = MONTHS * len(SEASONAL)


def months_seen(series: Series, reference_days: Days, *, months: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Count the calendar months with a clear observation, and tell in which halves of the year they lie.

    Args:
        series: N series.
        reference_days: (N,) the day after the date that is classified.
        months: calendar months up to that date that the model reads.

    Returns:
        (N,) months; and (N,) the sum of SUMMER_HALF and WINTER_HALF where one of their months was seen.
    """
    month, last = months_since_1970(series.days), months_since_1970(reference_days - 1)[:, None]
    back = last - month
    is_read = (series.days < reference_days[:, None]) & (back >= 0) & (back < months)
    row, date = np.nonzero(is_read & np.isfinite(series.values[..., channel("NDVI")]))
    seen = np.zeros((len(series), months), np.bool_)
    seen[row, back[row, date]] = True
    number = (last - np.arange(months)) % MONTHS
    is_summer = (number >= APRIL) & (number < OCTOBER)
    summer, winter = (seen & is_summer).any(axis=1), (seen & ~is_summer).any(axis=1)
    halves = np.where(summer, SUMMER_HALF, 0) + np.where(winter, WINTER_HALF, 0)
    return np.asarray(seen.sum(axis=1), np.int64), np.asarray(halves, np.int64)


def evidence(is_padding: NDArray[np.bool_], queries: Floats) -> NDArray[np.float64]:
    """Describe what class inputs hold.

    Args:
        is_padding: (N, T) as `class_inputs` gives it.
        queries: (N, 1, G) features of the months, then a flag for each.

    Returns:
        (N, len(EVIDENCE)) of order one.
    """
    flags = np.split(queries[:, 0], 2, axis=1)[1][:, :_OF_MONTHS].reshape(len(queries), MONTHS, len(SEASONAL)) > 0.5

    def share(name: str) -> NDArray[np.float64]:
        return np.asarray(flags[:, :, SEASONAL.index(name)].mean(axis=1), np.float64)

    def has(name: str) -> NDArray[np.float64]:
        return (share(name) > 0).astype(np.float64)

    months = (~is_padding).sum(axis=1)
    return np.stack(
        [
            np.log1p(np.minimum(months, MOST_MONTHS)) / np.log1p(MOST_MONTHS),
            share("NDVI"),
            has("B02"),
            has("RE"),
            has("B11"),
            has("VV"),
            (1 - has("B04")) * has("NDVI"),
        ],
        axis=1,
    )
