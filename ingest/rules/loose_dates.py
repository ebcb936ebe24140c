"""Dates in names whose order of day and month, or whose digits, only all names together settle. No files."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from ingest.rules.file_dates import Stamp

YEAR_LAST = re.compile(r"(?<!\d)(?P<a>\d{1,2})(?P<gap>[-_./ ])(?P<b>\d{1,2})(?P=gap)(?P<year>(?:19|20)\d\d)(?!\d)")
"""`02.10.2021`, `2-10-2021`."""
YEAR_LAST_COMPACT = re.compile(r"(?<!\d)(?P<a>\d\d)(?P<b>\d\d)(?P<year>(?:19|20)\d\d)(?!\d)")
"""`02102021`."""
DAY_OF_YEAR = re.compile(r"(?<!\d)(?P<year>(?:19|20)\d\d)-?(?P<count>[0-3]\d\d)(?!\d)")
"""`2021005`."""
SIX_DIGITS = re.compile(r"(?<!\d)(\d\d)(\d\d)(\d\d)(?!\d)")
"""`210105`."""
FIRST_YEAR, LAST_YEAR = 2015, 2049
"""Of Sentinel-2; two digits of a year outside are another number."""
WAY_OUT = "give --date-from YYYY-MM-DD for one date, or --date-from tags, or rename the files, such as 20211002"


@dataclass(frozen=True, kw_only=True)
class Loose:
    """Dates of one name."""

    stamps: tuple[Stamp, ...] = ()
    doubt: str = ""
    """Why digits that look like a date are none; empty = there are none, or they are one."""


def find_loose(texts: Sequence[str]) -> list[Loose]:
    """Return the dates of each of some names that hold no date of the usual forms."""
    for pattern in (YEAR_LAST, YEAR_LAST_COMPACT):
        if any(pattern.search(t) for t in texts):
            return _year_last(pattern, texts)
    counted = [[s for m in DAY_OF_YEAR.finditer(t) if (s := _of_year(m))] for t in texts]
    if any(counted):
        return [Loose(stamps=tuple(stamps)) for stamps in counted]
    return _six_digits(texts)


def _year_last(pattern: re.Pattern[str], texts: Sequence[str]) -> list[Loose]:
    """Read names with the year at the end, in the one order of day and month that gives days for all of them."""
    found = [list(pattern.finditer(t)) for t in texts]
    every = [m for ms in found for m in ms]
    orders = [o for o in (("a", "b"), ("b", "a")) if all(_day(m["year"], m[o[1]], m[o[0]]) for m in every)]
    same = len(orders) == 2 and all(int(m["a"]) == int(m["b"]) for m in every)
    if len(orders) != 1 and not same:
        why = "it may be day and month or month and day" if orders else "no order of day and month fits all names"
        return [Loose(doubt=f"its name holds {ms[0][0]}, and {why}; {WAY_OUT}" if ms else "") for ms in found]
    first, second = orders[0]
    return [Loose(stamps=_stamps((m, _day(m["year"], m[second], m[first])) for m in ms)) for ms in found]


def _six_digits(texts: Sequence[str]) -> list[Loose]:
    """Read `210105` where each name has one such number and one order alone gives days since Sentinel-2's start."""
    found = [list(SIX_DIGITS.finditer(t)) for t in texts]
    orders = ((1, 2, 3), (3, 2, 1), (3, 1, 2))
    fitting = [o for o in orders if all(len(ms) == 1 and _short(ms[0], o) for ms in found)]
    if len(fitting) == 1:
        return [Loose(stamps=_stamps((m, _short(m, fitting[0])) for m in ms)) for ms in found]
    why = "may be dates in more than one order" if fitting else "are not dates in all of the names"
    return [Loose(doubt=f"the six digits in its name ({ms[0][0]}) {why}; {WAY_OUT}" if ms else "") for ms in found]


def _short(found: re.Match[str], order: Sequence[int]) -> date | None:
    year, month, day = (found[n] for n in order)
    full = f"20{year}"
    return _day(full, month, day) if FIRST_YEAR <= int(full) <= LAST_YEAR else None


def _of_year(found: re.Match[str]) -> Stamp | None:
    day = date(int(found["year"]), 1, 1) + timedelta(days=int(found["count"]) - 1)
    return next(iter(_stamps([(found, day)])), None) if day.year == int(found["year"]) else None


def _day(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def _stamps(found: Iterable[tuple[re.Match[str], date | None]]) -> tuple[Stamp, ...]:
    return tuple(
        Stamp(when=datetime(d.year, d.month, d.day, tzinfo=UTC), has_clock=False, start=m.start(), end=m.end())
        for m, d in found
        if d is not None
    )
