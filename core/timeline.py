"""Dates: periods, horizons, target dates, days since 1970 and the yearly circle. No calendar of a product."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidPeriod

Days = NDArray[np.int32]
"""Days since 1970-01-01 (UTC)."""

YEAR_DAYS = 365.2425
EPOCH = date(1970, 1, 1)
MAX_TARGETS = 400
FIRST_DATE, LAST_DATE = date(1900, 1, 1), date(2200, 12, 31)
"""Dates outside have no satellite and would overflow datetime64[ns] (1677 to 2262)."""


@dataclass(frozen=True, kw_only=True, order=True)
class Period:
    """Whole days from start to end, both included."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise InvalidPeriod(self, "it ends before it starts")

    def __str__(self) -> str:
        return f"{self.start.isoformat()}/{self.end.isoformat()}"

    @property
    def days(self) -> int:
        """Number of days, both ends included."""
        return (self.end - self.start).days + 1

    def contains(self, day: date) -> bool:
        """Return whether a day lies in the period."""
        return self.start <= day <= self.end

    def overlap(self, other: "Period") -> "Period | None":
        """Return the days common to both, None if there are none."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Period(start=start, end=end) if start <= end else None


def months_since_1970(days: Days) -> NDArray[np.int64]:
    """Return the calendar month of each day; January 1970 = 0, and modulo 12 the month of the year, January = 0.

    Rows that are one and the same in memory, as the days of a cube's pixels are, are looked at once.
    """
    is_one = days.ndim > 1 and len(days) > 1 and days.strides[0] == 0
    months = (days[:1] if is_one else days).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return np.asarray(np.broadcast_to(months, days.shape) if is_one else months)


def parse_date(text: str | date) -> date:
    """Read YYYY-MM-DD; a time of day after `T` is ignored.

    Raises:
        InvalidPeriod: anything else, and years before 1900 or after 2200.
    """
    if isinstance(text, datetime):
        return text.date()
    if isinstance(text, date):
        return text
    try:
        day = date.fromisoformat(str(text).strip().split("T")[0])
    except ValueError:
        raise InvalidPeriod(text, "it is no date of the calendar", is_unreadable=True) from None
    if not FIRST_DATE <= day <= LAST_DATE:
        raise InvalidPeriod(text, f"dates lie between {FIRST_DATE} and {LAST_DATE}")
    return day


def parse_period(text: "str | Period") -> Period:
    """Read START/END.

    Raises:
        InvalidPeriod: unreadable, or END before START.
    """
    if isinstance(text, Period):
        return text
    parts = str(text).split("/")
    if len(parts) != 2:
        raise InvalidPeriod(text, "a period has a start and an end, separated by a slash", is_unreadable=True)
    start, end = (parse_date(p) for p in parts)
    if end < start:
        raise InvalidPeriod(text, "it ends before it starts")
    return Period(start=start, end=end)


def parse_duration(text: str | int) -> int:
    """Read a number of days: `150d`, `150`, or ISO 8601 `P150D`.

    Raises:
        InvalidPeriod: anything else, zero included.
    """
    found = re.fullmatch(r"[Pp]?(\d{1,5})[dD]?", str(text).strip())
    if not found or int(found[1]) == 0:
        raise InvalidPeriod(text, "a duration is a positive number of days", is_unreadable=True)
    return int(found[1])


def target_dates(issue_date: date, *, horizon_days: int, step_days: int) -> list[date]:
    """Return the dates from one step after the day before issue to the horizon; a lead of 1 day is the issue date.

    Raises:
        InvalidPeriod: no date, or more than 400.
    """
    leads = range(step_days, horizon_days + 1, step_days)
    if not 0 < len(leads) <= MAX_TARGETS:
        reason = f"a step of {step_days} days gives {len(leads)} dates, and 1 to {MAX_TARGETS} are possible"
        raise InvalidPeriod(f"{horizon_days}d", reason)
    if to_day(issue_date) + leads[-1] > to_day(LAST_DATE):
        raise InvalidPeriod(f"{horizon_days}d", f"from {issue_date} on it reaches beyond {LAST_DATE}")
    return [issue_date + timedelta(days=lead - 1) for lead in leads]


def to_day(day: date) -> int:
    """Return days since 1970-01-01."""
    return (day - EPOCH).days


def to_date(day: int) -> date:
    """Return the date of a number of days since 1970-01-01."""
    return EPOCH + timedelta(days=int(day))


def to_days(times: NDArray[np.datetime64]) -> Days:
    """Return days since 1970-01-01 of an array of times, time of day cut off."""
    return times.astype("datetime64[D]").astype(np.int64).astype(np.int32)


def to_times(days: Days) -> NDArray[np.datetime64]:
    """Return `datetime64[ns]` midnights of days since 1970-01-01."""
    return days.astype("datetime64[D]").astype("datetime64[ns]")
