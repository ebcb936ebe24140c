"""Dates in the names of files, folders and bands. No files."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

CALENDAR = re.compile(
    r"(?<!\d)(?P<year>(?:19|20)\d\d)(?P<gap>[-_./ ]?)(?P<month>0[1-9]|1[0-2])(?P=gap)(?P<day>[0-2]\d|3[01])"
    r"(?:(?:T|(?<=\d)-(?=\d{6}-))(?P<clock>\d{6}|\d\d[:-]\d\d[:-]\d\d))?(?!\d)"
)
"""`20180611`, `2018-06-11`, `2018_06_11`, `2018 06 11`, `20180611T105031` (ESA), `20180611-105031-463` (Theia)."""
RUN_ON = re.compile(
    r"(?<!\d)(?P<year>(?:19|20)\d\d)(?P<month>0[1-9]|1[0-2])(?P<day>[0-2]\d|3[01])"
    r"(?P<clock>(?:[01]\d|2[0-3])[0-5]\d[0-5]\d)(?!\d)"
)
"""`20180611105031`: a day and a time without a mark between them."""
ORDINAL = re.compile(r"(?<!\d)(?P<year>(?:19|20)\d\d)(?P<count>\d{3})T(?P<clock>\d{6})(?!\d)")
"""`2018162T105031` (HLS): year, day of the year, time."""
SLASHES = re.compile(r"(?:^|/)(?P<year>(?:19|20)\d\d)/(?P<month>\d{1,2})/(?P<day>\d{1,2})(?=/|$)")
"""`2018/6/11`: folders in folders."""


@dataclass(frozen=True, kw_only=True)
class Stamp:
    """A date in a text."""

    when: datetime
    """UTC; midnight where only the day is stated."""
    has_clock: bool
    start: int
    """Where it begins in the text."""
    end: int


def find_stamps(text: str) -> list[Stamp]:
    """Return the dates in a text in their order; what is no day of the calendar is none."""
    found = [s for m in ORDINAL.finditer(text) if (s := _ordinal(m))]
    found += [s for pattern in (CALENDAR, RUN_ON, SLASHES) for m in pattern.finditer(text) if (s := _calendar(m))]
    chosen: list[Stamp] = []
    for stamp in sorted(found, key=lambda s: (s.start, -s.end)):
        if not chosen or stamp.start >= chosen[-1].end:
            chosen.append(stamp)
    return chosen


def find_stamp(*texts: str) -> Stamp | None:
    """Return the first date of the first text that has one: every product's name begins with that of the recording."""
    return next((stamps[0] for text in texts if (stamps := find_stamps(text))), None)


def are_several_days(stamps: Sequence[Stamp]) -> bool:
    """Tell whether dates without a time are of different days, as in the name of a composite of some weeks."""
    return len({s.when.date() for s in stamps}) > 1 and not any(s.has_clock for s in stamps)


def _calendar(found: re.Match[str]) -> Stamp | None:
    clock = found.groupdict().get("clock") or ""
    try:
        day = date(int(found["year"]), int(found["month"]), int(found["day"]))
    except ValueError:
        return None
    return _stamp(found, day, clock)


def _ordinal(found: re.Match[str]) -> Stamp | None:
    first = date(int(found["year"]), 1, 1)
    day = first + timedelta(days=int(found["count"]) - 1)
    return _stamp(found, day, found["clock"]) if day.year == first.year else None


def _stamp(found: re.Match[str], day: date, clock: str) -> Stamp | None:
    digits = re.sub(r"\D", "", clock)
    try:
        moment = time(int(digits[:2]), int(digits[2:4]), int(digits[4:])) if digits else time()
    except ValueError:
        return None
    return Stamp(when=datetime.combine(day, moment, UTC), has_clock=bool(digits), start=found.start(), end=found.end())
