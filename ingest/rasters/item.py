"""Items: one scene of an archive whose bands lie in raster files. Made by ingest.stac or ingest.rasters.folder."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from shapely.geometry.base import BaseGeometry

from core.bands import OPTICAL_NAMES
from ingest.archive import Scene
from ingest.rules.masks import FoundMask, MaskKind
from ingest.rules.numbers import Coding

MASK_KINDS: tuple[MaskKind, ...] = ("clear", "SCL", "CLM")
"""Names under which an item holds its mask: the kind of its codes."""


@dataclass(frozen=True, kw_only=True)
class BandSource:
    """Where one band of one item lies and how it is stored."""

    href: str
    """Absolute path, or https or s3 URL without a signature."""
    index: int
    """Band number in the file, from 1."""
    coding: Coding
    name: str = ""
    """In the input."""
    mask: FoundMask | None = None
    """How the codes of a mask are read; None = they are of its kind already."""


@dataclass(frozen=True, kw_only=True)
class RasterItem:
    """One item, as far as pixels are read from it."""

    scene: Scene
    geometry: BaseGeometry
    """Footprint, WGS84."""
    crs: str
    """EPSG code with prefix; empty = not stated."""
    transform: tuple[float, ...]
    """Of its finest raster, row-major as `proj:transform`; empty = not stated."""
    sources: Mapping[str, BandSource]
    """Our band name, or `SCL`, `clear`, `CLM`, to its place."""
    file_crs: str = ""
    """Reference system of its files in place of the one that they state; empty = as they state."""
    is_offset_stated: bool = True
    """False = nothing states whether its reflectances carry the offset of processing baseline 04.00."""

    def with_offset(self, offset: float) -> "RasterItem":
        """Return the item with something added to each reflectance, after scaling."""
        sources = {
            b: replace(s, coding=replace(s.coding, offset=offset)) if b in OPTICAL_NAMES else s
            for b, s in self.sources.items()
        }
        return replace(self, sources=sources, is_offset_stated=True)

    @property
    def reflectances(self) -> tuple[str, ...]:
        """Its bands of reflectance."""
        return tuple(b for b in OPTICAL_NAMES if b in self.sources)
