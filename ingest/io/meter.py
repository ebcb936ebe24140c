"""Meter: what this process has read from archives so far, for the costs of jobs."""

import threading
from dataclasses import dataclass, replace


@dataclass(frozen=True, kw_only=True)
class Spent:
    """What was spent on archives."""

    scene_reads: int = 0
    """Windows of scenes that were read from an archive, not from a cache; those that failed are counted too."""
    read_bytes: int = 0
    """Size of their pixels in memory; what travels over a network is compressed, and GDAL does not tell how much."""
    processing_units: float = 0.0
    """Of Sentinel Hub, as its answers state them."""

    def since(self, before: "Spent") -> "Spent":
        """Return what was spent after an earlier moment."""
        return Spent(
            scene_reads=self.scene_reads - before.scene_reads,
            read_bytes=self.read_bytes - before.read_bytes,
            processing_units=self.processing_units - before.processing_units,
        )


class Meter:
    """Counts. May be used from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spent = Spent()

    def count_read(self) -> None:
        """Count a window of a scene."""
        with self._lock:
            self._spent = replace(self._spent, scene_reads=self._spent.scene_reads + 1)

    def count_bytes(self, count: int) -> None:
        """Count the bytes of pixels in memory."""
        with self._lock:
            self._spent = replace(self._spent, read_bytes=self._spent.read_bytes + count)

    def count_units(self, units: float) -> None:
        """Count processing units."""
        with self._lock:
            self._spent = replace(self._spent, processing_units=self._spent.processing_units + units)

    def spent(self) -> Spent:
        """Return what was spent so far."""
        with self._lock:
            return self._spent


METER = Meter()
"""Of this process: a worker carries out one tile at a time, so what a tile cost is the difference."""
