"""Which columns of a table hold the ids of series and the dates, and what these are. Bands are in table_layout.py."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from core.bands import CHANNELS
from core.errors import InvalidPeriod
from core.source import ReadAs, listed
from core.timeline import parse_date, to_day
from ingest.rules.columns import DATES, OWN_SERIES, OWN_TIME, SERIES, find_column, fold, match
from ingest.rules.dates import ReadDates, read_dates
from ingest.rules.ids import read_ids
from ingest.rules.refusal import Refused
from ingest.table.file import TableFile, columns_of

PARTS = (("year", "month", "day"), ("year", "doy"))
"""Columns that together hold a date."""
MOST_COMPARED = 3
"""Columns of dates that are compared."""


@dataclass(frozen=True, kw_only=True)
class FoundDates:
    """Dates of a table and where they stand."""

    columns: tuple[str, ...]
    """Columns that they were read from; empty = one date for all, stated by the user."""
    read: ReadDates
    dropped: int
    """Rows without a date."""
    remarks: tuple[str, ...] = ()


def series_column(file: TableFile) -> str:
    """Return the column that tells series apart; empty = there is none.

    Raises:
        Refused: several columns do, in different ways.
    """
    found = match(file.columns, SERIES)
    if not found or fold(found[0]) in OWN_SERIES:
        return found[0] if found else ""
    codes = {c: pd.factorize(read_ids(file.table[c]))[0] for c in found}
    counts = {c: len(np.unique(v)) for c, v in codes.items()}
    several = [c for c in found if counts[c] < len(file.table)] or found
    for one, other in combinations(several, 2):
        pairs = len(np.unique(np.stack([codes[one], codes[other]]), axis=1).T)
        if not counts[one] == counts[other] == pairs:
            raise Refused(
                f"columns '{one}' and '{other}' tell series apart in different ways; name the one that counts series_id"
            )
    return several[0]


def stated_columns(read_as: ReadAs, file: TableFile) -> dict[str, str]:
    """Return the columns that the user states for bands; those that are no columns are left out.

    Raises:
        Refused: a band that there is none of.
    """
    odd = [b for b in read_as.bands if b not in CHANNELS]
    if odd:
        raise Refused(f"--band {odd[0]}={read_as.bands[odd[0]]}: the bands are {', '.join(CHANNELS)}")
    found = {b: find_column(file.columns, theirs) for b, theirs in read_as.bands.items()}
    return {b: c for b, c in found.items() if c}


def has_dates(file: TableFile, series: str, read_as: ReadAs) -> bool:
    """Return whether a table has a column of dates, by its name, or the user states one."""
    return bool(read_as.date_from or _candidates(file, series) or _parts(file))


def find_table_dates(file: TableFile, series: str, read_as: ReadAs) -> FoundDates:
    """Read the dates of a table.

    Raises:
        Refused: no column holds dates; names what it holds.
    """
    if read_as.date_from:
        return _stated(file, read_as.date_from)
    errors: list[str] = []
    candidates = _candidates(file, series)
    for place, column in enumerate(candidates):
        try:
            read = read_dates(file.table[column])
        except Refused as error:
            errors.append(f"column '{column}' {error}")
            continue
        remarks = (*read.remarks, *_differing(file, column, candidates[place + 1 : place + MOST_COMPARED], read))
        return FoundDates(columns=(column,), read=read, dropped=read.dropped, remarks=remarks)
    parts = _parts(file)
    if parts:
        read = read_dates(_joined(file, parts))
        return FoundDates(columns=parts, read=read, dropped=read.dropped, remarks=read.remarks)
    if errors:
        raise Refused(errors[0])
    raise Refused(f"it has no column 'time' or 'date'; {columns_of(file)}; name the column by --date-from COLUMN")


def _stated(file: TableFile, wanted: str) -> FoundDates:
    column = find_column(file.columns, wanted)
    if column:
        try:
            read = read_dates(file.table[column])
        except Refused as error:
            raise Refused(f"column '{column}' {error}") from None
        return FoundDates(columns=(column,), read=read, dropped=read.dropped, remarks=read.remarks)
    try:
        day = to_day(parse_date(wanted))
    except InvalidPeriod:
        raise Refused(f"--date-from {wanted}: it is neither a column nor a date; {columns_of(file)}") from None
    count = len(file.table)
    same = ReadDates(days=np.full(count, day, np.int32), is_read=np.ones(count, bool), example="")
    return FoundDates(columns=(), read=same, dropped=0)


def _candidates(file: TableFile, series: str) -> list[str]:
    return [c for c in match(file.columns, DATES) if c != series]


def _differing(file: TableFile, column: str, others: Sequence[str], read: ReadDates) -> tuple[str, ...]:
    """Return a remark on further columns with other dates; our own spelling needs none."""
    found = []
    for other in others:
        try:
            days = read_dates(file.table[other])
        except Refused:
            continue
        both = read.is_read & days.is_read
        if (read.days[both] != days.days[both]).any():
            found.append(other)
    if not found or column == OWN_TIME:
        return ()
    return (f"Dates are read from column '{column}'; {listed(found)} holds others, and --date-from chooses it.",)


def _parts(file: TableFile) -> tuple[str, ...]:
    for names in PARTS:
        found = [match(file.columns, (n,)) for n in names]
        if all(found):
            return tuple(f[0] for f in found)
    return ()


def _joined(file: TableFile, parts: Sequence[str]) -> "pd.Series[str]":
    """Return dates as texts from columns of year, month and day, or year and day of the year."""
    numbers = [file.numbers([c])[c] for c in parts]
    known = np.all([np.isfinite(n) for n in numbers], axis=0)
    whole = [np.where(known, n, 0).astype(int) for n in numbers]
    widths = (4, 2, 2) if len(parts) == 3 else (4, 3)
    texts = ["-".join(f"{v:0{w}d}" for v, w in zip(row, widths, strict=True)) for row in zip(*whole, strict=True)]
    return pd.Series([t if k else "" for t, k in zip(texts, known, strict=True)])
