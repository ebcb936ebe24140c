"""Numbers of cloud masks read: bits, classes, probabilities, and units that are mistaken for them. No names."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[Any]

CLEAR, HIDDEN, NO_DATA = 0, 1, 255
"""Codes of kind `CLM`."""
SCL_CLASSES = 12
PERCENT = 100.0
PROBABILITY = 0.4
"""Cloud probability from which a pixel is not clear: s2cloudless's threshold (doi:10.1016/j.rse.2022.112990)."""
CLOUD_SCORE = 0.6
"""Cloud Score+ below which a pixel is not clear (Pasquarella et al. 2023, doi:10.1109/CVPRW59228.2023.00206)."""


def bits(hidden: int, fill: int = 0, fills: tuple[int, ...] = ()) -> Callable[[Codes], Codes]:
    """Return a reader of bit masks: any bit of `hidden` hides, any bit of `fill` or number of `fills` is no data."""

    def read(stored: Codes) -> Codes:
        codes = np.rint(stored).astype(np.int64)
        found = np.where(codes & hidden, HIDDEN, CLEAR)
        return np.where(((codes & fill) != 0) | np.isin(codes, fills), NO_DATA, found)

    return read


def classes(clear: Iterable[float], nothing: Iterable[float] = (255,)) -> Callable[[Codes], Codes]:
    """Return a reader of classes: those of `clear` are clear, those of `nothing` no data, all others hidden."""
    is_clear, is_nothing = list(clear), list(nothing)

    def read(stored: Codes) -> Codes:
        return np.where(np.isin(stored, is_nothing), NO_DATA, np.where(np.isin(stored, is_clear), CLEAR, HIDDEN))

    return read


def below(limit: float, largest: float) -> Callable[[Codes], Codes]:
    """Return a reader of cloud probabilities from 0 to `largest`."""
    return lambda stored: np.where((stored < 0) | (stored > largest), NO_DATA, stored >= limit * largest)


def fmask(stored: Codes) -> Codes:
    """Read Fmask: bits in HLS, classes in Geoscience Australia's files, told apart by the codes.

    As a class, 1 is clear land and fills every file; as a bit it is cirrus, which HLS leaves unused.
    """
    known = stored[stored != NO_DATA]
    is_classes = known.size > 0 and known.max() <= 5 and bool((known == 1).any())
    return (classes((1, 5), (0, 255)) if is_classes else bits(0b11111, fills=(255,)))(stored)


def percent(known: Codes, name: str) -> str:
    """Return why numbers are no probabilities from 0 to 100; 255 is no data."""
    values = known[known != NO_DATA]
    return other_unit(values, name, "percent") if values.size else ""


def byte(known: Codes, name: str) -> str:
    """Return why numbers are no probabilities from 0 to 255."""
    return other_unit(known, name, "byte")


def other_unit(known: Codes, name: str, expected: str) -> str:
    """Return why cloud probabilities are not of the expected unit; many of them reach far up where there is a cloud."""
    top = float(known.max())
    is_share = top <= 1 and bool((known != np.rint(known)).any())
    found = "share" if is_share else "byte" if top > PERCENT else "percent"
    if found == expected or top == 0 or (expected == "byte" and top <= 1 and not is_share):
        return ""
    reason = f"'{name}' reaches {top:g}, which is not cloud probability as {expected}"
    return f"{reason}; give --mask {name}={found}, or --mask {name}={expected} if it is that"


def score(known: Codes, name: str) -> str:
    """Return why numbers are no cloud scores from 0 to 1."""
    return (
        "" if known.max() <= 1 else f"'{name}' reaches {known.max():g}, and a cloud score is 0 to 1; divide it by 100"
    )


def qa60(known: Codes, name: str) -> str:
    """Return why numbers are not the two bits of QA60."""
    other = known[~np.isin(known, (0, 1024, 2048, 3072, 65535))]
    if not other.size:
        return ""
    return f"'{name}' holds {other[0]:g}, and its bits are 1024 and 2048; give --mask {name}=cloud if 1 is cloud"
