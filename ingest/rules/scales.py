"""Scale of reflectance that a file does not state: told from the numbers of all its bands together. No files.

Bands are judged together, as one of them alone may be dark all over: short-wave infrared above a lake is 0.002.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.bands import OPTICAL_NAMES
from ingest.rules.numbers import MAX_REFLECTANCE, MIN_REFLECTANCE, Coding, decode

DN_SCALE = 1e-4
FILLS = (-9999.0, -10000.0, -32768.0, -999.0, 65535.0, 32767.0)
"""Numbers that programs write for no data without stating so; 0 is another."""
BRIGHT_PERCENTILE = 95
"""Of the numbers of all bands: how bright an input gets."""
BRIGHTEST = 2.0
"""Reflectance of snow and cloud is below; larger numbers have another scale."""
DARKEST = 0.004
"""In some band any input is brighter than this on some date, a lake and its blue light included."""
SMALLEST_DN = 110.0
"""An input whose brightest numbers lie between 2 and this may be in percent, or in 8 bits, or very dark."""
MIXED = 0.02
"""Share of numbers of either scale from which an input is a mixture of both."""
MAX_IMPOSSIBLE = 0.02
"""Share of a band's numbers that may be impossible as reflectance before it is mentioned."""
MAX_WRONG = 0.5
"""Share from which the band is left out: its numbers mean something else."""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """Scale of some bands that state none, or why it cannot be told."""

    scale: float = 1.0
    doubt: str = ""
    """What the numbers look like, a phrase; empty = the scale is clear."""


def known(stored: NDArray[Any], fills: Sequence[float] = ()) -> NDArray[np.float64]:
    """Return (N,) the numbers that are data: finite, not zero, and none of the usual or stated fills."""
    values = np.asarray(stored, np.float64).ravel()
    return values[np.isfinite(values) & ~np.isin(values, [*FILLS, *fills, 0.0])]


def judge_scale(samples: Mapping[str, NDArray[Any]], fills: Sequence[float] = ()) -> Judged:
    """Tell the scale of optical bands that state none.

    Args:
        samples: some stored numbers of each band, any shape.
        fills: stated numbers of no data.
    """
    pooled = np.concatenate([known(s, fills) for s in samples.values()]) if samples else np.empty(0)
    if not pooled.size:
        return Judged()
    are_whole = all(s.dtype.kind in "iub" for s in samples.values()) or bool((pooled == np.rint(pooled)).all())
    if all(s.dtype.itemsize == 1 for s in samples.values()):
        return Judged(doubt="8 bits a band, colours of a picture rather than reflectance")
    if min((pooled <= BRIGHTEST).mean(), (pooled > SMALLEST_DN).mean()) > MIXED and not are_whole:
        return Judged(doubt="0 to 1 on some dates or in some pixels and 0 to 10,000 elsewhere")
    bright = float(np.percentile(pooled, BRIGHT_PERCENTILE))
    if bright > SMALLEST_DN:
        return Judged(scale=DN_SCALE)
    if bright > BRIGHTEST or (are_whole and pooled.max() > 1):
        return Judged(doubt=f"numbers up to {bright:.3g}, neither 0 to 1 nor 0 to 10,000")
    return Judged()


def doubtful(band: str, stored: NDArray[Any], coding: Coding) -> str:
    """Return why an optical band's numbers, decoded, are no reflectance; empty = they are, or there are none."""
    numbers = known(stored, coding.fills)
    if band not in OPTICAL_NAMES or not numbers.size:
        return ""
    values = decode(numbers.astype(np.float32), _without_sign(coding), band)
    wrong = float(np.isnan(values).mean())
    if wrong <= MAX_WRONG:
        return ""
    typical = float(np.median(numbers)) * coding.scale + coding.offset
    return f"{wrong:.0%} of its numbers are no reflectance (typically {typical:.3g})"


def impossible_share(band: str, stored: NDArray[Any], coding: Coding) -> float:
    """Return the share of an optical band's data that lie outside -0.1 to 2.5 and are therefore left out; 0 if few."""
    numbers = known(stored, coding.fills)
    if band not in OPTICAL_NAMES or not numbers.size:
        return 0.0
    values = numbers * coding.scale + coding.offset
    share = float(((values < MIN_REFLECTANCE) | (values > MAX_REFLECTANCE)).mean())
    return share if share > MAX_IMPOSSIBLE else 0.0


def too_dark(samples: Mapping[str, NDArray[Any]], codings: Mapping[str, Coding]) -> str:
    """Return why all bands together are too dark to be reflectance; empty = they are not: a scale applied twice."""
    values = [known(s, codings[b].fills) * codings[b].scale + codings[b].offset for b, s in samples.items()]
    pooled = np.concatenate(values) if values else np.empty(0)
    if not pooled.size:
        return ""
    bright = float(np.percentile(pooled, BRIGHT_PERCENTILE))
    return f"reflectances reach only {bright:.2g}" if bright < DARKEST else ""


def _without_sign(coding: Coding) -> Coding:
    """Return the coding for numbers that are floats already."""
    return Coding(scale=coding.scale, offset=coding.offset, fills=coding.fills, unit=coding.unit)
