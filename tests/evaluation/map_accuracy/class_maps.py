"""Small class maps and reference points on disk, seeded and asymmetric. Simulated: no satellite has measured them."""

from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray

from core.grid import Window
from core.product import Layer, LegendEntry, Raster, Variable
from evaluation.map_accuracy.assess import MapAccuracy, assess_map
from evaluation.map_accuracy.sample import SampleOptions, SamplePlan, draw_sample
from outputs.cog import write_cog

CRS, WEST, NORTH = "EPSG:32632", 600_000.0, 5_300_000.0
NODATA = 255
LEGEND = (
    LegendEntry(value=0, label="Stable forest", colour=(20, 90, 72)),
    LegendEntry(value=1, label="Forest loss", colour=(200, 40, 40)),
    LegendEntry(value=7, label="Other land", colour=(200, 200, 180)),
)
NAMES = {entry.value: entry.label for entry in LEGEND}
SHAPE_YX = (90, 70)
OPTIONS = SampleOptions(half_width=0.05, size=None, expected={}, expected_of_others=0.9, per_class_min=20, seed=0)


def codes(shape_yx: tuple[int, int] = SHAPE_YX) -> NDArray[np.uint8]:
    """Return a map of three classes, 1 being rare, with a corner of nodata."""
    found = np.random.default_rng(5).choice([0, 1, 7], shape_yx, p=[0.5, 0.05, 0.45]).astype(np.uint8)
    found[:10, :5] = NODATA
    return found


def write_map(path: Path, pixels: NDArray[np.uint8], tags: dict[str, str] | None = None) -> Path:
    """Write a class map as our products do: a band `class` with a legend, and a second one."""
    window = Window(crs=CRS, transform=Affine(10, 0, WEST, 0, -10, NORTH), shape_yx=pixels.shape)
    layers = (
        Layer(name="class", description="Class", variable=Variable.CLASS, legend=LEGEND),
        Layer(name="count", description="Count"),
    )
    raster = Raster(layers=layers, pixels=np.stack([pixels, pixels // 2]), window=window, nodata=NODATA)
    write_cog(raster, path, tags or {})
    return path


def write_plain(path: Path, pixels: NDArray[np.generic], **profile: object) -> Path:
    """Write a raster as somebody else would: one band without a name, with `profile` in place of defaults."""
    height, width = pixels.shape
    base = {"driver": "GTiff", "height": height, "width": width, "count": 1, "dtype": pixels.dtype, "crs": CRS}
    base["transform"] = Affine(10, 0, WEST, 0, -10, NORTH)
    with rasterio.open(path, "w", **base | profile) as raster:
        raster.write(pixels, 1)
    return path


def points(
    rows: NDArray[np.int64], columns: NDArray[np.int64], labels: object, **more: object
) -> geopandas.GeoDataFrame:
    """Return points at pixel centres of such a map."""
    places = geopandas.points_from_xy(WEST + 10 * (columns + 0.5), NORTH - 10 * (rows + 0.5))
    return geopandas.GeoDataFrame({"class": labels, **more}, geometry=places, crs=CRS)


def quiet(_share: float) -> None:
    """Progress that nobody watches."""


def assessed(path: Path, reference: Path, **options: Any) -> MapAccuracy:
    """Assess a map without showing progress."""
    return assess_map(path, reference, quiet, **options)


def drawn(path: Path, out: Path, options: SampleOptions = OPTIONS) -> tuple[SamplePlan, geopandas.GeoDataFrame]:
    """Draw a sample of a map; return its plan and the points that were written."""
    plan = draw_sample(path, out, options, quiet)
    return plan, geopandas.read_file(out, layer="sample")


def by_map_class(matrix: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return (K, K, K) counts for `assess` of an error matrix (K, K) whose strata are its rows, the map's classes."""
    return np.asarray(np.eye(len(matrix), dtype=np.int64)[:, :, None] * matrix[None])
