"""Reading one pixel of a finished job: from its raster, and from its archive. No HTTP."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from pyproj import Transformer

from core.bands import NDVI, Floats
from core.errors import InvalidOption
from core.grid import Window
from core.job import Job
from core.product import Layer
from core.settings import Settings
from core.timeline import Days, parse_date, parse_period, to_date, to_day
from ingest.rules.places import swapped_hint
from models.baselines.usual import usual_ndvi
from service.point.schemas import Observation, Point, PointHistory, PointValue
from service.results import find_file
from workers.dependencies import Dependencies, open_ordered

_BANDS = ("B04", "B08")
"""Of which NDVI is made; `build_cube` replaces what an archive lacks."""


@dataclass(frozen=True, kw_only=True)
class Pixel:
    """One pixel of a raster."""

    window: Window
    """Of the pixel alone."""
    row: int
    column: int

    @property
    def place(self) -> tuple[float, float]:
        """Longitude and latitude of its middle, degrees."""
        to_degrees = Transformer.from_crs(self.window.crs, "EPSG:4326", always_xy=True)
        longitude, latitude = to_degrees.transform(*(self.window.transform * (0.5, 0.5)))
        return round(longitude, 7), round(latitude, 7)


def pixel_at(window: Window, longitude: float, latitude: float) -> Pixel:
    """Return the pixel of a raster that a place lies in.

    Args:
        window: of the raster.
        longitude, latitude: WGS84 degrees.

    Raises:
        InvalidOption: the place lies outside the raster.
    """
    x, y = Transformer.from_crs("EPSG:4326", window.crs, always_xy=True).transform(longitude, latitude)
    column, row = (math.floor(v) if math.isfinite(v) else -1 for v in ~window.transform * (x, y))
    height, width = window.shape_yx
    if not (0 <= row < height and 0 <= column < width):
        west, south, east, north = window.footprint_wgs84.bounds
        allowed = f"the map reaches from {west:.4f} to {east:.4f} degrees east and {south:.4f} to {north:.4f} north"
        hint = swapped_hint(np.array([[longitude, latitude]]), window.footprint_wgs84)
        raise InvalidOption("lon, lat", f"{longitude:g}, {latitude:g}", f"{allowed}{hint}")
    moved = window.transform * window.transform.translation(column, row)
    return Pixel(window=Window(crs=window.crs, transform=moved, shape_yx=(1, 1)), row=row, column=column)


def read_point(settings: Settings, job: Job, longitude: float, latitude: float, names: Collection[str] = ()) -> Point:
    """Return layers of the pixel at a place.

    Args:
        settings: where results lie.
        job: finished.
        longitude, latitude: WGS84 degrees.
        names: of the layers to read; empty = all.

    Raises:
        InvalidOption: the place lies outside the raster.
        UnknownResult, StoreUnavailable: as `service.results.find_file`.
    """
    from outputs.cog import open_cog

    raster = open_cog(find_file(settings, job, f"{job.order.product}.tif"))
    pixel = pixel_at(raster.window, longitude, latitude)
    layers = [layer for layer in raster.layers if not names or layer.name in names]
    values = raster.read_pixel(pixel.row, pixel.column, [layer.name for layer in layers])
    found = [_value(layer, values[layer.name], raster.nodata) for layer in layers]
    longitude, latitude = pixel.place
    return Point(
        lon=longitude,
        lat=latitude,
        row=pixel.row,
        column=pixel.column,
        is_seen=found[0].value is not None,
        issue_date=job.order.params.get("issue_date"),
        values=found,
    )


def _value(layer: Layer, value: float, nodata: float) -> PointValue:
    is_seen = math.isfinite(value) and value != nodata
    entry = next((e for e in layer.legend if is_seen and e.value == value), None)
    return PointValue(
        name=layer.name,
        description=layer.description,
        variable=str(layer.variable),
        date=layer.date or None,
        quantile=layer.quantile,
        class_name=layer.class_name or None,
        unit=layer.unit,
        value=round(value, 6) if is_seen else None,
        label=entry.label if entry else None,
        colour="#{:02x}{:02x}{:02x}".format(*entry.colour) if entry else None,
    )


def read_history(
    settings: Settings, dependencies: Dependencies, job: Job, longitude: float, latitude: float
) -> PointHistory:
    """Return the clear observations of the pixel at a place, in the period of the job.

    Raises:
        InvalidOption: the place lies outside the raster.
        ArchiveError: the archive cannot be read.
    """
    from outputs.cog import open_cog

    raster = open_cog(find_file(settings, job, f"{job.order.product}.tif"))
    pixel = pixel_at(raster.window, longitude, latitude)
    period = parse_period(job.order.params["period"])
    archive = open_ordered(dependencies, job.order.archive, settings)
    cube = dependencies.build_cube(archive, pixel.window, period, _BANDS, None, settings)
    days = cube.axis_days("time")
    ndvi = cube.ndvi()[:, 0, 0] if len(days) else np.zeros(0, np.float32)
    seen = [(to_date(int(day)).isoformat(), float(v)) for day, v in zip(days, ndvi, strict=True) if np.isfinite(v)]
    longitude, latitude = pixel.place
    return PointHistory(
        lon=longitude,
        lat=latitude,
        period=job.order.params["period"],
        dates=len(days),
        observations=[Observation(date=day, ndvi=round(value, 4)) for day, value in seen],
        usual=_usual(job, raster.layers, days, ndvi),
    )


def _usual(job: Job, layers: Sequence[Layer], days: Days, ndvi: Floats) -> list[Observation]:
    """Return the seasonal cycle of a pixel on the target dates of a forecast; empty of other results."""
    issued = job.order.params.get("issue_date")
    dates = [layer.date for layer in layers if layer.is_median and layer.variable == NDVI.name]
    if issued is None or not dates:
        return []
    targets = np.array([to_day(parse_date(d)) for d in dates], np.int32)
    usual = usual_ndvi(days, ndvi, parse_date(issued), targets)
    known = zip(dates, usual.tolist(), strict=True)
    return [Observation(date=day, ndvi=round(value, 4)) for day, value in known if math.isfinite(value)]
