"""Parts of a cost: their names in orders, estimates and the ledger, and how sentences name them. No database."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import InvalidOption

MOST = 1e15
"""A limit beyond it is a mistake; whole numbers up to it are exact."""
MOST_SECONDS = 1e10
"""About 300 years."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One part of a cost."""

    name: str
    """In `max_cost`, in estimates, and as a column of the costs of jobs."""
    column: str
    """Of the table of jobs: at how much no further tile is begun."""
    words: str
    """Its unit, as it follows a number."""
    most: float = MOST
    """A limit is below it."""


PARTS = (
    Part(name="seconds", column="stop_at_s", words="seconds of workers", most=MOST_SECONDS),
    Part(name="pixels", column="stop_at_pixels", words="pixels"),
    Part(name="scene_reads", column="stop_at_scene_reads", words="reads of scenes"),
    Part(name="read_bytes", column="stop_at_read_bytes", words="bytes read"),
    Part(name="processing_units", column="stop_at_processing_units", words="processing units"),
)
NAMES = tuple(part.name for part in PARTS)


def max_cost_of(inputs: Mapping[str, Any]) -> dict[str, float]:
    """Return the limits that an order sets, by part: of `max_cost`, and of `max_seconds`, which is its part `seconds`.

    Raises:
        InvalidOption: a part that does not exist, or a limit that is not a number above 0.
    """
    given = inputs.get("max_cost")
    found = {} if given in (None, "") else _limits(given)
    seconds = inputs.get("max_seconds")
    if seconds in (None, ""):
        return found
    if "seconds" in found:
        raise InvalidOption("max_seconds", seconds, "max_cost names seconds too; give one of the two")
    return {"seconds": _limit(PARTS[0], "max_seconds", seconds)} | found


def stop_columns(max_cost: Mapping[str, float], spent: Mapping[str, float] | None = None) -> dict[str, float | None]:
    """Return the columns of a job with these limits, counted from what it has cost already."""
    before = spent or {}
    return {p.column: max_cost[p.name] + before.get(p.name, 0) if p.name in max_cost else None for p in PARTS}


def reason(max_cost: Mapping[str, float], cost: Mapping[str, Any], stops: Mapping[str, Any]) -> str:
    """Return which limit of an order is reached, as the clause of a sentence; empty = none.

    Args:
        max_cost: of the order, which the clause names.
        cost: so far, by name.
        stops: at which to stop, by column.
    """
    for part in PARTS:
        stop = stops.get(part.column)
        if stop is not None and (cost.get(part.name) or 0) >= stop:
            limit = _number(max_cost.get(part.name, stop))
            return f"the order's limit of {limit} {part.words} (max_cost) was reached before it was begun"
    return ""


def _limits(given: Any) -> dict[str, float]:
    if not isinstance(given, Mapping) or not given:
        example = '{"seconds": 600}'
        raise InvalidOption("max_cost", given, f"it is an object of limits, as {example}, of {', '.join(NAMES)}")
    known = {part.name: part for part in PARTS}
    for name in given:
        if name not in known:
            raise InvalidOption("max_cost", name, f"the parts of a cost are {', '.join(NAMES)}")
    return {part.name: _limit(part, f"max_cost.{part.name}", given[part.name]) for part in PARTS if part.name in given}


def _limit(part: Part, name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < part.most:
        raise InvalidOption(name, value, f"it is a number of {part.words} above 0 and below {part.most:g}")
    return value


def _number(value: float) -> str:
    """Return a number with all its digits."""
    return f"{value:,.0f}" if value == int(value) else f"{value:,}"
