"""The page docs/reference/conformance.md, made from the catalogue."""

import re
from pathlib import Path

from tests.conformance.catalogue import ROWS, Row, Where
from tests.conftest import ROOT

PATH = ROOT / "docs" / "reference" / "conformance.md"
REQUIREMENTS = Path(__file__).parent / "requirements.txt"
BEGIN, END = "<!-- made by python -m tests.conformance --page -->\n", "<!-- end -->\n"


def versions() -> dict[str, str]:
    """Return the versions of packages that are fixed: those of landcast's environment, and of the clients' own."""
    text = (ROOT / "constraints.txt").read_text() + REQUIREMENTS.read_text()
    found = re.findall(r"^([A-Za-z0-9_.-]+)==(\S+)", text, flags=re.MULTILINE)
    return {name.lower().replace("_", "-"): version for name, version in found}


def table() -> str:
    """Return the table of the page."""
    head = ["client", "version", "what is checked", "limits and advice"]
    lines = [head, ["---"] * len(head), *(_cells(row) for row in ROWS)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _cells(row: Row) -> list[str]:
    known = versions().get(row.package.lower(), "")
    version = "of Debian" if row.where is Where.SYSTEM or row.package == "nginx-light" else known
    advice = [*dict.fromkeys(row.limits.values()), *([row.notes] if row.notes else [])]
    return [row.client, version, row.checks, "; ".join(advice) or "none"]


def text(page: str) -> str:
    """Return a page with the table made anew."""
    before, rest = page.split(BEGIN)
    return before + BEGIN + "\n" + table() + "\n" + END + rest.split(END)[1]
