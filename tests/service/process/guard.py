"""An orphan guard for tests that notes the names it was given."""

from pathlib import Path


class NotingGuard:
    """Has the methods of OrphanGuard, and no process."""

    def __init__(self) -> None:
        self.groups: set[int | Path] = set()
        self.folders: set[int | Path] = set()

    def group(self, pid: int) -> None:
        self.groups.add(pid)

    def folder(self, path: Path) -> None:
        self.folders.add(path)

    def forget(self, name: int | Path) -> None:
        self.groups.discard(name)
        self.folders.discard(name)
