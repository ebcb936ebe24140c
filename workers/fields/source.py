"""Where the observations of fields come from: an archive or a cube file, in groups of neighbouring fields."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from core.cube import Cube
from core.grid import Window
from core.region import Field
from core.settings import Settings
from core.source import AS_STATED, InputSummary, ReadAs
from core.timeline import Period
from ingest.archive import Archive
from ingest.build.cube import build_cube
from ingest.build.reader import Reader, reader_from
from ingest.registry import open_archive
from ingest.source import CubeSource, open_cube
from workers.fields.group import Group, cut, groups_of_archive, groups_of_window


class FieldSource(Protocol):
    """Observations of fields."""

    @property
    def name(self) -> str:
        """Name of the archive or file."""
        ...

    @property
    def period(self) -> Period:
        """Days that it shows."""
        ...

    @property
    def bands(self) -> tuple[str, ...]:
        """Bands that it shows."""
        ...

    @property
    def summary(self) -> InputSummary | None:
        """What it was taken for."""
        ...

    @property
    def credit(self) -> str:
        """Licence and credit; of simulated ones with a word that says so."""
        ...

    @property
    def is_simulated(self) -> bool:
        """Whether no satellite has measured it."""
        ...

    def groups(self, fields: Mapping[int, Field]) -> list[Group]:
        """Return the groups of fields that touch it."""
        ...

    def cube(self, window: Window, period: Period, bands: Sequence[str], wanted: NDArray[np.bool_]) -> Cube:
        """Return the observations of a window of a group; pixels that are not wanted may be unseen."""
        ...


SIMULATED = "Simulated: no satellite has measured this."


def _look_away(_: Cube) -> None:
    return


@dataclass(frozen=True)
class ArchiveFields:
    """Fields of an archive."""

    archive: Archive
    reader: Reader
    look: Callable[[Cube], None] = _look_away
    """Takes each cube that is read."""

    @property
    def name(self) -> str:
        """Name of the archive."""
        return self.archive.name

    @property
    def period(self) -> Period:
        """First to last date of any scene."""
        return self.archive.period

    @property
    def bands(self) -> tuple[str, ...]:
        """Bands that can be read."""
        return self.archive.bands

    @property
    def summary(self) -> InputSummary | None:
        """What files were taken for."""
        return self.archive.summary

    @property
    def credit(self) -> str:
        """As the archive states."""
        return f"{SIMULATED} {self.archive.attribution}" if self.archive.is_simulated else self.archive.attribution

    @property
    def is_simulated(self) -> bool:
        """As it states."""
        return self.archive.is_simulated

    def groups(self, fields: Mapping[int, Field]) -> list[Group]:
        """Return the groups of fields that touch its footprint."""
        return groups_of_archive(fields, self.archive)

    def cube(self, window: Window, period: Period, bands: Sequence[str], wanted: NDArray[np.bool_]) -> Cube:
        """Build a cube, from the cache of scene tiles where they are kept."""
        cube = build_cube(self.archive, window, period, bands, reader=self.reader, wanted=wanted)
        self.look(cube)
        return cube


@dataclass(frozen=True)
class CubeFields:
    """Fields of a cube file."""

    source: CubeSource

    @property
    def name(self) -> str:
        """Name of the file."""
        return self.source.name

    @property
    def period(self) -> Period:
        """First to last date of any axis."""
        return self.source.period

    @property
    def bands(self) -> tuple[str, ...]:
        """Variables that were read."""
        return self.source.bands

    @property
    def summary(self) -> InputSummary | None:
        """What it was taken for."""
        return self.source.summary

    @property
    def credit(self) -> str:
        """As of the input."""
        return f"{SIMULATED} {self.source.attribution}" if self.source.is_simulated else self.source.attribution

    @property
    def is_simulated(self) -> bool:
        """As it states."""
        return self.source.is_simulated

    def groups(self, fields: Mapping[int, Field]) -> list[Group]:
        """Return the groups of fields that touch its window."""
        return groups_of_window(fields, self.source.whole.window)

    def cube(self, window: Window, period: Period, bands: Sequence[str], wanted: NDArray[np.bool_]) -> Cube:
        """Return a part of the file."""
        return cut(self.source.whole, window).between(period)


def open_field_source(
    archive: str | None, cube: Path | None, bands: Sequence[str], settings: Settings, *, read_as: ReadAs = AS_STATED
) -> FieldSource:
    """Open an archive, or a cube file.

    Args:
        archive: name, path or URL; None = that of the settings.
        cube: file to read in its place; None = the archive.
        bands: to read of the file.
        settings: how archives are read.
        read_as: what the user states about it.

    Raises:
        RequestError: it cannot be opened.
    """
    if cube is not None:
        return CubeFields(open_cube(cube, bands, settings, read_as=read_as))
    opened = open_archive(archive or settings.archives.default, settings, read_as=read_as)
    return ArchiveFields(opened, reader_from(settings))
