"""How fields stand against what was expected: the last weeks, and the same date a year ago. Sentences: flags.py.

Both compare clear observations with a forecast that was issued before them.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from core.bands import Floats
from core.checkpoint import Checkpoint
from core.cube import Series
from core.forecast import MEDIAN, QUANTILES
from core.timeline import Days, to_date, to_day
from products.anomaly import observed
from products.evidence import FEW_OBSERVATIONS

JUDGED_DAYS = 90
"""Days up to the issue date that are judged: a season's course, not the crop of the year before."""
LEAST_RUN = 2
"""Clear dates in a row that a departure needs: one may be a cloud that was missed."""
LEAST_DEPARTURE = 0.05
"""NDVI: less is no departure, however narrow the forecast."""
LEAST_CHECKED = 3
"""Clear dates that the error of a past forecast needs."""
YEAR = 365
LOW, LOWEST = QUANTILES.index(0.25), QUANTILES.index(0.05)
HIGH, HIGHEST = QUANTILES.index(0.75), QUANTILES.index(0.95)


@dataclass(frozen=True, kw_only=True)
class Departure:
    """The newest clear dates of a field all lie outside what was expected."""

    by: float
    """Mean NDVI of these dates less the median that was forecast; negative = below."""
    since: date
    """First of these dates."""


def departures(series: Series, issue: date, checkpoint: Checkpoint) -> list[Departure | None]:
    """Judge the last JUDGED_DAYS before the issue date by the forecast issued at their beginning.

    A departure is a run of newest clear dates, at least two, all below the 25 % quantile (or above the 75 % one), the
    mean of which lies beyond the mean of the 5 % (or 95 %) quantiles and at least 0.05 from the median.

    Returns:
        One for each series; None where there is none, or where too little was seen before.
    """
    first = to_day(issue) - JUDGED_DAYS
    found = _compared(series, first, to_day(issue) - 1, checkpoint)
    return [_departure(*row) for row in zip(found.days, found.ndvi, found.is_seen, found.quantiles, strict=True)]


def hindcast_mae(series: Series, issue: date, checkpoint: Checkpoint, *, horizon_days: int) -> Floats:
    """Return (N,) the mean absolute error of the median forecast at the same date a year ago.

    Args:
        series: of fields.
        issue: the forecast that is checked was issued a year before.
        horizon_days: how far ahead it looked.

    Returns:
        NaN where fewer than 3 clear dates can be compared, or too little was seen before.
    """
    first = to_day(issue) - YEAR
    last = min(first + horizon_days, to_day(issue)) - 1
    found = _compared(series, first, last, checkpoint)
    error = np.where(found.is_seen, np.abs(found.ndvi - found.quantiles[..., MEDIAN]), 0)
    count = found.is_seen.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = error.sum(axis=1) / count
    return np.where(count >= LEAST_CHECKED, mean, np.nan).astype(np.float32)


@dataclass(frozen=True, kw_only=True)
class _Compared:
    """Clear observations of N series and what was forecast for them; (N, K) each."""

    days: Days
    ndvi: Floats
    is_seen: NDArray[np.bool_]
    quantiles: Floats
    """(N, K, Q)."""


def _compared(series: Series, first: int, last: int, checkpoint: Checkpoint) -> _Compared:
    """Compare the observations of some days with the forecast issued on the first of them."""
    from models.runtime import forecast  # loads ONNX Runtime, which the API never needs

    issues, ends = (np.full(len(series), day, np.int32) for day in (first, last))
    days, ndvi, is_seen = observed(series.between(issues, ends), issues)
    before = series.between(np.full_like(issues, np.iinfo(np.int32).min), issues - 1)
    is_known = before.clear_count() >= FEW_OBSERVATIONS
    quantiles = np.full((*days.shape, len(QUANTILES)), np.nan, np.float32)
    rows = np.nonzero(is_known & is_seen.any(axis=1))[0]
    if len(rows):
        quantiles[rows] = forecast(before.take(rows), issues[rows], days[rows], checkpoint).quantiles
    is_seen = is_seen & np.isfinite(quantiles[..., MEDIAN])
    return _Compared(days=days, ndvi=ndvi, is_seen=is_seen, quantiles=quantiles)


def _departure(days: Days, ndvi: Floats, is_seen: NDArray[np.bool_], quantiles: Floats) -> Departure | None:
    order = np.nonzero(is_seen)[0][np.argsort(days[is_seen], kind="stable")]
    y, expected = ndvi[order], quantiles[order]
    for inner, outer, sign in ((LOW, LOWEST, -1), (HIGH, HIGHEST, 1)):
        run = _length_of_run(sign * (y - expected[:, inner]) > 0)
        if run < LEAST_RUN:
            continue
        own, rest = y[-run:].mean(), expected[-run:].mean(axis=0)
        by = float(own - rest[MEDIAN])
        if sign * (own - rest[outer]) > 0 and abs(by) >= LEAST_DEPARTURE:
            return Departure(by=by, since=to_date(int(days[order[-run]])))
    return None


def _length_of_run(is_out: NDArray[np.bool_]) -> int:
    """Return how many of the last values are true."""
    inside = np.nonzero(~is_out)[0]
    return len(is_out) - (int(inside[-1]) + 1 if len(inside) else 0)
