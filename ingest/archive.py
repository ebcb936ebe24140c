"""Archive and Scene: what every source of observations offers. One file per kind of archive implements it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from shapely.geometry.base import BaseGeometry

from core.bands import OPTICAL_NAMES, RADAR_NAMES, WEATHER_NAMES, Floats
from core.grid import Grid, Window
from core.region import Region
from core.timeline import Period

Sensor = Literal["s2", "s1", "weather"]

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
    """What else the archive says of it."""


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
    period: Period
    """First to last date of any scene."""
    bands: tuple[str, ...]
    """Bands that can be read, named as in core.bands."""
    footprint: BaseGeometry
    """Where there are scenes: polygon in longitude/latitude, EPSG:4326."""
    fingerprint: str
    """sha256 (hex) that changes whenever the content changes."""

    def grid(self, region: Region) -> Grid:
        """Return the lattice on which the region is read; the same for neighbouring regions."""
        ...

    def search(self, window: Window, period: Period) -> list[Scene]:
        """List the scenes that touch a window in a period, ordered by time, then id."""
        ...

    def read(self, scene: Scene, window: Window, bands: tuple[str, ...]) -> dict[str, Floats]:
        """Read some bands of one scene.

        Args:
            scene: one that `search` returned.
            window: on the lattice that `grid` returned; may reach beyond the archive.
            bands: wanted; those the scene does not hold are left out of the result.

        Returns:
            (Y, X) float32 per band: reflectance 0..1, dB, K or m; NaN = unseen, not clear, or outside.

        Raises:
            ReadFailed: the pixels cannot be had.
        """
        ...
