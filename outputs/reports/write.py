"""A report as a file: which form it takes follows from the ending of its name."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from core.errors import InvalidOption
from outputs.atomic import written_aside


def write_form(out: Path, forms: Mapping[str, Callable[[], str]], *, option: str = "--out") -> None:
    """Write the form of a report that the ending names; no file has the name before it is complete.

    Args:
        out: the file.
        forms: what returns the text, by ending (`.html`); only that of the file is called.
        option: which input an error names.

    Raises:
        InvalidOption: another ending.
    """
    if out.suffix not in forms:
        raise InvalidOption(option, out, f"it ends in {' or '.join(forms)}")
    write_text(out, forms[out.suffix]())


def write_text(out: Path, text: str) -> None:
    """Write a text file in UTF-8; no file has the name before it is complete."""
    with written_aside(out) as aside:
        aside.write_text(text, encoding="utf-8")


def json_text(content: Any) -> str:
    """Return a JSON document for people and programs.

    Raises:
        ValueError: it holds NaN, which JSON does not know.
    """
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
