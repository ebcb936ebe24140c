"""NDVI between observations: quantiles at any date, from what was seen on both sides of it. No rasters, no files.

The network is asked as for a forecast whose targets lie before the issue date. It learned that on hidden dates of real
histories (training/sampling.py), up to 500 days before the issue date. Where straight lines do well in a series and the
gap is short, its answer is moved towards the line.
"""

import numpy as np
from numpy.typing import NDArray

from core.bands import NDVI, Floats, channel
from core.checkpoint import Checkpoint
from core.cube import Series
from core.forecast import MEDIAN, QUANTILES
from core.timeline import Days
from models.baselines.line import Line
from models.runtime import forecast

AHEAD_DAYS = 120
"""What is seen so many days after a date is read for it, at least: a winter's gap has two ends."""
BLOCK_DAYS = 60
"""Dates of one block, counted from 1970-01-01, share an issue date: the estimate for a date does not depend on which
others are filled. The tokens of its issue date, at most 32, reach from before the block to AHEAD_DAYS after it."""

LINE_FADES_DAYS = 80.0
"""The weight of the line falls by e with so many more days from one observation to the next."""
LINE_RATIO, LINE_STEEPNESS = 0.7, 8
"""The 90 % interval of lines, by that of the network, at which the weight is halved, and how fast it falls. Chosen with
LINE_FADES_DAYS on years up to 2021 and on simulated series (docs/explanation/accuracy.md, gaps)."""
LINE_INTERVAL = 2 * 2.303
"""The 90 % interval of errors of lines, in units of their mean absolute error: that of a Laplace distribution."""
AT_ONCE = 4096
"""Series that lines are drawn for at once: bounds memory."""


def fill_gaps(
    series: Series,
    end_days: Days,
    target_days: Days,
    checkpoint: Checkpoint,
    *,
    ahead_days: int = AHEAD_DAYS,
    line_days: float = LINE_FADES_DAYS,
    threads: int = 0,
) -> Floats:
    """Estimate NDVI at dates between observations, and after the last one.

    A date that was observed is estimated from the other dates and from itself: its own observation counts as the
    nearest one before it. So the answer is a smoothed estimate, not the observation. Dates after the last day that is
    read are forecast as `models.runtime.forecast` does.

    Args:
        series: clear observations; NaN = unseen.
        end_days: (N,) last day that is read.
        target_days: (N, H) dates to fill, days since 1970-01-01.
        ahead_days: how far beyond a block of dates observations are read.
        line_days: gap in which the weight of the line fades; 0 = the network alone.
        threads: 0 = all cores.

    Returns:
        (N, H, Q) NDVI at QUANTILES; NaN for a series that is never seen.

    Raises:
        InvalidCheckpoint: it was trained on other inputs.
    """
    blocks = target_days // BLOCK_DAYS
    first = _first_seen(series, end_days)
    quantiles = np.full((*target_days.shape, len(QUANTILES)), np.nan, np.float32)
    for block in np.unique(blocks):
        rows, columns, is_own = _picked(blocks == block)
        ahead = np.maximum((block + 1) * BLOCK_DAYS, first[rows]) + ahead_days
        issues = np.minimum(ahead, end_days[rows] + 1).astype(np.int32)
        targets = np.take_along_axis(target_days[rows], columns, axis=1)
        part = series if len(rows) == len(series) else series.take(rows)
        found = forecast(part, issues, targets, checkpoint, threads=threads).quantiles
        found = _towards_lines(found, part, issues, targets, line_days) if line_days else found
        at, number = np.nonzero(is_own)
        quantiles[rows[at], columns[at, number]] = found[at, number]
    return quantiles


def days_to_clear(series: Series, target_days: Days) -> Floats:
    """Return (N, H) days from each date to the nearest clear observation, before or after it; NaN where none is."""
    is_clear = np.isfinite(series.values[..., channel(NDVI.name)])
    days = np.where(is_clear, series.days, np.nan).astype(np.float32)
    gaps = [np.abs(days - column[:, None]) for column in target_days.T]
    nearest = [np.where(np.isnan(gap), np.inf, gap).min(axis=1, initial=np.inf) for gap in gaps]
    found = np.stack(nearest, axis=1)
    return np.where(np.isfinite(found), found, np.nan).astype(np.float32)


def _towards_lines(quantiles: Floats, series: Series, issues: Days, targets: Days, line_days: float) -> Floats:
    """Move (N, H, Q) quantiles towards the line between neighbours; the intervals keep their widths."""
    ndvi = series.values[..., channel(NDVI.name)]
    parts = [slice(at, at + AT_ONCE) for at in range(0, len(series), AT_ONCE)]
    return np.concatenate(
        [_moved(quantiles[p], Line.of(series.days[p], ndvi[p], issues[p], targets[p]), line_days) for p in parts]
    )


def _moved(quantiles: Floats, line: Line, line_days: float) -> Floats:
    width = np.maximum(quantiles[..., -1] - quantiles[..., 0], 1e-6)
    ratio = LINE_INTERVAL * line.error / (LINE_RATIO * width)
    weight = np.exp(-line.gap_days / line_days) / (1 + ratio**LINE_STEEPNESS)
    shift = np.nan_to_num(weight * (line.ndvi - quantiles[..., MEDIAN]))
    return np.asarray(quantiles + shift[..., None], np.float32)


def _first_seen(series: Series, end_days: Days) -> Days:
    """Return (N,) the first clear day; the last one that is read where there is none."""
    is_clear = np.isfinite(series.values[..., channel(NDVI.name)])
    return np.asarray(np.where(is_clear, series.days, end_days[:, None]).min(axis=1), np.int32)


def _picked(wanted: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Return the rows (R,) with anything wanted, (R, K) its columns with others as filling, and which are wanted."""
    rows = np.flatnonzero(wanted.any(axis=1))
    own = wanted[rows]
    columns = np.argsort(~own, axis=1, kind="stable")[:, : int(own.sum(axis=1).max())]
    return rows, columns, np.take_along_axis(own, columns, axis=1)
