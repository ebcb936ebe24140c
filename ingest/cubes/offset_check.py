"""Offset of reflectance in cube files: as stated, as given by the user, and checked against the darkest values."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from core.bands import OPTICAL_NAMES, Floats
from core.errors import DoubtfulNumbers
from core.source import ReadAs
from core.timeline import Days, to_date, to_day
from ingest.rules.numbers import Coding
from ingest.rules.offset.darkest import MIN_DATES, TOO_DARK, TOO_DARK_SHARE, date_floors, find_offset
from ingest.rules.offset.dates import band_floors, dates_apart
from ingest.rules.scales import DN_SCALE


def given_codings(codings: Mapping[str, Coding], read_as: ReadAs) -> dict[str, Coding]:
    """Return the codings with the offset that the user gives for all dates in place of the stated one."""
    if read_as.offset is None or read_as.offset_from is not None:
        return dict(codings)
    return {b: replace(c, offset=shift(c, read_as)) if b in OPTICAL_NAMES else c for b, c in codings.items()}


def shift(coding: Coding, read_as: ReadAs) -> float:
    """Return the user's offset as reflectance: it is in stored numbers, or ten thousandths where these are 0 to 1."""
    assert read_as.offset is not None
    return read_as.offset * (coding.scale if coding.scale != 1 else DN_SCALE)


def shifted(band: str, values: Floats, days: Days, coding: Coding, read_as: ReadAs) -> Floats:
    """Add the user's offset to the dates from which on it holds; values of all dates are (T, Y, X) reflectance."""
    if read_as.offset is None or read_as.offset_from is None or band not in OPTICAL_NAMES:
        return values
    later = days >= to_day(read_as.offset_from)
    values[later] += np.float32(shift(coding, read_as))
    return values


def check_offset(
    path: object,
    days: Days,
    visible: Mapping[str, Floats],
    *,
    stated: float,
    read_as: ReadAs,
    infrared: Mapping[str, Floats] | None = None,
) -> str:
    """Refuse reflectances with 0.1 left in, or subtracted twice.

    Args:
        path: for the sentence.
        days: (T,).
        visible: (T, Y, X) clear reflectance of B02, B03, B04, as far as there is any; NaN = not clear.
        stated: offset that was applied as the file states.
        read_as: with an offset by the user nothing is checked.
        infrared: the same of B08, B8A, B11, B12; with them, dates with an offset among others are told.

    Returns:
        A remark where an offset is likely and not certain; else an empty text.

    Raises:
        DoubtfulNumbers: names the offset and the option that settles it.
    """
    if read_as.offset is not None or not visible:
        return ""
    share = max(_dark_share(v) for v in visible.values())
    if share > TOO_DARK_SHARE:
        raise DoubtfulNumbers(path, _twice(share, stated))
    found = find_offset(days, date_floors(visible))
    if found.state == "none":
        return _check_dates(path, days, {**visible, **(infrared or {})})
    first = to_date(int(days[found.has_offset].min()))
    dark = f"its darkest clear pixels reflect {found.darkest:.2f}"
    if not found.is_certain:
        return (
            f"On fewer than {MIN_DATES} dates {dark}: 0.1 (offset of baseline 04.00) may be left in (--offset -1000)."
        )
    since, option = (f" from {first} on", f"-1000@{first}") if found.state == "part" else ("", "-1000")
    reason = f"{dark}{since}, so the offset of +1000 of processing baseline 04.00 seems to be left in"
    advice = f"give --offset {option} to subtract it, or --offset 0 if the land is so bright"
    raise DoubtfulNumbers(path, f"{reason}; {advice}")


def _check_dates(path: object, days: Days, bands: Mapping[str, Floats]) -> str:
    """Refuse a file in which some dates lie 0.1 above the others in every band; see `check_offset`."""
    is_high = dates_apart(days, band_floors(bands), tuple(bands))
    if not is_high.any():
        return ""
    first = to_date(int(days[is_high].min()))
    many = f"{int(is_high.sum())} of its dates, from {first} on, lie 0.1 above the others in every band"
    reason = f"{many}: the offset of +1000 of processing baseline 04.00 seems to be left in there"
    is_late = days[is_high].min() > days[~is_high & _is_told(bands)].max()
    if is_late:
        raise DoubtfulNumbers(path, f"{reason}; give --offset -1000@{first} to subtract it, or --offset 0 to keep them")
    advice = "subtract it on these dates before, or give --offset 0 to keep all numbers"
    raise DoubtfulNumbers(path, f"{reason}; {advice}")


def _is_told(bands: Mapping[str, Floats]) -> NDArray[np.bool_]:
    """Return (T,) the dates of which every band has its darkest value."""
    return np.asarray(np.isfinite(band_floors(bands)).all(axis=1))


def _dark_share(values: Floats) -> float:
    """Return the share of clear values that are too dark to exist; 0 where none is clear."""
    return float((values < TOO_DARK).sum() / max(1, np.isfinite(values).sum()))


def _twice(share: float, stated: float) -> str:
    """Return the reason for a refusal of reflectances far below zero."""
    dark = f"{share:.0%} of its clear pixels are darker than {TOO_DARK:g} in a visible band"
    if stated < 0:
        return f"with the stated offset of {stated:g} {dark}: it had been applied before; give --offset 0"
    return f"{dark}: an offset was subtracted twice before it was written; give --offset 1000"
