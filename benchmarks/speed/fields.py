"""Claim: 1,000 fields of 3 ha with 100 dates are answered in one call in under a minute, from the cache, on two cores.

    python -m benchmarks.speed.fields [--fields 1000] [--dates 100] [--products ndvi-forecast] [--home FOLDER]

An archive is made up in memory: NDVI follows place and season, a quarter of each scene is cloudy. It counts as slow to
read, so the first call keeps its scenes in the cache of scene tiles, and the second, which is timed, reads them from
there. The means of a few fields are then compared with those that exactextract computes from the pixels directly.
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from exactextract import exact_extract
from exactextract.feature import JSONFeatureSource
from exactextract.raster import NumPyRasterSource
from shapely import affinity, box
from shapely.geometry import mapping

from core.bands import OPTICAL_NAMES, Floats
from core.grid import Grid, Window
from core.region import WGS84, Field, Region, reproject
from core.settings import Settings
from core.timeline import Period
from ingest.archive import Abilities, Reading, Scene
from ingest.build.reader import reader_from
from outputs.fields.write import Answer, write_lines
from workers.fields.answer import answer
from workers.fields.order import resolve
from workers.fields.source import ArchiveFields

CRS, WEST, NORTH = "EPSG:32632", 600_000.0, 5_600_000.0
HECTARES, GAP_M = 3.0, 40.0
FIRST, STEP_DAYS = date(2019, 1, 3), 12
CHECKED = 5
"""Fields that are compared with exactextract."""


class MadeUp:
    """Scenes whose pixels follow from place and date; see the head of this file."""

    name = fingerprint = "made-up"
    title = "Simulated archive of a benchmark"
    attribution = "Simulated, no licence needed."
    is_simulated = is_cached = True
    bands: tuple[str, ...] = OPTICAL_NAMES
    abilities = Abilities(sensors=("s2",))
    summary = None

    def __init__(self, dates: int, edge_m: float) -> None:
        """Take a number of dates and the edge of the square that they show."""
        self._days = [FIRST + timedelta(days=STEP_DAYS * n) for n in range(dates)]
        self.footprint = reproject(box(WEST, NORTH - edge_m, WEST + edge_m, NORTH), CRS, WGS84)

    @property
    def period(self) -> Period:
        """First to last date."""
        return Period(start=self._days[0], end=self._days[-1])

    def grid(self, region: Region) -> Grid:
        """Return the lattice of the zone."""
        return Grid(crs=CRS)

    def search(self, window: Window, period: Period) -> list[Scene]:
        """Return a scene for each date."""
        return [
            Scene(scene_id=f"made_{d:%Y%m%d}", time=datetime(d.year, d.month, d.day, 10, tzinfo=UTC), sensor="s2")
            for d in self._days
            if period.contains(d)
        ]

    def read(self, scene: Scene, window: Window, bands: tuple[str, ...]) -> Reading:
        """Return pixels that have the NDVI of place and date; those under clouds are NaN."""
        ndvi, is_cloudy = self.ndvi(scene.time.date(), window)
        red = np.full(ndvi.shape, 0.06, np.float32)
        nir = red * (1 + ndvi) / (1 - ndvi)
        values = {b: nir if b in ("B07", "B08", "B8A") else red for b in bands}
        return Reading(values={b: np.where(is_cloudy, np.nan, v) for b, v in values.items()}, is_masked=True)

    def ndvi(self, day: date, window: Window) -> tuple[Floats, np.ndarray]:
        """Return (Y, X) NDVI, and where clouds are."""
        x, y = np.meshgrid(*window.centres())
        season = np.sin(2 * np.pi * (day.timetuple().tm_yday - 100) / 365.25)
        ndvi = 0.5 + 0.25 * season + 0.1 * np.sin(x / 90) * np.cos(y / 70)
        cloud = (x // 700 + 2 * (y // 900) + day.toordinal()) % 4 < 1
        return ndvi.astype(np.float32), cloud


@dataclass(frozen=True, kw_only=True)
class Result:
    """What was measured."""

    fields: int
    lines: int
    filling_s: float
    """Of the first call, which fills the cache."""
    seconds: float
    """Of the second, and of writing a CSV."""
    cpu_s: float
    """Of all threads in that time: what other programs of the machine do does not count."""
    largest_error: float
    """NDVI, against exactextract."""


def fields_in_rows(count: int) -> list[Field]:
    """Return turned squares of 3 ha in a square of rows, their middles off the pixels."""
    edge, per_row = (HECTARES * 1e4) ** 0.5, int(np.ceil(count**0.5))
    rng = np.random.default_rng(0)
    found = []
    for number in range(count):
        row, column = divmod(number, per_row)
        x, y = WEST + 50 + (edge + GAP_M) * column, NORTH - 50 - (edge + GAP_M) * (row + 1)
        turned = affinity.rotate(box(x, y, x + edge, y + edge), rng.uniform(0, 15))
        found.append(Field(id=number, geometry=reproject(turned, CRS, WGS84)))
    return found


def measure(count: int, dates: int, products: Sequence[str], home: Path) -> Result:
    """Answer fields twice, and compare some."""
    given = fields_in_rows(count)
    per_row = int(np.ceil(count**0.5))
    archive = MadeUp(dates, 100 + ((HECTARES * 1e4) ** 0.5 + GAP_M) * (per_row + 1))
    settings = Settings(home=home)
    source = ArchiveFields(archive, reader_from(settings))
    order = resolve(products, {}, settings, available=source.period, shown=source.bands, source=source.name)
    begin = time.perf_counter()
    answer(given, order, source, "id", lambda _: None)
    filled, used = time.perf_counter(), time.process_time()
    table = answer(given, order, source, "id", lambda _: None)
    positions = table.attrs.pop("positions")
    write_lines(Answer(table=table, positions=positions, fields=given, title=""), home / "fields.csv")
    end = time.perf_counter()
    return Result(
        fields=count,
        lines=len(table),
        filling_s=filled - begin,
        seconds=end - filled,
        cpu_s=time.process_time() - used,
        largest_error=largest_error(table, given[:: max(1, count // CHECKED)][:CHECKED], archive),
    )


def largest_error(table: pd.DataFrame, some: Sequence[Field], archive: MadeUp) -> float:
    """Return the largest difference of a mean from that of exactextract, over all clear dates of some fields."""
    worst = 0.0
    for field in some:
        region = Region(geometry=field.geometry)
        window = archive.grid(region).window(region)
        feature = {"type": "Feature", "geometry": mapping(region.to_crs(CRS)), "properties": {}}
        own = table[(table["id"] == field.id) & table["ndvi_mean"].notna()]
        for day, mean in zip(own["date"], own["ndvi_mean"], strict=True):
            ndvi, cloud = archive.ndvi(day.date(), window)
            xmin, ymin, xmax, ymax = window.bounds
            shown = np.where(cloud, np.nan, ndvi).astype(np.float64)
            image = NumPyRasterSource(shown, xmin=xmin, ymin=ymin, xmax=xmax, ymax=ymax, nodata=np.nan)
            (found,) = exact_extract(image, JSONFeatureSource([feature]), ["mean(min_coverage_frac=0.5)"])
            worst = max(worst, abs(found["properties"]["mean"] - mean))
    return worst


def main() -> None:
    """Print the time of a call."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fields", type=int, default=1000)
    parser.add_argument("--dates", type=int, default=100)
    parser.add_argument("--products", default="ndvi-forecast", help="with commas; default: ndvi-forecast")
    parser.add_argument("--home", type=Path, help="keeps the cache; default: a temporary folder")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(given.fields, given.dates, given.products.split(","), given.home or Path(folder))
    print(f"{found.fields} fields of {HECTARES:g} ha, {given.dates} dates, {given.products}: {found.lines} lines")
    print(f"{found.filling_s:.1f} s with an empty cache; {found.seconds:.1f} s from it, {found.cpu_s:.1f} s of CPU")
    print(f"largest difference from exactextract: {found.largest_error:.1e} NDVI")


if __name__ == "__main__":
    main()
