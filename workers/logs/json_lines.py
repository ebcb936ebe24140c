"""Log lines as JSON objects, one a line (LANDCAST_LOG=json), for programs that collect logs.

Facts that a message states as `name=value` become members, so nobody has to take messages apart again.
"""

import json
import logging
import re
from datetime import UTC, datetime
from typing import Any

from workers.logs.about import at_work_on

TOP = ("job", "tile", "worker", "request")
"""Facts that are members of the object itself; all others are in `facts`."""
_CONVERSION = re.compile(
    r"(?:(?P<name>[A-Za-z_]\w*)=)?%(?:(?P<percent>%)|[-#0 +]*(?P<star>\*)?[\d.]*[diouxXeEfFgGcrsa])"
)


class JsonLines(logging.Formatter):
    """Formats a record as one line: time, level, logger, message, what it is about, its facts, its traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without a line break in it."""
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        facts = facts_of(record)
        line: dict[str, Any] = {
            "time": moment.replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "message": _message(record),
            **at_work_on(),
            **{name: facts.pop(name) for name in TOP if name in facts},
        }
        if facts:
            line["facts"] = facts
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def facts_of(record: logging.LogRecord) -> dict[str, Any]:
    """Return the values that a message states as `name=value`, by their names; those of text as text."""
    if not isinstance(record.msg, str) or not isinstance(record.args, tuple):
        return {}
    found = [m for m in _CONVERSION.finditer(record.msg) if not m["percent"]]
    if len(found) != len(record.args) or any(m["star"] for m in found):
        return {}
    named = [(m["name"], value) for m, value in zip(found, record.args, strict=True) if m["name"]]
    return {name: value if isinstance(value, bool | int | float) else str(value) for name, value in named}


def use_json_lines(wanted: bool = True) -> None:
    """Let every handler of the root logger write JSON lines, if that is wanted."""
    if wanted:
        for handler in logging.getLogger().handlers:
            handler.setFormatter(JsonLines())


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError):  # a message whose arguments do not fit it must not be lost
        return str(record.msg)
