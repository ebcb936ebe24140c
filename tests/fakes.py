"""A fake archive and two fake products: tiny, asymmetric, following from place and date; slow or deadly on demand."""

import os
import signal
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from shapely.geometry import box

from core.checkpoint import Checkpoint
from core.cube import Cube
from core.errors import ReadFailed, UnknownArchive, UnknownProduct
from core.forecast import QUANTILE_COLUMNS, QUANTILES
from core.grid import Grid, Window, utm_crs
from core.options import Day, Days, Options
from core.product import Layer, LegendEntry, Product, Raster, Variable
from core.progress import Progress
from core.region import Region
from core.settings import Settings
from core.timeline import Period
from ingest.archive import Abilities, Archive, Reading, Scene
from workers.dependencies import Dependencies

FIRST, STEP_DAYS, SCENES = date(2022, 3, 1), 10, 12
WEST, SOUTH, EAST, NORTH = 11.0, 48.0, 11.02, 48.012
"""Footprint of the fake archive, about 1.5 x 1.3 km."""


def rectangle(west: float, south: float, east: float, north: float) -> dict[str, Any]:
    """Return a GeoJSON polygon."""
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


REGION = {"type": "Polygon", "coordinates": [[[11.003, 48.002], [11.011, 48.0025], [11.009, 48.007], [11.003, 48.002]]]}
"""A triangle of 0.15 km2: 4 to 9 tiles of 32 pixels."""
SMALL = rectangle(11.0031, 48.0021, 11.0039, 48.0026)
"""Less than one tile."""


class FakeArchive:
    """Scenes whose pixels follow from the place and the date; a quarter of the pixels of each is cloudy."""

    title = "Simulated archive for tests"
    attribution = "Simulated by landcast's tests, no licence needed."
    is_simulated = True
    period = Period(start=FIRST, end=FIRST + timedelta(days=STEP_DAYS * (SCENES - 1)))
    bands: tuple[str, ...] = ("B04", "B08")
    footprint = box(WEST, SOUTH, EAST, NORTH)
    is_cached = False
    abilities = Abilities(sensors=("s2",))
    summary = None

    def __init__(self, kind: str, tile_size: int) -> None:
        """Take a kind: `plain`, `gaps` (one scene fails), `broken` (all fail), `cloudy` (no pixel is clear)."""
        self.name = f"fake-{kind}"
        self.fingerprint = kind
        self._kind, self._tile_size = kind, tile_size

    def grid(self, region: Region) -> Grid:
        return Grid(crs=utm_crs(region), tile_size=self._tile_size)

    def search(self, window: Window, period: Period) -> list[Scene]:
        days = [FIRST + timedelta(days=STEP_DAYS * number) for number in range(SCENES)]
        return [
            Scene(scene_id=f"fake_{d:%Y%m%d}", time=datetime(d.year, d.month, d.day, 10, tzinfo=UTC), sensor="s2")
            for d in days
            if period.contains(d)
        ]

    def read(self, scene: Scene, window: Window, bands: tuple[str, ...]) -> Reading:
        if self._kind == "broken" or (self._kind == "gaps" and scene.scene_id.endswith("0311")):
            raise ReadFailed(scene.scene_id, "the file ends too early")
        x, y = np.meshgrid(*window.centres())
        day = scene.time.timetuple().tm_yday
        red = 0.05 + 0.03 * np.sin(x / 97 + day / 30) ** 2
        nir = 0.25 + 0.2 * np.sin(y / 211 + x / 523) ** 2 * np.sin(day / 58) ** 2
        cloud = (x // 70 + 2 * (y // 90) + day) % 4 < 1
        cloud |= self._kind == "cloudy"
        pixels = {"B04": red, "B08": nir}
        hidden = {b: np.where(cloud, np.nan, pixels[b]).astype(np.float32) for b in bands if b in pixels}
        return Reading(values=hidden, is_masked=True)


LEGEND = (
    LegendEntry(value=0, label="Bare", colour=(200, 180, 150)),
    LegendEntry(value=1, label="Green field", colour=(40, 140, 60)),
)


STEP_S = 0.2
"""Longest pause between two steps: how long a test waits for work to notice that it is no longer wanted."""


def work(options: "FakeOptions", window: Window, progress: Progress) -> None:
    """Be as slow as the order says, and as deadly, until the file that it names is there."""
    if options.healed_by and Path(options.healed_by).exists():
        return
    steps = max(10, round(options.pause_s / STEP_S))
    for step in range(1, steps + 1):
        time.sleep(options.pause_s / steps)
        progress(step / steps)
    if options.poison or options.poison_at == f"{window.bounds[0]:.0f} {window.bounds[3]:.0f}":
        os.kill(os.getpid(), signal.SIGKILL)
    if options.fault or options.fault_at == f"{window.bounds[0]:.0f} {window.bounds[3]:.0f}":
        raise ZeroDivisionError("the fake product fails as ordered")


class FakeOptions(Options):
    """How slow and how deadly the work is."""

    pause_s: float = 0.0
    poison: bool = False
    fault: bool = False
    poison_at: str = ""
    """West and north of the one tile that kills its worker, in whole metres: `500000 5300000`."""
    fault_at: str = ""
    """The same of a tile that fails."""
    healed_by: str = ""
    """File with which nothing is deadly or faulty any more."""


class FakeForecastOptions(FakeOptions):
    """And the dates of a forecast."""

    issue_date: Day | None = None
    dates: Days | None = None

    @property
    def issue(self) -> date:
        assert self.issue_date is not None
        return self.issue_date


class FakeMap:
    """Two classes by mean NDVI."""

    id, title, description, task = "fake-map", "Fake map", "Green or not.", "fake"
    options = FakeOptions
    bands: tuple[str, ...] = ("B04", "B08")

    def resolve(self, options: FakeOptions, *, available: Period) -> FakeOptions:
        return options.but(period=options.period or available)

    def layers(self, options: FakeOptions) -> tuple[Layer, ...]:
        return (
            Layer(
                name="class",
                description="Class",
                variable=Variable.CLASS,
                legend=LEGEND,
                date=options.days.end.isoformat(),
                dtype="uint8",
            ),
            *(
                Layer(
                    name=f"p_{name}",
                    description=f"Probability of {name}",
                    variable=Variable.PROBABILITY,
                    class_name=name,
                    class_code=code,
                    unit="%",
                    dtype="uint8",
                )
                for code, name in enumerate(("bare", "green"))
            ),
            Layer(
                name="clear_count",
                description="Clear observations",
                variable=Variable.CLEAR_COUNT,
                unit="count",
                dtype="uint8",
            ),
        )

    def shown(self, layers: Sequence[Layer]) -> tuple[Layer, ...]:
        return tuple(layers[:1])

    def render(self, cube: Cube, options: FakeOptions, checkpoint: Checkpoint, progress: Progress) -> Raster:
        work(options, cube.window, progress)
        ndvi = cube.ndvi()
        count = np.isfinite(ndvi).sum(axis=0)
        green = np.clip(np.nan_to_num(ndvi).sum(axis=0) / np.maximum(count, 1) * 140, 0, 100)
        bands = np.stack([green > 85, 100 - np.rint(green), np.rint(green), count])
        pixels = np.where(count == 0, 255, bands).astype(np.uint8)
        return Raster(layers=self.layers(options), pixels=pixels, window=cube.window, nodata=255)


class FakeForecast:
    """Mean NDVI for three dates, with quantiles around it."""

    id, title, description, task = "fake-forecast", "Fake forecast", "The mean goes on.", "forecast"
    options = FakeForecastOptions
    bands: tuple[str, ...] = ("B04", "B08")

    def resolve(self, options: FakeForecastOptions, *, available: Period) -> FakeForecastOptions:
        period = options.period or available
        issue = options.issue_date or period.end
        dates = options.dates or tuple(issue + timedelta(days=30 * n) for n in range(1, 4))
        return options.but(period=period, issue_date=issue, dates=dates)

    def layers(self, options: FakeForecastOptions) -> tuple[Layer, ...]:
        dates = [d.isoformat() for d in options.dates]
        quantiles = [
            Layer(name=f"ndvi_{d}_{c}", description=f"NDVI {c}", variable="NDVI", quantile=q, unit="1", date=d)
            for d in dates
            for c, q in zip(QUANTILE_COLUMNS, QUANTILES, strict=True)
        ]
        climatology = [
            Layer(name=f"climatology_{d}", description="Climatology", variable=Variable.CLIMATOLOGY, unit="1", date=d)
            for d in dates
        ]
        count = Layer(name="clear_count", description="Clear observations", variable=Variable.CLEAR_COUNT, unit="count")
        return (*quantiles, *climatology, count)

    def shown(self, layers: Sequence[Layer]) -> tuple[Layer, ...]:
        return tuple(v for v in layers if v.is_median)

    def render(self, cube: Cube, options: FakeForecastOptions, checkpoint: Checkpoint, progress: Progress) -> Raster:
        work(options, cube.window, progress)
        ndvi = cube.ndvi()
        count = np.isfinite(ndvi).sum(axis=0)
        mean = np.where(count == 0, np.nan, np.nan_to_num(ndvi).sum(axis=0) / np.maximum(count, 1))
        steps = range(len(options.dates))
        quantiles = [mean - 0.02 * step + 0.2 * (q - 0.5) for step in steps for q in QUANTILES]
        climatology = [mean - 0.05 - 0.01 * step for step in steps]
        pixels = np.stack([*quantiles, *climatology, np.where(count == 0, np.nan, count)]).astype(np.float32)
        return Raster(layers=self.layers(options), pixels=pixels, window=cube.window, nodata=np.nan)


FAKES: dict[str, Product] = {p.id: p for p in (FakeMap(), FakeForecast())}


def find_fake(product_id: str) -> Product:
    if product_id not in FAKES:
        raise UnknownProduct(product_id, FAKES)
    return FAKES[product_id]


def find_fake_checkpoint(name: str, task: str, settings: Settings) -> Checkpoint:
    return Checkpoint(name=name or "fake-model", task=task, sha256="ab" * 32, folder="", card={})


def open_fake(spec: str, settings: Settings) -> Archive:
    kind = {"sample": "plain"}.get(spec, spec.removeprefix("fake://"))
    if kind not in ("plain", "gaps", "broken", "cloudy"):
        raise UnknownArchive(spec)
    return FakeArchive(kind, settings.jobs.tile_size)


FAKE_DEPENDENCIES = Dependencies(find_product=find_fake, find_checkpoint=find_fake_checkpoint, open_archive=open_fake)
"""The real `build_cube` and `check_region` over the fakes."""
