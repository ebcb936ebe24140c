"""What the tests of the code base look at: tracked files, modules and their syntax trees."""

import ast
import subprocess
from functools import cache
from pathlib import Path

import pytest

from tests.conftest import ROOT

ROOMS = (
    "core",
    "client",
    "ingest",
    "models",
    "products",
    "outputs",
    "evaluation",
    "workers",
    "training",
    "service",
    "cli",
)


@cache
def tracked() -> tuple[str, ...]:
    """Paths of all files under version control, relative to the root; the test is skipped outside a checkout."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("this is not a git checkout")
    return tuple(n for n in listed.stdout.split("\0") if n and (ROOT / n).is_file())


@cache
def modules(*folders: str) -> tuple[Path, ...]:
    """Python files below some folders of the root."""
    return tuple(sorted(p for f in folders for p in (ROOT / f).rglob("*.py")))


@cache
def syntax(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))
