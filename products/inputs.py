"""Inputs of an order: reading the ones that several products share. No product-specific defaults."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from core.errors import InvalidOption
from core.timeline import Period, parse_date, parse_period


def check_names(inputs: Mapping[str, Any], known: Mapping[str, Any]) -> None:
    """Refuse inputs that the product does not have.

    Raises:
        InvalidOption: names the input and those there are.
    """
    for name in inputs:
        if name not in known:
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
