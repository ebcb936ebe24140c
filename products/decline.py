"""Canopy in decline: where the newest summer NDVI is clearly below the pixel's own earlier summers. No model, no files.

The rule has the form of FORDEAD (Dutrieux et al. 2021, doi:10.15454/4TEO6H): a pixel is compared with its own healthy
past, and three dates in a row must depart from it, so that one cloud flags nothing. FORDEAD reads the short-wave
infrared and a harmonic model of two years; here NDVI and medians do, which every input has.
"""

import numpy as np
from numpy.typing import NDArray

from core.bands import NDVI, Floats, channel
from core.cube import Series
from core.product import Layer, LegendEntry, Variable
from core.timeline import Days, months_since_1970

MAY, SEPTEMBER = 5, 9
"""First and last month of summer, north of the tropics."""
YEAR = 365
"""Days up to the date of the map; what is older is the past."""
DATES = 3
"""Clear summer dates that are needed of the last 12 months and of the past, and the newest that must all be low."""
LEAST = 0.1
"""Smallest drop of NDVI that counts: twice what the stand of docs/explanation/evidence.md varies in healthy years."""
DEVIATIONS = 2.0
"""And in robust standard deviations of the pixel's past."""
HAZE = 0.03
"""Blue reflectance above the pixel's own summer median from which a date is haze that the mask has missed: left out."""
TO_DEVIATION = 1.4826
"""Of a normal distribution, its standard deviation over the median absolute deviation."""
LEGEND = (
    LegendEntry(value=0, label="Canopy without decline", colour=(150, 190, 150)),
    LegendEntry(value=1, label="Canopy in decline", colour=(176, 58, 46)),
)


def decline_layer(date: str, dtype: str) -> Layer:
    """Return the band of the option `decline`."""
    codes = "; ".join(f"{entry.value} {entry.label.lower()}" for entry in LEGEND)
    text = (
        f"Canopy whose newest {DATES} clear NDVI of May to September in the 12 months up to {date} are all at least "
        f"{LEAST:g}, and {DEVIATIONS:g} robust standard deviations, below the median of its earlier summers: dead or "
        "dying trees may stand here"
    )
    return Layer(
        name="decline", variable=Variable.DECLINE, description=f"{text}: {codes}", legend=LEGEND, date=date, dtype=dtype
    )


def decline_codes(series: Series, last_days: Days) -> Floats:
    """Tell which series are in decline.

    Args:
        series: N series; days after the last are not read.
        last_days: (N,) day of the map.

    Returns:
        (N,) 1 in decline, 0 not; NaN with fewer than DATES clear summer dates in the last 12 months or before them.
    """
    index, days = series.values[..., channel(NDVI.name)], series.days
    is_summer = _is_summer(days) & np.isfinite(index)
    is_summer &= ~_is_hazy(series, is_summer)
    last = last_days[:, None]
    is_new = is_summer & (days > last - YEAR) & (days <= last)
    is_past = is_summer & (days <= last - YEAR)
    newest = is_new & (is_new[:, ::-1].cumsum(axis=1)[:, ::-1] <= DATES)
    is_known = (newest.sum(axis=1) == DATES) & (is_past.sum(axis=1) >= DATES)
    found = np.full(len(series), np.nan, np.float32)
    highest = np.where(newest, index, -np.inf)[is_known].max(axis=1, initial=-np.inf)
    found[is_known] = highest <= _limit(np.where(is_past, index, np.nan)[is_known])
    return found


def _is_hazy(series: Series, is_summer: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return (N, T) dates much brighter in the blue band than the pixel's summers; none where it was not seen."""
    blue = np.where(is_summer, series.values[..., channel("B02")], np.nan)
    ordered = np.sort(blue, axis=1)  # NaN last
    middle = np.maximum(np.isfinite(blue).sum(axis=1) - 1, 0) // 2
    median = np.take_along_axis(ordered, middle[:, None], axis=1)
    with np.errstate(invalid="ignore"):
        return np.asarray(blue > median + HAZE)


def _limit(past: Floats) -> Floats:
    """Return (N,) the NDVI from which down (N, T) summers, NaN = no past summer date, are followed by a decline."""
    median = np.nanmedian(past, axis=1)
    deviation = TO_DEVIATION * np.nanmedian(np.abs(past - median[:, None]), axis=1)
    return np.asarray(median - np.maximum(LEAST, DEVIATIONS * deviation), np.float32)


def _is_summer(days: Days) -> NDArray[np.bool_]:
    month = months_since_1970(days) % 12 + 1
    return np.asarray((month >= MAY) & (month <= SEPTEMBER))
