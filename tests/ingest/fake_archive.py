"""A fake archive in memory: asymmetric values, so that flips and transposes show. Conforms to archive.Archive."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time

import numpy as np
from affine import Affine
from shapely.geometry.base import BaseGeometry

from core.bands import RADAR_NAMES, WEATHER_NAMES, Floats
from core.errors import ReadFailed
from core.grid import Grid, Window
from core.region import Region
from core.source import InputSummary
from core.timeline import Period
from ingest.archive import Abilities, Archive, Reading, Scene, Sensor
from ingest.cubes.pixels import window_slices
from ingest.preprocess.radar import to_power

EXTENT = Window(crs="EPSG:32632", transform=Affine(10, 0, 600_000, 0, -10, 5_600_400), shape_yx=(40, 60))
"""Where the fake has pixels."""
APRIL = Period(start=date(2021, 4, 1), end=date(2021, 4, 30))


def pixel_values(window: Window, offset: float) -> Floats:
    """Return (Y, X) values that tell row and column apart and depend on the place alone."""
    x, y = window.centres()
    return np.asarray(offset + (x - 600_000)[None] * 1e-5 + (5_600_400 - y)[:, None] * 1e-4, np.float32)


@dataclass
class FakeArchive:
    """Three optical dates (one of them twice), two radar dates, weather; some scenes fail on demand."""

    name: str = "fake"
    title: str = "Simulated fake archive"
    attribution: str = "No licence needed"
    is_simulated: bool = True
    period: Period = APRIL
    bands: tuple[str, ...] = ("B04", "B08", "VV", "temperature_2m")
    footprint: BaseGeometry = EXTENT.footprint_wgs84
    fingerprint: str = "0" * 64
    is_cached: bool = False
    abilities: Abilities = field(default_factory=lambda: Abilities(sensors=("s2", "s1", "weather")))
    summary: InputSummary | None = None
    failing: frozenset[str] = frozenset()
    reads: list[str] = field(default_factory=list)

    def grid(self, region: Region) -> Grid:
        return Grid(crs=EXTENT.crs, tile_size=16)

    def search(self, window: Window, period: Period) -> list[Scene]:
        plan: list[tuple[str, int, Sensor]] = [
            ("a", 1, "s2"),
            ("b", 11, "s2"),
            ("b-again", 11, "s2"),
            ("c", 30, "s2"),
            ("r1", 2, "s1"),
            ("r2", 14, "s1"),
            ("w", 1, "weather"),
        ]
        scenes = [
            Scene(scene_id=i, time=datetime.combine(date(2021, 4, d), time(10), UTC), sensor=s) for i, d, s in plan
        ]
        return [s for s in scenes if period.contains(s.time.date())]

    def read(self, scene: Scene, window: Window, bands: tuple[str, ...]) -> Reading:
        self.reads.append(scene.scene_id)
        if scene.scene_id in self.failing:
            raise ReadFailed(scene.scene_id, "the disk is gone")
        rows, columns = window_slices(window, EXTENT)
        values = {}
        for number, band in enumerate(bands):
            if band in WEATHER_NAMES:
                values[band] = np.full(window.shape_yx, 281.5, np.float32)
                continue
            seen = np.full(window.shape_yx, np.nan, np.float32)
            seen[rows, columns] = pixel_values(window, 0.01 * number + 0.1 * len(scene.scene_id))[rows, columns]
            if scene.scene_id == "b":
                east, _ = window.centres()
                seen[:, east % 20 < 10] = np.nan
            values[band] = seen
        return Reading(values={b: to_power(v) if b in RADAR_NAMES else v for b, v in values.items()}, is_masked=True)


def conforms(archive: Archive) -> Archive:
    """Type checkers verify here that the fake conforms."""
    return archive


FAKE: Archive = conforms(FakeArchive())
