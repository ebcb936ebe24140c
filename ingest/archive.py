"""Archive and Scene: the interface of every kind of archive. One file per kind implements it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from shapely import get_parts, transform
from shapely.geometry.base import BaseGeometry

from core.bands import OPTICAL_NAMES, RADAR_NAMES, WEATHER_NAMES, Floats
from core.errors import RegionOutsideArchive
from core.grid import Grid, Window
from core.region import Region
from core.source import InputSummary
from core.timeline import Period

Sensor = Literal["s2", "s1", "weather"]
Orbit = Literal["", "ascending", "descending"]
Convention = Literal["", "gamma0_rtc", "gamma0_ellipsoid", "sigma0_ellipsoid", "beta0"]
"""Radar backscatter: what the power was divided by. Never mixed in one cube; empty = not stated."""

Bounds = tuple[float, float, float, float]
"""West, south, east, north in degrees."""

TOA_BANDS = tuple(f"TOA_B{n}" for n in ("01", "02", "04", "05", "08", "8A", "09", "10", "11", "12"))
"""Top-of-atmosphere reflectance (Level-1C), in the order of s2cloudless; read only if that is used."""

SENSOR_BANDS: dict[Sensor, tuple[str, ...]] = {
    "s2": (*OPTICAL_NAMES, "NDVI"),
    "s1": RADAR_NAMES,
    "weather": WEATHER_NAMES,
}
"""Bands that a scene of each sensor can hold."""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One satellite pass, or one day of weather, as an archive lists it. No pixels."""

    scene_id: str
    """Unique in the archive."""
    time: datetime
    """Acquisition, UTC with time zone."""
    sensor: Sensor
    """`s2` optical, `s1` radar, `weather`."""
    properties: dict[str, Any] = field(default_factory=dict)
    """Further metadata of the archive."""
    version: str = ""
    """Changes whenever its pixels do: time of the last update, checksum, or size and date of the files."""
    datatake: str = ""
    """The same for all processings of one recording of one granule, of which one is read; empty = unknown."""
    baseline: str = ""
    """Sentinel-2 processing baseline, `05.10`; empty = not stated."""
    orbit: Orbit = ""
    """Direction of flight of a radar pass."""
    convention: Convention = ""
    """Of radar backscatter."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """Pixels of one scene in physical units, as the archive holds them: not masked, not filtered."""

    values: Mapping[str, Floats]
    """(Y, X) per band: reflectance 0..1 after scale and offset, radar as linear power, K, m; NaN = no data, outside."""
    mask: NDArray[np.uint8] | None = None
    """(Y, X) cloud information as stored; None = the scene has none."""
    mask_kind: Literal["", "SCL", "clear", "CLM"] = ""
    """Meaning of the numbers of the mask."""
    is_masked: bool = False
    """True = the values are NaN where not clear already, as those of cube files."""
    masked_by: str = ""
    """Name of the mask by which values are masked already; `none` where no mask was used."""
    offset: float = 0.0
    """Reflectance that was added to scaled numbers: -0.1 for an offset of -1000."""
    notes: tuple[str, ...] = ()
    """Remarks on how it was read, one sentence each."""
    whole: "Callable[[], Reading] | None" = None
    """Reads a sparse sample of the whole scene, for checks that need more pixels than a small window has."""


@dataclass(frozen=True, kw_only=True)
class Abilities:
    """What an archive offers, for people and programs."""

    sensors: tuple[Sensor, ...]
    masks: tuple[str, ...] = ()
    """Cloud information: `SCL`, `clear`, `CLM`, and `TOA` where s2cloudless can be run."""
    convention: Convention = ""
    """Of its radar backscatter."""
    needs: str = ""
    """Required credentials or access, one sentence; empty = none."""
    cost: str = ""
    """Cost of reading, one sentence; empty = free."""


@runtime_checkable
class Charged(Protocol):
    """An archive whose reads cost processing units."""

    def cost(self, scenes: Sequence["Scene"], window: Window, bands: tuple[str, ...]) -> float:
        """Estimate what reading scenes costs, in processing units; sends no request."""
        ...


class Archive(Protocol):
    """A source of observations. Methods may be called from several threads at once."""

    name: str
    """Short name, as outputs carry it."""
    title: str
    """One line for people; begins with 'Simulated' where nothing was measured."""
    attribution: str
    """Licence and credit, one sentence."""
    is_simulated: bool
    """True = no satellite has measured this."""
    bands: tuple[str, ...]
    """Bands that can be read, named as in core.bands."""
    footprint: BaseGeometry
    """Where there are scenes: polygon in longitude/latitude, EPSG:4326."""
    fingerprint: str
    """sha256 (hex) that changes whenever the content changes; of a remote archive, whenever it is another archive."""
    is_cached: bool
    """True = pixels are worth caching: remote, or slow to decode."""
    abilities: Abilities
    summary: InputSummary | None
    """What files were taken for; None = an archive known by name, or an API, which states everything."""

    @property
    def period(self) -> Period:
        """First to last date of any scene."""
        ...

    def grid(self, region: Region) -> Grid:
        """Return the lattice on which the region is read; the same for neighbouring regions."""
        ...

    def search(self, window: Window, period: Period) -> list[Scene]:
        """List the scenes that touch a window in a period, ordered by time, then id.

        Raises:
            ArchiveUnavailable: the scenes cannot be listed.
        """
        ...

    def read(self, scene: Scene, window: Window, bands: tuple[str, ...]) -> Reading:
        """Read some bands of one scene.

        Args:
            scene: one that `search` returned.
            window: on the lattice that `grid` returned; may reach beyond the archive.
            bands: wanted; those the scene does not hold are left out of the result.

        Raises:
            ReadFailed: the pixels cannot be read.
        """
        ...


@runtime_checkable
class TellsContent(Protocol):
    """An archive that can tell what each of its scenes holds, so that a new scene changes nothing about the others."""

    def content_of(self, scene: Scene) -> str:
        """Return a sha256 (hex) that changes whenever the files of a scene do, or the way in which they are read."""
        ...


def search_boxes(window: Window) -> list[Bounds]:
    """Return the boxes in which a catalogue is searched for a window: two if it crosses the antimeridian, else one."""
    parts = get_parts(window.footprint_wgs84)
    return sorted((w, s, e, n) for w, s, e, n in (p.bounds for p in parts if p.area > 0))


def check_region(archive: Archive, region: Region) -> None:
    """Check that a region touches an archive.

    Raises:
        RegionOutsideArchive: it does not.
    """
    if not archive.footprint.intersects(region.geometry):
        west, south, east, north = archive.footprint.bounds
        swapped = transform(region.geometry, lambda points: points[:, ::-1])
        is_swapped = bool(archive.footprint.intersects(swapped))
        raise RegionOutsideArchive(archive.name, (west, south, east, north), is_swapped=is_swapped)
