"""The pages of the documentation, and the commands in them with what their comments say."""

import re
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import ROOT

PAGES = [ROOT / n for n in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")] + sorted((ROOT / "docs").rglob("*.md"))
BLOCK = re.compile(
    r"(?:^<!-- (?P<kind>not run|real data): (?P<text>[^\n]+) -->\n)?^```sh\n(?P<commands>.*?)^```", re.M | re.S
)


@dataclass(frozen=True, kw_only=True)
class Block:
    """Commands that a reader can copy."""

    commands: str
    not_run: str = ""
    """Why the tests do not run it; empty = they do."""
    real_name: str = ""
    """A file that a reader has made before, for which a file of the real data stands in; empty = none."""
    real_path: str = ""
    """That file, in the folder of real data."""


def name_of(page: Path) -> str:
    """Return the path of a page from the root."""
    return page.relative_to(ROOT).as_posix()


def text_of(name: str) -> str:
    """Return a page by its path from the root."""
    return (ROOT / name).read_text(encoding="utf-8")


def all_blocks(page: Path) -> list[Block]:
    """Return the `sh` blocks of a page in order."""
    return [_block(m) for m in BLOCK.finditer(page.read_text(encoding="utf-8"))]


def blocks(page: Path) -> list[Block]:
    """Return the blocks of a page that the tests run."""
    return [b for b in all_blocks(page) if not b.not_run]


def _block(found: re.Match[str]) -> Block:
    kind, text, commands = found["kind"], found["text"] or "", found["commands"]
    if kind == "not run":
        return Block(commands=commands, not_run=text)
    name, _, path = text.partition(" = ")
    return Block(commands=commands, real_name=name, real_path=path)
