"""Times of queries and of layers, as days: results are daily. RFC 3339 itself is read in service/stac/times.py."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from core.errors import InvalidOption
from core.product import Layer
from core.timeline import FIRST_DATE, Period, parse_date, parse_period
from service.stac.times import read_interval

MOST_TIMES = 100
LONGEST_AFTER = timedelta(days=366)
"""How long after the last day of its observations a map is looked for."""
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, kw_only=True)
class Days:
    """Days that a query asks for, both ends included; None = open."""

    first: date | None = None
    last: date | None = None

    def meets(self, period: Period) -> bool:
        """Tell whether a period has a day in common with these."""
        return (self.first is None or period.end >= self.first) and (self.last is None or period.start <= self.last)


Asked = tuple[Days, ...]
"""Any of these; empty = all times."""


def read_times(text: str | None) -> Asked:
    """Return the days of `datetime`: a time or day, an interval, or several of them separated by commas.

    Raises:
        InvalidOption: unreadable, without a time zone, reversed, open on both sides, or too many.
    """
    if not text:
        return ()
    parts = text.split(",")
    if len(parts) > MOST_TIMES:
        raise InvalidOption("datetime", f"{len(parts)} times", f"a query may name {MOST_TIMES}")
    return tuple(_days(part.strip()) for part in parts)


def meets(asked: Asked, period: Period) -> bool:
    """Tell whether a period is of the times that a query asks for."""
    return not asked or any(days.meets(period) for days in asked)


def hull(asked: Asked) -> tuple[datetime | None, datetime | None]:
    """Return moments between which items lie that may have a layer of the times asked for; None = open.

    An item states the days that were observed, and a map may be of a date after them.
    """
    firsts = [max(days.first, FIRST_DATE) for days in asked if days.first is not None]
    lasts = [days.last for days in asked if days.last is not None]
    is_closed = bool(asked) and len(firsts) == len(asked)
    start = datetime.combine(min(firsts), time.min, UTC) - LONGEST_AFTER if is_closed else None
    end = datetime.combine(max(lasts), time.max, UTC) if asked and len(lasts) == len(asked) else None
    return start, end


def times_of_layers(layers: Iterable[Layer], period: str) -> dict[str, Period]:
    """Return the times of a result's layers by their names.

    A layer has its own date. One without is of the date that all others have, or else of the period of observations.
    """
    found = list(layers)
    dates = {layer.date for layer in found if layer.date}
    whole = day(min(dates)) if len(dates) == 1 else parse_period(period)
    return {layer.name: day(layer.date) if layer.date else whole for layer in found}


def day(text: str) -> Period:
    """Return an ISO date as the period of that day."""
    found = parse_date(text)
    return Period(start=found, end=found)


def _days(text: str) -> Days:
    first, slash, last = text.partition("/")
    widened = _widen(first, "00:00:00") + slash + (_widen(last, "23:59:59") if slash else "")
    start, end = read_interval(widened)
    return Days(first=start.astimezone(UTC).date() if start else None, last=end.astimezone(UTC).date() if end else None)


def _widen(text: str, clock: str) -> str:
    """Return a day as a moment of it."""
    return f"{text}T{clock}Z" if _DAY.fullmatch(text) else text
