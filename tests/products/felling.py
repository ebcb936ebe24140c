"""A cube of six pixels, some of them felled or planted between two dates."""

from datetime import date, timedelta

import numpy as np
import xarray as xr
from affine import Affine

from core.bands import Floats
from core.cube import Cube
from core.grid import Window
from core.timeline import parse_period

AVAILABLE = parse_period("2018-01-01/2022-12-31")
FIRST, SECOND = date(2021, 6, 30), date(2022, 6, 30)
DATES = f"{FIRST}/{SECOND}"
WINDOW = Window(crs="EPSG:32631", transform=Affine(10, 0, 500_000, 0, -10, 5_600_000), shape_yx=(2, 3))


def cube_of(ndvi: Floats, days: list[date]) -> Cube:
    """A cube of (T, Y, X) NDVI."""
    near = np.where(np.isnan(ndvi), np.nan, 0.4).astype(np.float32)
    red = (near * (1 - ndvi) / (1 + ndvi)).astype(np.float32)
    dims = ("time", "y", "x")
    times = np.array(days, "datetime64[ns]")
    return Cube(data=xr.Dataset({"B04": (dims, red), "B08": (dims, near)}, {"time": times}), window=WINDOW, archive="t")


def felling() -> Cube:
    """Six pixels: forest, field, felled, planted, unseen between the dates, unseen before the first."""
    days = [date(2020, 7, 1) + timedelta(days=20 * n) for n in range(44)]
    late = np.array([d > date(2021, 12, 1) for d in days])
    between = np.array([FIRST < d <= SECOND for d in days])
    high, low = np.full(len(days), 0.9), np.full(len(days), 0.2)
    pixels = [high, low, np.where(late, 0.2, 0.9), np.where(late, 0.9, 0.2)]
    pixels += [np.where(between, np.nan, 0.9), np.where(np.cumsum(between) > 0, 0.9, np.nan)]
    return cube_of(np.stack(pixels, axis=1).reshape(-1, 2, 3), days)
