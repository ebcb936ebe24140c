"""Monthly composites of series: what class models read. No network, no files.

One compiled pass over the observations, as maps spend more on features than on trees. `calendar_composite` in
models/inference/features/composite.py is its twin on a card.
"""

import numpy as np
from numpy.typing import NDArray

from core.bands import CHANNELS, OPTICAL_NAMES, RADAR_NAMES, Floats
from core.cube import Series
from core.timeline import Days, months_since_1970
from models.compiled import compiled

BY_MEDIAN = (*OPTICAL_NAMES, "NDVI")
"""Channels that monthly composites join by their medians; others by their means."""
LEAST_POWER = 1e-6
"""Radar backscatter in linear power below which composites do not go: -60 dB."""
_BY_MEDIAN, _BY_MEAN = slice(0, len(BY_MEDIAN)), slice(len(BY_MEDIAN), None)
"""Channels that are joined by their medians come first."""
_IS_RADAR = np.array([name in RADAR_NAMES for name in CHANNELS[_BY_MEAN]])


def calendar_composite(series: Series, reference_days: Days, *, months: int) -> Series:
    """Join what was seen in each calendar month, the last one being that of the day before the reference day.

    Optical bands and NDVI by their medians, which a cloud left in a mask does not move; radar (in linear power) and
    weather by their means.

    Returns:
        Series of N x `months` steps dated at the 15th; NaN where a month holds no observation.
    """
    last = months_since_1970(reference_days - 1)[:, None]
    back = np.where(series.days < reference_days[:, None], last - months_since_1970(series.days), -1)
    step = np.where((back >= 0) & (back < months), months - 1 - back, -1).astype(np.int32)
    centre = (last - np.arange(months)[::-1]).astype("datetime64[M]").astype("datetime64[D]").astype(np.int32) + 14
    values = np.asarray(series.values, np.float32)
    order, bounds = np.empty(step.shape, np.int32), np.empty((len(series), months + 1), np.int32)
    compiled(_sort)(step, order, bounds)
    joined = np.empty((len(series), months, values.shape[-1]), np.float32)
    compiled(_medians)(order, bounds, values[..., _BY_MEDIAN], joined[..., _BY_MEDIAN])
    compiled(_means)(order, bounds, values[..., _BY_MEAN], joined[..., _BY_MEAN], _IS_RADAR)
    return Series(ids=series.ids, days=centre, values=joined, static=series.static)


def _sort(step: NDArray[np.int32], order: NDArray[np.int32], bounds: NDArray[np.int32]) -> None:
    """Put dates in the order of their months, those of a month as they come.

    Args:
        step: (N, T) number of the month of each date; -1 = of none.
        order: (N, T) filled with dates; bounds: (N, M + 1) filled with where each month begins and ends in it.
    """
    place = np.empty(bounds.shape[1], np.int32)
    for row in range(step.shape[0]):
        bounds[row] = 0
        for date in range(step.shape[1]):
            if step[row, date] >= 0:
                bounds[row, step[row, date] + 1] += 1
        for month in range(1, bounds.shape[1]):
            bounds[row, month] += bounds[row, month - 1]
        place[:] = bounds[row]
        for date in range(step.shape[1]):
            if step[row, date] >= 0:
                order[row, place[step[row, date]]] = date
                place[step[row, date]] += 1


def _medians(order: NDArray[np.int32], bounds: NDArray[np.int32], values: Floats, joined: Floats) -> None:
    """Fill `joined` (N, M, C) with medians of (N, T, C) values; `order` and `bounds` as `_sort` leaves them."""
    seen = np.empty(max(1, order.shape[1]), np.float32)
    for row, month, column in np.ndindex(joined.shape):
        count = 0
        for at in range(bounds[row, month], bounds[row, month + 1]):
            value = values[row, order[row, at], column]
            if np.isfinite(value):  # a month has few dates: each goes to its place among those before it
                place = count
                while place > 0 and seen[place - 1] > value:
                    seen[place] = seen[place - 1]
                    place -= 1
                seen[place] = value
                count += 1
        low, high = max(count - 1, 0) // 2, count // 2
        joined[row, month, column] = (np.float64(seen[low]) + np.float64(seen[high])) / 2 if count else np.nan


def _means(
    order: NDArray[np.int32], bounds: NDArray[np.int32], values: Floats, joined: Floats, is_radar: NDArray[np.bool_]
) -> None:
    """Fill `joined` (N, M, C) with means of (N, T, C) values, of radar in linear power; otherwise as `_medians`."""
    for row, month, column in np.ndindex(joined.shape):
        count, total = 0, 0.0
        for at in range(bounds[row, month], bounds[row, month + 1]):
            value = np.float64(values[row, order[row, at], column])
            if np.isfinite(value):
                total += 10 ** (value / 10) if is_radar[column] else value
                count += 1
        mean = total / count if count else np.nan
        joined[row, month, column] = 10 * np.log10(max(mean, LEAST_POWER)) if is_radar[column] and count else mean
