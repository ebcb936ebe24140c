"""Sources: a table, a cube file, or a region of an archive, each with the same way to read its observations."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from core.bands import CHANNELS, NDVI
from core.cube import Cube, Series
from core.errors import InvalidOption
from core.grid import Window
from core.region import Region, parse_region
from core.settings import Settings
from core.source import AS_STATED, InputSummary, PixelSource, ReadAs, Source, SourceKind
from core.timeline import Period, to_date, to_day
from ingest.archive import Archive, check_region
from ingest.build.cube import build_cube
from ingest.build.reader import Reader, reader_from
from ingest.cubes import read as cubes
from ingest.preprocess.prepare import Preparation
from ingest.registry import open_archive
from ingest.table.file import ENDINGS
from ingest.tables import read_table

CUBE_ENDINGS = (".nc", ".zarr")
TABLE_ENDINGS = (".parquet", ".csv")
"""Of tables that are written."""
TABLE_INPUTS = ENDINGS
"""Of tables that are read."""
BLOCK_SERIES = 512
"""Series of a table in one block: bounds memory."""
BLOCK_PIXELS = 2048
"""Pixels in one block: a few hundred MB for three years of all bands."""
MAX_PIXELS = 4096 * 4096
"""Most pixels of a region as one cube."""


IN_MEMORY = InputSummary(name="memory", layout="observations in memory")
"""Of a source that was read from no file."""


@dataclass(frozen=True)
class TableSource:
    """Series of a table."""

    name: str
    table: Series
    summary: InputSummary = IN_MEMORY
    kind: SourceKind = "table"
    attribution: str = ""
    is_simulated: bool = False
    shape_yx: None = None

    @cached_property
    def period(self) -> Period:
        """First to last row of any series."""
        days = self.table.days
        return Period(start=to_date(int(days.min())), end=to_date(int(days.max())))

    @cached_property
    def bands(self) -> tuple[str, ...]:
        """Channels with an observation in some series; NDVI only where red or near infrared is missing."""
        shown = [name for name in self.table.shown if name != NDVI.name]
        has_both = "B04" in shown and ("B08" in shown or "B8A" in shown)
        return tuple(shown) if has_both else (*shown, NDVI.name)

    def blocks(self, period: Period) -> Iterator[Series]:
        """Yield the series."""
        for first in range(0, len(self.table), BLOCK_SERIES):
            part = self.table.take(slice(first, first + BLOCK_SERIES))
            ends = (np.full(len(part), to_day(day), np.int32) for day in (period.start, period.end))
            yield part.between(*ends)


@dataclass(frozen=True)
class CubeSource:
    """Pixels of a cube file."""

    name: str
    whole: Cube
    summary: InputSummary = IN_MEMORY
    preparation: Mapping[str, object] = field(default_factory=dict)
    """How it was masked, for provenance; empty = it was read from no file."""
    kind: SourceKind = "cube"
    attribution: str = "Licence and credit as of the input cube"

    @property
    def is_simulated(self) -> bool:
        """As the file states."""
        return self.whole.is_simulated

    @property
    def shape_yx(self) -> tuple[int, int]:
        """Rows, columns."""
        return self.whole.shape_yx

    @property
    def period(self) -> Period:
        """First to last date of any axis."""
        return self.whole.period

    @property
    def bands(self) -> tuple[str, ...]:
        """Variables of the file that were read."""
        return tuple(n for n in CHANNELS if n in self.whole.data)

    def cube(self, period: Period) -> Cube:
        """Return all pixels."""
        return self.whole.between(period)

    def blocks(self, period: Period) -> Iterator[Series]:
        """Yield the pixels row by row."""
        return cube_blocks(self.cube(period))


@dataclass(frozen=True)
class RegionSource:
    """Pixels of a region of an archive."""

    archive: Archive
    region: Region
    wanted: tuple[str, ...]
    """Bands to read."""
    reader: Reader
    kind: SourceKind = "region"
    _built: dict[Period, Cube] = field(default_factory=dict)
    """The last cube and its period."""

    @property
    def name(self) -> str:
        """Name of the archive."""
        return self.archive.name

    @property
    def attribution(self) -> str:
        """As the archive states."""
        return self.archive.attribution

    @property
    def summary(self) -> InputSummary:
        """What the archive was taken for; of one known by name, its title."""
        return self.archive.summary or InputSummary(name=self.archive.name, layout=self.archive.title)

    @property
    def is_simulated(self) -> bool:
        """As the archive states."""
        return self.archive.is_simulated

    @property
    def period(self) -> Period:
        """First to last date of any scene of the archive."""
        return self.archive.period

    @property
    def bands(self) -> tuple[str, ...]:
        """Bands to read that the archive has; NDVI where it has it."""
        return tuple(n for n in self.archive.bands if n in (*self.wanted, "NDVI"))

    @cached_property
    def window(self) -> Window:
        """The smallest window around the region on the archive's lattice."""
        return self.archive.grid(self.region).window(self.region)

    @property
    def shape_yx(self) -> tuple[int, int]:
        """Rows, columns."""
        return self.window.shape_yx

    def cube(self, period: Period) -> Cube:
        """Build one cube of the whole region.

        Raises:
            InvalidOption: the region is too large for one cube.
        """
        if period not in self._built:
            check_size(self.window)
            self._built.clear()
            self._built[period] = self._build(period)
        return self._built[period]

    def _build(self, period: Period) -> Cube:
        mask = self.window.mask(self.region)
        return build_cube(self.archive, self.window, period, self.wanted, reader=self.reader, wanted=mask)

    def blocks(self, period: Period) -> Iterator[Series]:
        """Yield the pixels row by row."""
        return cube_blocks(self.cube(period))


def open_source(
    path: Path | None,
    *,
    region: dict[str, Any] | None = None,
    archive: str | None = None,
    samples: Path | None = None,
    bands: Sequence[str],
    settings: Settings,
    read_as: ReadAs = AS_STATED,
) -> Source:
    """Open a table, a cube file, or a region of an archive.

    Args:
        path: ends in .parquet, .csv, .nc or .zarr; None = a region.
        region: GeoJSON.
        archive: name, path or URL; None = that of the settings.
        samples: terrain of the series of a table.
        bands: to read; missing ones are left out.
        settings: how archives are read.
        read_as: what the user states about the file or archive.

    Raises:
        InvalidTable, InvalidCube, InvalidArchive: the file cannot be read.
        InvalidOption: something is stated about an archive that states it.
        InvalidRegion, UnknownArchive, RegionOutsideArchive: the region cannot be read there.
    """
    if path is None:
        return open_region(parse_region(region or {}), archive, bands, settings, read_as=read_as)
    if path.suffix.lower() in TABLE_INPUTS:
        found = read_table(path, samples, read_as=read_as)
        return TableSource(name=path.name, table=found.series, summary=found.summary)
    return open_cube(path, bands, settings, read_as=read_as)


def open_cube(path: Path, bands: Sequence[str], settings: Settings, *, read_as: ReadAs = AS_STATED) -> CubeSource:
    """Open a cube file.

    Raises:
        InvalidCube: the file cannot be read as a cube.
    """
    preparation = Preparation.from_settings(settings)
    opened = cubes.open_cube(path, read_as=read_as, preparation=preparation)
    return CubeSource(
        name=path.name,
        whole=cubes.whole_cube(opened, bands),
        summary=opened.summary,
        preparation={**preparation.key(), "cloud_mask": opened.mask_used},
    )


def open_region(
    region: Region,
    archive: str | None,
    bands: Sequence[str],
    settings: Settings,
    *,
    read_as: ReadAs = AS_STATED,
) -> RegionSource:
    """Open an archive for a region.

    Raises:
        UnknownArchive: there is none of this name.
        RegionOutsideArchive: nothing of the region lies in it.
    """
    opened = open_archive(archive or settings.archives.default, settings, read_as=read_as)
    check_region(opened, region)
    return RegionSource(archive=opened, region=region, wanted=tuple(bands), reader=reader_from(settings))


def check_size(window: Window) -> None:
    """Refuse a window that is too large for one cube.

    Raises:
        InvalidOption: names its size and the largest.
    """
    height, width = window.shape_yx
    if height * width > MAX_PIXELS:
        raise InvalidOption("--region", f"{width} x {height} pixels", f"one cube has up to {MAX_PIXELS} pixels")


def cube_blocks(cube: Cube) -> Iterator[Series]:
    """Yield the pixels of a cube, some whole rows at a time, from north to south."""
    height, width = cube.shape_yx
    step = max(1, BLOCK_PIXELS // width)
    for first in range(0, height, step):
        yield cube.series(slice(first, min(first + step, height)))


__all__ = ["CubeSource", "PixelSource", "RegionSource", "TableSource", "open_source"]
