"""An offset of 0.1 in a part of the rows of each series: rows that differ by it in all bands at once.

An offset moves every band alike, so the differences between bands stay as they are. Of two rows of a series with the
same differences, the same plants reflect the same; where red is 0.1 brighter in one of them, it carries an offset.
Season, harvest, wet soil and snow change the differences.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.bands import OPTICAL_NAMES, Floats
from core.timeline import Days

Votes = NDArray[np.intp]

MIN_CONTRAST, DENSE = 0.12, 0.3
"""Near infrared less red: of a row that is looked at, as bare soil is as bright as it is dry; of dense vegetation,
whose red is dark, while between the two ripe crops are brighter than green ones."""
ALIKE, ALIKE_OF_FEW = 0.02, 0.04
"""So close are the differences between bands of two rows of the same plants; and where a table has few dates, so that
rows are compared across its series."""
AGREEMENT = 0.9
"""Across series, so many pairs agree on whether a date is the brighter one, and fewer on whether a series is: that
would be another kind of land."""
GAP = (0.08, 0.125)
"""How much brighter one of them is with an offset of 0.1; noise included."""
CLOSE = 0.04
"""How much brighter one of them may be without."""
NEIGHBOURS = 8
"""Each row is compared with so many others of its series that are most like it."""
MIN_PAIRS, MIN_DENSE, MIN_DATES = 8, 5, 3
"""Pairs of rows 0.1 apart that are no chance; those of dense vegetation that prove it without blue; dates."""
MAX_WRONG = 0.05
"""Share of votes on the wrong side of the first date with an offset, by noise."""
PURITY = 3
"""Pairs 0.1 apart are at least so many times those apart by more or less: thin cloud brightens by any amount."""


@dataclass(frozen=True, kw_only=True)
class StepFinding:
    """Rows with an offset of 0.1 beside others without."""

    days: Days
    """(T,) sorted dates of rows with an offset; empty = none are found."""
    is_since: bool = False
    """True = from the first of these dates on, all rows carry it."""
    is_certain: bool = False


NOTHING = StepFinding(days=np.empty(0, np.int32))


def find_step(series: NDArray[np.intp], days: Days, values: Mapping[str, Floats]) -> StepFinding:
    """Tell which rows of a table carry an offset of 0.1 that others of the same series do not.

    Args:
        series: (N,) number of the series of each row.
        days: (N,)
        values: (N,) reflectance by band; NaN = not clear.
    """
    red, nir = values.get("B04"), values.get("B08", values.get("B8A"))
    if red is None or nir is None:
        return NOTHING
    found = _find(series, days, values, nir - red, alike=ALIKE)
    return found if len(found.days) else _find(series, days, values, nir - red, alike=ALIKE_OF_FEW)


def _find(
    owners: NDArray[np.intp], days: Days, values: Mapping[str, Floats], contrast: Floats, *, alike: float
) -> StepFinding:
    """Compare rows of one series with each other, or with ALIKE_OF_FEW rows of all series."""
    series = np.zeros_like(owners) if alike == ALIKE_OF_FEW else owners
    with np.errstate(invalid="ignore"):
        rows = np.nonzero(contrast > MIN_CONTRAST)[0]
    rows = rows[np.lexsort((contrast[rows], series[rows]))]
    pairs = _pairs(series[rows], {b: values[b][rows] for b in OPTICAL_NAMES if b in values}, alike)
    red = values["B04"]
    brighter = np.abs(red[rows][pairs[:, 0]] - red[rows][pairs[:, 1]])
    is_gap = (brighter >= GAP[0]) & (brighter <= GAP[1])
    if is_gap.sum() < max(MIN_PAIRS, PURITY * ((brighter > CLOSE) & ~is_gap).sum()):
        return NOTHING
    apart = rows[pairs[is_gap]]
    dense = int((contrast[apart].min(axis=1) > DENSE).sum())
    is_first = red[apart[:, 0]] > red[apart[:, 1]]
    bright, dark = np.where(is_first, apart.T, apart.T[::-1])
    if alike == ALIKE_OF_FEW and not (_share(days, bright, dark) >= AGREEMENT > _share(owners, bright, dark)):
        return NOTHING
    return _finding(days, bright, dark, is_certain="B02" in values or dense >= MIN_DENSE)


def _pairs(series: NDArray[np.intp], bands: Mapping[str, Floats], limit: float) -> NDArray[np.intp]:
    """Return (P, 2) pairs of rows of one series whose bands have the same differences.

    Args:
        series: (N,) of rows in the order of near infrared less red in each series.
        bands: (N,) reflectance.
        limit: largest deviation of a difference.
    """
    differences = [v - bands["B04"] for b, v in bands.items() if b != "B04"]
    found = [np.empty((0, 2), np.intp)]
    for lag in range(1, NEIGHBOURS + 1):
        with np.errstate(invalid="ignore"):
            alike = np.all([~(np.abs(d[lag:] - d[:-lag]) > limit) for d in differences], axis=0)
        first = np.nonzero(alike & (series[lag:] == series[:-lag]))[0]
        found.append(np.stack([first, first + lag], axis=1))
    return np.concatenate(found)


def _votes(keys: NDArray[Any], bright: NDArray[np.intp], dark: NDArray[np.intp]) -> tuple[NDArray[Any], Votes]:
    """Return the different keys, and of how many more pairs each is the brighter row than the darker."""
    different, number = np.unique(keys, return_inverse=True)
    count = len(different)
    return different, np.bincount(number[bright], minlength=count) - np.bincount(number[dark], minlength=count)


def _share(keys: NDArray[Any], bright: NDArray[np.intp], dark: NDArray[np.intp]) -> float:
    """Return the share of pairs that agree on whether a key is the brighter one."""
    return float(np.abs(_votes(keys, bright, dark)[1]).sum() / (2 * len(bright)))


def _finding(days: Days, bright: NDArray[np.intp], dark: NDArray[np.intp], *, is_certain: bool) -> StepFinding:
    """Return the dates of the brighter rows of pairs that are 0.1 apart."""
    dates, votes = _votes(days, bright, dark)
    has_offset = votes > 0
    if has_offset.sum() < MIN_DATES or not (votes < 0).any():
        return NOTHING
    first = _since(votes)
    found = has_offset if first is None else np.arange(len(dates)) >= first
    return StepFinding(days=dates[found].astype(np.int32), is_since=first is not None, is_certain=is_certain)


def _since(votes: Votes) -> int | None:
    """Return from which date on dates carry an offset; None where those with and without alternate.

    Args:
        votes: (T,) above zero = with an offset, below = without.
    """
    with_offset, without = np.maximum(votes, 0), np.maximum(-votes, 0)
    wrong: Votes = np.cumsum(with_offset) - with_offset + np.cumsum(without[::-1])[::-1]
    first = int(np.nonzero(wrong == wrong.min())[0].max())
    return first if wrong[first] <= MAX_WRONG * np.abs(votes).sum() else None
