"""The page on security names tests that exist."""

import ast
import re

from tests.conftest import ROOT
from tests.house.pages import text_of

PAGE = text_of("docs/explanation/security.md")
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def functions(path: str) -> set[str]:
    """Return the names of the tests in a file; none if there is no such file."""
    file = ROOT / path
    if not file.is_file():
        return set()
    return {n.name for n in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if isinstance(n, ast.FunctionDef)}


def test_every_named_test_exists() -> None:
    named = NAMED.findall(PAGE)
    assert len(named) > 30
    assert [f"{path}::{name}" for path, name in named if name not in functions(path)] == []


def test_every_threat_has_a_test() -> None:
    rows = PAGE.partition("## Threats")[2].partition("\n## ")[0].strip().splitlines()[2:]
    assert len(rows) > 15
    assert [row for row in rows if not NAMED.search(row)] == []
