"""Conditional requests (RFC 9110, section 13): whether what a client has, or expects, still holds."""

import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Literal

_TAGS = re.compile(r'\s*(?:(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"\s*(?:,\s*|$))+')
_TAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')


def failed_condition(
    headers: Mapping[str, str], *, etag: str, modified: float | None = None
) -> Literal[304, 412] | None:
    """Return the status that answers a GET or HEAD whose condition does not hold; None = it holds, or there is none.

    Args:
        headers: of the request, by names in lower case.
        etag: of what would be sent, with its quotes, and `W/` if it is weak.
        modified: when it was last changed, seconds since 1970; None = not known.
    """
    if (expected := headers.get("if-match")) is not None:
        if not _matches(expected, etag, weakly=False):
            return 412
    elif _is_later(modified, headers.get("if-unmodified-since")) is True:
        return 412
    if (known := headers.get("if-none-match")) is not None:
        return 304 if _matches(known, etag, weakly=True) else None
    return 304 if _is_later(modified, headers.get("if-modified-since")) is False else None


def range_counts(if_range: str | None, *, etag: str, last_modified: str) -> bool:
    """Tell whether a range may be sent to a client that has parts of what it names in If-Range (section 13.1.5)."""
    return if_range is None or (not etag.startswith("W/") and if_range == etag) or if_range == last_modified


def _matches(field: str, etag: str, *, weakly: bool) -> bool:
    """Compare an ETag with those of a field; what is not a list of ETags matches none."""
    if field.strip() == "*":
        return True
    tags = _TAG.findall(field) if _TAGS.fullmatch(field) else []
    if weakly:
        return etag.removeprefix("W/") in [tag.removeprefix("W/") for tag in tags]
    return not etag.startswith("W/") and etag in tags


def _is_later(modified: float | None, field: str | None) -> bool | None:
    """Tell whether something was changed after the date in a field; None = not known, or the field is no date."""
    if modified is None or field is None:
        return None
    try:
        moment = parsedate_to_datetime(field)
    except (ValueError, OverflowError):
        return None
    return int(modified) > moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
