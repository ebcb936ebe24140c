"""Inputs of an order: reading the ones that several products share. No product-specific defaults."""

import math
from collections.abc import Collection, Mapping
from datetime import date, timedelta
from typing import Any

from core.errors import InvalidOption
from core.timeline import Period, parse_date, parse_period


def check_names(inputs: Mapping[str, Any], known: Mapping[str, Any], *, silent: Collection[str] = ()) -> None:
    """Refuse inputs that the product does not have.

    Args:
        silent: further names that are taken, but not told of.

    Raises:
        InvalidOption: names the input and those there are.
    """
    for name in inputs:
        if name not in known and name not in silent:
            raise InvalidOption("input", name, f"the inputs are {', '.join(known)}")


def read_date(inputs: Mapping[str, Any], name: str, default: date) -> date:
    """Return a date input or its default."""
    return parse_date(inputs[name]) if inputs.get(name) else default


def read_period(inputs: Mapping[str, Any], *, last: date, days: int, available: Period) -> Period:
    """Return the period input, by default the `days` up to `last` as far as the archive has them."""
    if inputs.get("period"):
        return parse_period(inputs["period"])
    wanted = Period(start=last - timedelta(days=days - 1), end=last)
    return wanted.overlap(available) or wanted


def read_number(inputs: Mapping[str, Any], name: str, default: float, *, least: float, most: float, unit: str) -> float:
    """Return a numeric input or its default; the map page and query strings send numbers as text.

    Raises:
        InvalidOption: it is no number, or outside the range; the sentence says which `unit` is meant.
    """
    given = inputs.get(name)
    if given is None or given == "":
        return default
    try:
        number = math.nan if isinstance(given, bool) else float(given)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not least <= number <= most:
        raise InvalidOption(name, given, f"it is {unit} from {least:g} to {most:g}")
    return number


def read_boolean(inputs: Mapping[str, Any], name: str) -> bool:
    """Return a yes or no, False by default; the map page and query strings send it as text.

    Raises:
        InvalidOption: it is something else.
    """
    given = inputs.get(name)
    if given in (None, "", "false", "False") or given is False:
        return False
    if given in ("true", "True") or given is True:
        return True
    raise InvalidOption(name, given, "it is true or false")
