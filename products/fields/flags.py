"""Flags: what a reader should know before the numbers of a field, in words. A clause each, joined by semicolons."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta

from core.region import Field
from core.timeline import to_date
from products.evidence import FEW_OBSERVATIONS
from products.fields.departure import Departure

OLD_DAYS = 60
"""Days without a clear date after which the forecast begins at an old state."""
WHOLE = 0.99
"""Share of a field from which it counts as inside: outlines have few digits."""
MIXED = "too small or thin for a pixel of its own, so the values are mixed with those around it"
SIMULATED = "simulated: no satellite has measured this"
MIN_SEEN = 0.5
"""Share of a field that must have been seen for classes, as for a clear date."""
NEVER = "never seen clearly in the period"


def place_flags(inside: float, *, is_mixed: bool, source: str) -> tuple[str, ...]:
    """Return flags on where a field lies.

    Args:
        inside: share of its area in the source.
        is_mixed: no pixel lies mostly inside.
        source: name of the archive or cube.
    """
    if inside <= 0:
        return (outside(source),)
    partly = f"only {100 * inside:.0f} % of it lies in '{source}'" if inside < WHOLE else ""
    return tuple(c for c in (partly, MIXED if is_mixed else "") if c)


def outside(source: str) -> str:
    """Return the flag of a field without a pixel in the source."""
    return f"outside '{source}'"


def evidence_flags(clear_count: int, last_day: int, end: date) -> tuple[str, ...]:
    """Return flags on how much was seen of a field.

    Args:
        clear_count: dates on which it was clear.
        last_day: the last of them, days since 1970.
        end: last day that was looked at.
    """
    if not clear_count:
        return (NEVER,)
    few = f"too few clear dates to tell ({clear_count})" if clear_count < FEW_OBSERVATIONS else ""
    last = to_date(last_day)
    old = f"not seen clearly since {day_words(last)}" if end - last > timedelta(days=OLD_DAYS) else ""
    return tuple(c for c in (few, old) if c)


def unread_flag(failed: int, listed: int) -> str:
    """Return the flag of fields some of whose scenes could not be read; empty where all could."""
    return f"{failed} of {listed} scenes could not be read" if failed else ""


def left_out_flag(reason: str) -> str:
    """Return the flag of a field that was not looked at, with the clause that says why."""
    return f"left out: {reason}"


def departure_flag(found: Departure | None) -> str:
    """Return `below its usual by 0.12 since 2 June 2021`; empty where there is no departure."""
    if found is None:
        return ""
    return f"{'below' if found.by < 0 else 'above'} its usual by {abs(found.by):.2f} since {day_words(found.since)}"


def unlike_flag(outside: Sequence[str]) -> str:
    """Return the flag of a field outside the area of applicability of models, by their tasks; empty where of none."""
    return f"unlike the training data of {' and '.join(outside)}" if outside else ""


def little_seen_flag(task: str, seen: float) -> str:
    """Return the flag of a field too little of which was seen for a class; empty where enough was, or nothing."""
    return f"{task} could be told on {100 * seen:.0f} % of it only: too little" if 0 < seen < MIN_SEEN else ""


def repeated_flags(fields: Sequence[Field]) -> list[str]:
    """Return for each field a flag if others of the file have its id; empty for others."""
    counts = Counter(str(f.id) for f in fields)
    return [f"its id occurs {counts[str(f.id)]} times in the file" if counts[str(f.id)] > 1 else "" for f in fields]


def day_words(day: date) -> str:
    """Return `2 June 2021`."""
    return f"{day.day} {day:%B %Y}"
