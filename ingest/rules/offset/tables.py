"""Baseline 04.00's offset in a table of series: left in, or subtracted twice. The rule itself is in offsets.py."""

from collections.abc import Mapping
from typing import cast

import numpy as np
from numpy.typing import NDArray

from core.bands import Floats
from core.source import listed
from core.timeline import Days, to_date
from ingest.rules.offset.darkest import (
    BLUE,
    DARK_BANDS,
    DARKEST_WITH_OFFSET,
    MIN_DATES,
    MIN_VALUES,
    TOO_DARK,
    TOO_DARK_SHARE,
    date_floors,
    find_offset,
)
from ingest.rules.offset.rows import StepFinding, find_step
from ingest.rules.refusal import Refused

MIN_CONTRAST = 0.3
"""Near infrared less red, which no offset changes: so much has dense vegetation alone, and its red is dark."""
DARK_PERCENTILE = 10.0


def check_offset(days: Days, values: Mapping[str, Floats], series: NDArray[np.intp], *, stated: float | None) -> str:
    """Tell whether an offset of 0.1 was left in the reflectance of series, or subtracted twice.

    Args:
        days: (N,) of each row.
        series: (N,) number of the series of each row.
        values: (N,) reflectance by band, after the stated offset; NaN = not clear.
        stated: by the user, in digital numbers.

    Returns:
        A remark where an offset seems likely but is not certain, else an empty text.

    Raises:
        Refused: an offset was left in, or subtracted twice; the text goes on from the name of the table.
    """
    visible = {b: values[b] for b in DARK_BANDS if b in values and np.isfinite(values[b]).any()}
    if not visible:
        return ""
    mixed = "" if stated == 0 else _check_step(find_step(series, days, values))
    _check_twice(visible, stated)
    if stated is not None or mixed:
        return mixed
    first_days, floors = _floors(days, visible)
    found = find_offset(first_days, floors)
    if found.state == "none":
        return ""
    dark = f"no clear value is darker than {found.darkest:.2f}"
    if found.state == "part":
        since = to_date(int(first_days[found.has_offset].min()))
        reason = f"from {since} on, {dark}: these dates seem to have baseline 04.00's offset of 1000 left in"
        hint = f"give --offset -1000@{since} to subtract it from them, or --offset 0 to keep the numbers"
    else:
        reason = f"{dark} on any date: baseline 04.00's offset of 1000 seems to be left in"
        hint = "give --offset -1000 to subtract it, or --offset 0 to keep the numbers"
    if found.is_certain and (BLUE in visible or _is_bright_vegetation(values)):
        raise Refused(f"{reason}; {hint}")
    return f"{reason[0].upper()}{reason[1:]}; {hint}."


def _check_step(found: StepFinding) -> str:
    """Return a remark where some rows seem to carry an offset that others of their series do not.

    Raises:
        Refused: they certainly do.
    """
    if not len(found.days):
        return ""
    first = to_date(int(found.days[0]))
    if found.is_since:
        which, option = f"from {first} on", f"give --offset -1000@{first} to subtract it from them"
    else:
        shown = listed([str(to_date(int(d))) for d in found.days], 3)
        which, option = f"on {shown}", "subtract 1000 from all digital numbers that carry it"
    reason = (
        f"{which}, all bands are 0.1 brighter than in rows of the same plants on other dates: baseline 04.00's offset "
        "of 1000 seems to be left in there"
    )
    hint = f"{option}, or give --offset 0 to keep the numbers"
    if found.is_certain:
        raise Refused(f"{reason}; {hint}")
    return f"{reason[0].upper()}{reason[1:]}; {hint}."


def _check_twice(visible: Mapping[str, Floats], stated: float | None) -> None:
    """Refuse reflectance far below zero.

    Raises:
        Refused: an offset was subtracted twice.
    """
    for band, values in visible.items():
        seen = values[np.isfinite(values)]
        share = float((seen < TOO_DARK).mean())
        if share <= TOO_DARK_SHARE:
            continue
        dark = f"{share:.0%} of {band} is darker than {TOO_DARK:g}"
        if stated is not None and stated < 0:
            raise Refused(f"with --offset {stated:g}, {dark}: it had been subtracted before; give --offset 0")
        if stated is None:
            raise Refused(
                f"{dark}: an offset was subtracted twice; give --offset 1000 to add it back, or --offset 0 to keep the "
                "numbers"
            )


def _floors(days: Days, visible: Mapping[str, Floats]) -> tuple[Days, Floats]:
    """Return (T,) first days and (T, 3) darkest values; dates with few values are joined with those that follow."""
    order = np.argsort(days, kind="stable")
    seen = np.any([np.isfinite(v) for v in visible.values()], axis=0)[order]
    order = order[seen]
    dates, starts, counts = np.unique(days[order], return_index=True, return_counts=True)
    joined = _join(counts)
    parts = {b: np.split(v[order], starts[joined][1:]) for b, v in visible.items()}
    return dates[joined].astype(np.int32), date_floors({b: cast("Floats", p) for b, p in parts.items()})


def _join(counts: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the first of each group of dates that together have enough values."""
    if np.median(counts) >= MIN_VALUES:
        return np.arange(len(counts))
    firsts, total = [0], 0
    for number, count in enumerate(counts):
        if total >= MIN_VALUES:
            firsts.append(number)
            total = 0
        total += int(count)
    return np.array(firsts)


def _is_bright_vegetation(values: Mapping[str, Floats]) -> bool:
    """Tell whether dense vegetation is bright in red, which only an offset explains; without blue soil may be."""
    red, nir = values.get("B04"), values.get("B08", values.get("B8A"))
    if red is None or nir is None:
        return False
    with np.errstate(invalid="ignore"):
        dense = red[(nir - red) > MIN_CONTRAST]
    return len(dense) >= MIN_DATES and float(np.percentile(dense, DARK_PERCENTILE)) >= DARKEST_WITH_OFFSET
