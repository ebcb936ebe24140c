"""Archives on this machine that were opened lately: opened once while their files stay as they are, not once an order.

Listing the scenes of a folder takes most of the time in which an order is checked. Archives elsewhere are opened anew.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from core.settings import Settings
from ingest.archive import Archive
from ingest.io.fingerprint import fingerprint
from ingest.registry import SAMPLE, known_names
from workers.dependencies import REAL, Dependencies

LOOK_S = 1.0
"""Longest time until a changed file is noticed: the files of an archive are looked at once in this time."""
CATALOGUES = (".json", ".geojson")
"""Endings of files that name others beside them."""
MOST = 8
"""Archives that are kept open."""


@dataclass(frozen=True, kw_only=True)
class _Kept:
    archive: Archive
    files: str
    """Fingerprint of its files before it was opened."""
    looked: float


class RecentArchives:
    """Opens archives. May be used from several threads; one archive is opened at a time."""

    def __init__(self, open_archive: Callable[[str, Settings], Archive], clock: Callable[[], float]) -> None:
        """Prepare; `clock` gives seconds and never goes back."""
        self._open, self._clock = open_archive, clock
        self._kept: OrderedDict[tuple[str, Settings], _Kept] = OrderedDict()
        self._lock = threading.Lock()

    def open(self, spec: str, settings: Settings) -> Archive:
        """Open an archive as `ingest.registry.open_archive` does; what it raises is not kept."""
        path = _path(spec, settings)
        if path is None:
            return self._open(spec, settings)
        with self._lock:
            kept, now = self._kept.get((spec, settings)), self._clock()
            if kept is None or now - kept.looked >= LOOK_S:
                files = fingerprint(path)
                if kept is None or kept.files != files:
                    kept = _Kept(archive=self._open(spec, settings), files=files, looked=now)
                self._keep((spec, settings), replace(kept, looked=now))
            return kept.archive

    def _keep(self, key: tuple[str, Settings], kept: _Kept) -> None:
        self._kept[key] = kept
        self._kept.move_to_end(key)
        while len(self._kept) > MOST:
            self._kept.popitem(last=False)


def recent_dependencies(dependencies: Dependencies = REAL) -> Dependencies:
    """Return dependencies that open an archive on this machine once while its files stay as they are."""
    return replace(dependencies, open_archive=RecentArchives(dependencies.open_archive, time.monotonic).open)


def _path(spec: str, settings: Settings) -> Path | None:
    """Return where the files of an archive on this machine lie; None of one that lies elsewhere or is not there yet."""
    if spec != SAMPLE and spec in known_names():
        return None
    path = settings.home / "archives" / "sample" if spec == SAMPLE else Path(spec)
    try:
        if not path.exists():
            return None
    except (OSError, ValueError):
        return None
    return path.parent if path.suffix.lower() in CATALOGUES else path
