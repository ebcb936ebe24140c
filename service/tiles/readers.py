"""COGs that are kept open from one tile to the next: opening one takes longer than reading a tile of it."""

import threading
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

OPEN_FILES = 16
"""Of each thread: GDAL's data sets are not shared between threads."""

_Key = tuple[str, int, int, int, int | None]


class Readers(threading.local):
    """Open COGs of one thread, the least recently used closed first. A file that was replaced is opened anew."""

    def __init__(self) -> None:
        self._open: OrderedDict[_Key, DatasetReader] = OrderedDict()

    def of(self, cog: Path, *, pixel_m: float = 0.0) -> "DatasetReader":
        """Return a file as it is now, or its coarsest overview whose pixels are no larger than `pixel_m`."""
        full = self._at(cog, None)
        factors = full.overviews(1)
        levels = [n for n, factor in enumerate(factors) if factor * full.res[0] <= pixel_m]
        return self._at(cog, levels[-1]) if levels else full

    def _at(self, cog: Path, level: int | None) -> "DatasetReader":
        import rasterio

        found = cog.stat()
        key = (str(cog), found.st_mtime_ns, found.st_size, found.st_ino, level)
        if key not in self._open:
            self._open[key] = rasterio.open(cog) if level is None else rasterio.open(cog, overview_level=level)
        self._open.move_to_end(key)
        while len(self._open) > OPEN_FILES:
            self._open.popitem(last=False)[1].close()
        return self._open[key]

    def close(self) -> None:
        """Close all."""
        while self._open:
            self._open.popitem()[1].close()


READERS = Readers()
