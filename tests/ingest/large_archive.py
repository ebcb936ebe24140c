"""A simulated archive of any size whose pixels follow from place and date, and a run that says what it took."""

import resource
import sys
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
from affine import Affine
from shapely.geometry import box
from shapely.geometry.base import BaseGeometry

from core.bands import OPTICAL_NAMES, RADAR_NAMES
from core.grid import Grid, Window
from core.region import Region
from core.settings import Settings
from core.timeline import Period
from ingest.archive import Abilities, Reading, Scene

YEAR = Period(start=date(2021, 1, 1), end=date(2021, 12, 31))


@dataclass
class LargeArchive:
    """As many optical and half as many radar dates as wanted, 512 x 512 pixels."""

    dates: int = 150
    name: str = "large"
    title: str = "Simulated large archive"
    attribution: str = "Simulated, no licence needed"
    is_simulated: bool = True
    period: Period = YEAR
    bands: tuple[str, ...] = (*OPTICAL_NAMES, *RADAR_NAMES)
    footprint: BaseGeometry = field(default_factory=lambda: box(-180, -90, 180, 90))
    fingerprint: str = "1"
    is_cached: bool = True
    abilities: Abilities = field(default_factory=lambda: Abilities(sensors=("s2", "s1")))
    summary: None = None

    def grid(self, region: Region) -> Grid:
        return Grid(crs="EPSG:32632", tile_size=512)

    def search(self, window: Window, period: Period) -> list[Scene]:
        start = datetime(2021, 1, 1, 10, tzinfo=UTC)
        optical = [
            Scene(scene_id=f"o{n}", time=start + timedelta(days=2 * n), sensor="s2", version="1")
            for n in range(self.dates)
        ]
        radar = [
            Scene(scene_id=f"r{n}", time=start + timedelta(days=4 * n), sensor="s1", version="1", orbit="ascending")
            for n in range(self.dates // 2)
        ]
        return sorted(optical + radar, key=lambda s: (s.time, s.scene_id))

    def read(self, scene: Scene, window: Window, bands: tuple[str, ...]) -> Reading:
        rows, columns = window.shape_yx
        seed = np.random.default_rng(int(scene.scene_id[1:]))
        base = seed.uniform(0.02, 0.4, (rows, columns)).astype(np.float32)
        mask = np.full((rows, columns), 4, np.uint8)
        mask[:, :100] = 9
        values = {b: base + np.float32(0.01 * n) for n, b in enumerate(bands)}
        return Reading(values=values, mask=mask if scene.sensor == "s2" else None, mask_kind="SCL")


def run(home: Path, dates: int) -> float:
    """Build, read row by row and write a cube; return the peak of resident memory in GiB."""
    from ingest.build.cube import build_cube
    from ingest.build.reader import reader_from
    from outputs.observation_cube import write_observations

    archive = LargeArchive(dates=dates)
    window = Window(crs="EPSG:32632", transform=Affine(10, 0, 5120 * 117, 0, -10, 5120 * 1094), shape_yx=(512, 512))
    cube = build_cube(archive, window, archive.period, archive.bands, reader=reader_from(Settings(home=home)))
    assert len(cube.scenes) == dates + dates // 2
    assert np.isfinite(cube.series(slice(0, 4)).values).any()
    write_observations(cube, home / "cube.zarr", archive.period, archive.attribution, lambda _: None)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2


if __name__ == "__main__":
    sys.stdout.write(f"{run(Path(sys.argv[1]), int(sys.argv[2])):.3f}\n")
