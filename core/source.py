"""Source: where the observations of an order come from. Files and archives are opened in ingest/source.py."""

from collections.abc import Iterator
from typing import Literal, Protocol

from core.cube import Cube, Series
from core.timeline import Period

SourceKind = Literal["table", "cube", "region"]
"""A table of series, a cube file, or a region of an archive."""


class Source(Protocol):
    """Observations that a product or an evaluation is made from. Safe to read from several threads."""

    @property
    def name(self) -> str:
        """Name of the file or archive, without its folder."""
        ...

    @property
    def kind(self) -> SourceKind:
        """What it is."""
        ...

    @property
    def attribution(self) -> str:
        """Licence and credit; empty = not stated."""
        ...

    @property
    def is_simulated(self) -> bool:
        """Whether no satellite has measured this."""
        ...

    @property
    def shape_yx(self) -> tuple[int, int] | None:
        """Rows and columns of its pixels; None = series without places."""
        ...

    @property
    def period(self) -> Period:
        """First to last day of any observation in it."""
        ...

    @property
    def bands(self) -> tuple[str, ...]:
        """Bands with at least one observation, named as in core.bands."""
        ...

    def blocks(self, period: Period) -> Iterator[Series]:
        """Yield all series or pixels in order, some hundreds at a time; observations outside the period are unseen.

        Raises:
            ArchiveError, InvalidCube: pixels could not be read.
        """
        ...


class PixelSource(Source, Protocol):
    """A source whose series are pixels of a window."""

    def cube(self, period: Period) -> Cube:
        """Return all its pixels in a period; pixels outside the polygon of a region are unseen."""
        ...
