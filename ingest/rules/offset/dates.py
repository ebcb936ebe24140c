"""Dates with an offset of 0.1 among dates without, in any order: told by jumps equal in every band. No files.

An offset moves blue, red and infrared alike. Season, haze and clouds do not: haze is strongest in blue, clouds move
dark bands more than bright ones.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from core.bands import Floats
from core.timeline import Days
from ingest.rules.offset.darkest import DARKEST_WITH_OFFSET, darkest

JUMP, TOLERANCE = 0.1, 0.035
"""How far the numbers jump, and by how much the middle band may miss it."""
MAX_SPREAD = 0.045
"""By which the bands' jumps may differ from each other: noise and a fortnight of season."""
LEAST_BANDS = 4
"""With fewer, or without an infrared one, white haze above dark water looks alike."""
INFRARED = ("B08", "B8A", "B11", "B12")
LEAST_DATES = 3
"""Of either kind: single hazy dates are no group."""


def band_floors(values: Mapping[str, Floats]) -> Floats:
    """Return (T, B) the darkest clear reflectance of each date in each band; NaN where it cannot be told.

    Args:
        values: (T, ...) reflectance by band; NaN = not clear.
    """
    count = len(next(iter(values.values()), np.empty(0)))
    found = np.full((count, len(values)), np.nan, np.float32)
    for column, stack in enumerate(values.values()):
        for date, pixels in enumerate(stack):
            found[date, column] = darkest(pixels[np.isfinite(pixels)])
    return found


def dates_apart(days: Days, floors: Floats, bands: tuple[str, ...]) -> NDArray[np.bool_]:
    """Return (T,) the dates whose numbers lie 0.1 above those of the others in every band; none where there are none.

    Args:
        days: (T,) in any order.
        floors: (T, B) of `band_floors`.
        bands: names of the B bands.
    """
    nothing = np.zeros(len(days), bool)
    if len(bands) < LEAST_BANDS or not set(bands) & set(INFRARED):
        return nothing
    told = np.flatnonzero(np.isfinite(floors).all(axis=1))
    told = told[np.argsort(days[told], kind="stable")]
    state = np.concatenate([[0], np.cumsum(_jumps(np.diff(floors[told], axis=0)))])
    state -= state.min(initial=0)
    is_high = state > 0
    if min(is_high.sum(), (~is_high).sum()) < LEAST_DATES or state.max() > 1:
        return nothing
    if floors[told[is_high]].min() < DARKEST_WITH_OFFSET:
        return nothing
    nothing[told[is_high]] = True
    return nothing


def _jumps(steps: Floats) -> NDArray[np.int64]:
    """Return (T - 1,) 1 where the numbers rise by 0.1 in every band, -1 where they fall, else 0."""
    if not len(steps):
        return np.zeros(0, np.int64)
    middle = np.median(steps, axis=1)
    is_alike = np.ptp(steps, axis=1) <= MAX_SPREAD
    is_jump = is_alike & (np.abs(np.abs(middle) - JUMP) <= TOLERANCE)
    return np.where(is_jump, np.sign(middle), 0).astype(np.int64)
