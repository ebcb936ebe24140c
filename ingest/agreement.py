"""Compare the values of two archives for the same dates, before one replaces the other. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from core.bands import OPTICAL_NAMES, Floats

REFLECTANCE_LIMITS = (0.02, 0.05)
"""Largest bias and scatter. Bias: processings of one scene differ by less than 0.01, an offset by 0.1. Scatter: other
resampling moves few pixels, those on edges, so not the median; another place or date moves most."""
NDVI_LIMITS = (0.1, 0.15)
"""A bias of 0.02 in red moves the NDVI of dense green (0.03, 0.40) by 0.09; an offset of 0.1 in both by 0.3."""
LIMITS = {**dict.fromkeys(OPTICAL_NAMES, REFLECTANCE_LIMITS), "NDVI": NDVI_LIMITS}
MIN_PIXELS = 100
"""Smallest number of pixels clear in both, per date and band: fewer are not compared."""


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Result of comparing two archives."""

    days: int
    """Dates that could be compared; 0 = none."""
    pixels: int
    """Pixels x dates clear in both, of the band with the fewest."""
    bias: Mapping[str, float] = field(default_factory=dict)
    """Median difference, second minus first, by band, of the date on which it is largest."""
    scatter: Mapping[str, float] = field(default_factory=dict)
    """Median absolute deviation from the bias, by band, of the date on which it is largest."""
    is_agreeing: bool
    """True = one may replace the other in a map."""
    sentence: str
    """For people."""


def compare(first: Mapping[str, Floats], second: Mapping[str, Floats], *, days: Sequence[int]) -> Agreement:
    """Compare reflectance and NDVI of the same dates and place.

    Each date and band is judged separately: one date that lacks its offset is not averaged away, and an offset that
    makes NDVI undefined shows in the bands.

    Args:
        first, second: (T, Y, X) by band, T = the days; NaN = not clear. Bands of one alone, and radar, do not count.
        days: since 1970-01-01; empty = nothing to compare.
    """
    shared = [b for b in LIMITS if b in first and b in second]
    found = {b: _differences(first[b], second[b], len(days)) for b in shared}
    found = {b: dates for b, dates in found.items() if dates}
    if not found:
        text = "no date could be compared, because too few pixels are clear in both"
        return Agreement(days=0, pixels=0, is_agreeing=False, sentence=text)
    bias = {b: max((float(np.median(d)) for d in dates.values()), key=abs) for b, dates in found.items()}
    scatter = {b: max(_deviation(d) for d in dates.values()) for b, dates in found.items()}
    count = len({number for dates in found.values() for number in dates})
    pixels = min(sum(d.size for d in dates.values()) for dates in found.values())
    return Agreement(
        days=count,
        pixels=pixels,
        bias=bias,
        scatter=scatter,
        is_agreeing=all(abs(bias[b]) <= LIMITS[b][0] and scatter[b] <= LIMITS[b][1] for b in found),
        sentence=f"{count} {'date' if count == 1 else 'dates'} compared on {pixels} pixels: {_verdict(bias, scatter)}",
    )


def _differences(first: Floats, second: Floats, days: int) -> dict[int, NDArray[np.float64]]:
    """Return (N,) second minus first by the number of the date, where enough pixels are clear in both."""
    dates = (second[number].astype(np.float64) - first[number] for number in range(days))
    clear = {number: d[np.isfinite(d)] for number, d in enumerate(dates)}
    return {number: d for number, d in clear.items() if d.size >= MIN_PIXELS}


def _deviation(difference: NDArray[np.float64]) -> float:
    return float(np.median(np.abs(difference - np.median(difference))))


def _verdict(bias: Mapping[str, float], scatter: Mapping[str, float]) -> str:
    moved = max(bias, key=lambda b: abs(bias[b]) / LIMITS[b][0])
    spread = max(scatter, key=lambda b: scatter[b] / LIMITS[b][1])
    return (
        f"{moved} differs by {bias[moved]:+.3f} (at most {LIMITS[moved][0]:g} is accepted) "
        f"and {spread} scatters by {scatter[spread]:.3f} (at most {LIMITS[spread][1]:g})"
    )
