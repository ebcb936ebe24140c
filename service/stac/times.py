"""Times and intervals of OGC APIs and STAC: RFC 3339, with a zone. Dates of orders are read in core/timeline.py."""

import re
from datetime import datetime, timedelta

from core.errors import InvalidOption
from workers.queue.item_rows import parse_time

_TIME = re.compile(
    r"\d{4}-\d{2}-\d{2}T(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)"
)
_PLUS_LOST = re.compile(r"\d \d\d:\d\d$")
ADVICE = "write times as 2024-05-01T00:00:00Z, intervals with a slash, open ends as .."


def read_interval(text: str | None) -> tuple[datetime | None, datetime | None]:
    """Return the ends of a time or an interval; None = open.

    Raises:
        InvalidOption: unreadable, without a time zone, more than one slash, open on both sides, or reversed.
    """
    if text is None:
        return None, None
    first, slash, last = text.partition("/")
    if slash and first in ("", "..") and last in ("", ".."):
        raise InvalidOption("datetime", text, "an interval is open on one side at most")
    start, end = _moment(first, text), _moment(last if slash else first, text)
    if start and end and end < start:
        raise InvalidOption("datetime", text, "it ends before it starts")
    return start, end


def _moment(part: str, text: str) -> datetime | None:
    """Return one end of an interval, a leap second as the second after it; None = open."""
    if part in ("", "..") and "/" in text:
        return None
    written = part.upper()
    try:
        if _TIME.fullmatch(written):
            leap = written[17:19] == "60"
            return parse_time(f"{written[:17]}59{written[19:]}" if leap else written) + timedelta(seconds=int(leap))
    except (ValueError, OverflowError):
        pass
    advice = f"{ADVICE}; a + is written %2B in a URL" if _PLUS_LOST.search(part) else ADVICE
    raise InvalidOption("datetime", text, advice)
