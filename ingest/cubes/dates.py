"""Dates of a cube file's variables brought together: masks to the dates of bands, bands to the axes of a Cube."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from core.bands import Floats
from core.timeline import Days, to_times
from ingest.cubes.layout import AXES


def join_dates(stacks: Mapping[str, tuple[Days, Floats]]) -> xr.Dataset:
    """Put stacks on the axes of a Cube: the union of each axis's days, sorted, repeated days merged."""
    data = xr.Dataset()
    for axis in ("time", "time_s1", "time_weather"):
        mine = {b: v for b, v in stacks.items() if AXES[b] == axis}
        if not mine:
            continue
        days = np.unique(np.concatenate([d for d, _ in mine.values()]))
        data = data.assign_coords({axis: to_times(days)})
        for band, (own, values) in mine.items():
            dims = (axis,) if values.ndim == 1 else (axis, "y", "x")
            data[band] = (dims, merge_days(own, values, onto=days))
    return data


def merge_days(days: Days, values: Floats, *, onto: Days) -> Floats:
    """Put values on sorted distinct days; where a day repeats, the first value that is not NaN counts.

    Args:
        days: (T,) of the values, any order.
        values: (T, ...).
        onto: (T',) sorted, holds every one of `days`.

    Returns:
        (T', ...) float32, NaN on days without values.
    """
    if np.array_equal(days, onto):
        return values
    merged = np.full((len(onto), *values.shape[1:]), np.nan, np.float32)
    for at, value in zip(np.searchsorted(onto, days), values, strict=True):
        merged[at] = np.where(np.isnan(merged[at]), value, merged[at])
    return merged


def align(values: NDArray[np.bool_], days: Days, *, onto: Days, missing: bool) -> NDArray[np.bool_]:
    """Return (T', Y, X) of other dates; where a day repeats on either, entries are matched in their order.

    Args:
        values: (T, Y, X) of `days`.
        days, onto: in any order.
        missing: on days that `days` does not hold.
    """
    if np.array_equal(days, onto):
        return values
    places = _match(days, onto)
    found = values[np.maximum(places, 0)]
    found[places < 0] = missing
    return found


def _match(days: Days, onto: Days) -> NDArray[np.int64]:
    """Return for each of `onto` the place of the same visit of the same day in `days`, its last one, or -1."""
    held: dict[int, list[int]] = {}
    for place, day in enumerate(days.tolist()):
        held.setdefault(day, []).append(place)
    visits: dict[int, int] = {}
    found = np.full(len(onto), -1, np.int64)
    for number, day in enumerate(onto.tolist()):
        places = held.get(day, [])
        visit = visits.get(day, 0)
        visits[day] = visit + 1
        if places:
            found[number] = places[min(visit, len(places) - 1)]
    return found
