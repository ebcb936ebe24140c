"""Figures and intervals as text, the same in every table and sentence of a report."""

import math
from collections.abc import Callable

from models.metrics.forecast_scores import Interval

NOT_DEFINED = "–"
"""Stands for a figure that the data cannot give."""


def number(value: float) -> str:
    """Return a figure with three decimals; a dash for NaN."""
    return NOT_DEFINED if math.isnan(value) else f"{value:.3f}"


def percent(share: float, *, decimals: int = 1) -> str:
    """Return a share 0..1 in percent; a dash for NaN."""
    return NOT_DEFINED if math.isnan(share) else f"{100 * share:.{decimals}f} %"


def ends(interval: Interval) -> str:
    """Return both ends of an interval, `0.221 to 0.343`; empty where they are not defined."""
    return "" if math.isnan(interval.low) else f"{number(interval.low)} to {number(interval.high)}"


def interval_text(interval: Interval) -> str:
    """Return a figure and its interval on one line, `0.270 (0.221 to 0.343)`."""
    return number(interval.value) + (f" ({ends(interval)})" if ends(interval) else "")


def plus_minus(value: float, half_width: float, form: Callable[[float], str] = number) -> str:
    """Return a figure and the half-width of its interval, `0.855 ± 0.050`.

    Args:
        value: NaN gives a dash.
        half_width: NaN gives `not defined`.
        form: writes a single number.
    """
    if math.isnan(value):
        return NOT_DEFINED
    return f"{form(value)} ± {'not defined' if math.isnan(half_width) else form(half_width)}"


def excludes_zero(interval: Interval) -> bool:
    """Tell whether the interval of a difference lies on one side of 0, so that the difference is hardly chance."""
    return interval.low > 0 or interval.high < 0
