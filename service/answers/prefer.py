"""What a client would rather have (RFC 7240): an answer at once, or one that waits for the result."""

import re
from dataclasses import dataclass

MAX_WAIT_S = 60
"""Longest wait for a result; proxies give up after about as long."""
_WAIT = re.compile(r'wait\s*=\s*"?(\d{1,9})"?')


@dataclass(frozen=True, kw_only=True)
class Preferences:
    """What the field Prefer of a request says; unknown preferences count for nothing."""

    respond_async: bool = False
    wait_s: int | None = None
    """Seconds to wait for the result; None = not asked for."""


def read_preferences(field: str | None) -> Preferences:
    """Return the preferences of a request; of one that is named twice, the first counts."""
    words = [word.partition(";")[0].strip().lower() for word in (field or "").split(",")]
    waits = [found for word in words if (found := _WAIT.fullmatch(word))]
    return Preferences(respond_async="respond-async" in words, wait_s=int(waits[0][1]) if waits else None)
