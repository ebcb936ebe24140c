"""The usual NDVI of one series: its seasonal cycle as a forecast has it, from the observations alone. No network."""

from datetime import date

import numpy as np

from core.bands import Floats
from core.timeline import Days, to_day
from models.baselines.climatology import expect
from models.baselines.snow import without_snow


def usual_ndvi(days: Days, ndvi: Floats, issue: date, target_days: Days) -> Floats:
    """Return (H,) the climatology that a forecast of the series states; NaN if nothing was seen before the issue date.

    Args:
        days: (T,) ascending days since 1970-01-01.
        ndvi: (T,) -1..1; NaN = unseen.
        issue: observations on or after it are not looked at.
        target_days: (H,) on or after the issue date.
    """
    if not len(days):
        return np.full(target_days.shape, np.nan, np.float32)
    issues, each = np.array([to_day(issue)], np.int32), days[None]
    history = without_snow(each, ndvi[None], issues)
    return np.asarray(expect(each, history, issues, target_days[None]).climatology[0], np.float32)
