"""Every source file with logic has its tests at the mirrored path."""

import ast
from pathlib import Path

from tests.conftest import ROOT
from tests.house.tree import ROOMS, modules, name_of, syntax

EXCEPTIONS: dict[str, str] = {}
"""Files without a test file of their own, each with its reason."""


REVISIONS = Path("workers/queue/migrations/versions")


def has_logic(tree: ast.Module) -> bool:
    """Tell whether a module defines a function, or a class with methods."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    classes = [n for n in tree.body if isinstance(n, ast.ClassDef)]
    return any(isinstance(n, functions) for n in [*tree.body, *(m for c in classes for m in c.body)])


def mirrored(path: Path) -> Path:
    """Return where the tests of a source file lie; revisions of the ledger are tested in one file, as one goes on."""
    own = path.relative_to(ROOT)
    if own.parent == REVISIONS:
        return ROOT / "tests" / own.parent.parent / "test_upgrade.py"
    return ROOT / "tests" / own.parent / f"test_{own.name}"


def test_every_source_file_with_logic_has_its_test_at_the_mirrored_path() -> None:
    untested = {name_of(p) for p in modules(*ROOMS) if has_logic(syntax(p)) and not mirrored(p).exists()}
    assert untested - set(EXCEPTIONS) == set()


def test_every_mirrored_test_file_has_tests() -> None:
    files = [mirrored(p) for p in modules(*ROOMS) if mirrored(p).exists()]
    assert [name_of(p) for p in files if not _has_tests(syntax(p))] == []


def test_no_exception_stays_that_has_a_test_or_is_gone() -> None:
    assert [n for n in EXCEPTIONS if not (ROOT / n).exists() or mirrored(ROOT / n).exists()] == []


def test_the_rule_sees_functions_and_methods_but_no_plain_declarations() -> None:
    assert has_logic(ast.parse("def f() -> None: ..."))
    assert has_logic(ast.parse("class A:\n    async def f(self) -> None: ..."))
    assert not has_logic(ast.parse("A = 1\n\nclass B:\n    c: int\n\nfrom core.grid import Grid"))


def _has_tests(tree: ast.Module) -> bool:
    return any(
        isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef) and n.name.startswith("test_") for n in ast.walk(tree)
    )
