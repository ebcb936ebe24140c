"""Folders are small enough to take in at a glance."""

from collections import Counter
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.house.tree import ROOMS, modules, name_of

MAX_FILES = 20
MAX_FAMILY = 3
FOLDERS = sorted({p.parent for p in modules(*ROOMS)})


def sources(folder: Path) -> list[str]:
    """Return the names of a folder's own source files, without endings."""
    return [p.stem for p in folder.glob("*.py") if p.name != "__init__.py"]


def families(names: list[str]) -> list[str]:
    """Return prefixes, up to an underscore, of more files than should lie in one folder side by side."""
    counts = Counter(n.split("_")[0] for n in names if "_" in n)
    return sorted(prefix for prefix, count in counts.items() if count > MAX_FAMILY)


@pytest.mark.parametrize("folder", FOLDERS, ids=name_of)
def test_a_folder_has_twenty_source_files_at_most(folder: Path) -> None:
    assert len(sources(folder)) <= MAX_FILES


@pytest.mark.parametrize("folder", FOLDERS, ids=name_of)
def test_no_four_files_of_a_folder_share_a_prefix(folder: Path) -> None:
    assert families(sources(folder)) == []


def test_every_folder_of_source_is_looked_at() -> None:
    assert {ROOT / room for room in ROOMS} <= set(FOLDERS)
    assert ROOT / "ingest" / "build" in FOLDERS


def test_the_rule_finds_a_family_of_four() -> None:
    assert families(["cli_a", "cli_b", "cli_c", "cli_d", "class_a", "class_b", "class_c"]) == ["cli"]
