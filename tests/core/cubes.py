"""Cubes for tests: tiny, every value different, so that flips and transposes show."""

import numpy as np
import xarray as xr
from affine import Affine

from core.cube import Cube
from core.grid import Window

WINDOW = Window(crs="EPSG:32632", transform=Affine(10, 0, 600_000, 0, -10, 5_300_000), shape_yx=(2, 3))


def times(*days: str) -> np.ndarray:
    return np.array(days, "datetime64[ns]")


def optical(start: float, dates: int) -> tuple[tuple[str, ...], np.ndarray]:
    rows, columns = WINDOW.shape_yx
    steps = np.arange(dates * rows * columns, dtype=np.float32) / 100
    return ("time", "y", "x"), (start + steps).reshape(dates, rows, columns).astype(np.float32)


def cube(**changes: object) -> Cube:
    """Two optical dates, two radar dates (one shared), three of weather."""
    dims_s1 = ("time_s1", "y", "x")
    data = xr.Dataset(
        {
            "B04": optical(0.1, 2),
            "B08": optical(0.4, 2),
            "VV": (dims_s1, -optical(8, 2)[1]),
            "temperature_2m": (("time_weather",), np.float32([280.0, 281.0, 282.0])),
        },
        coords={
            "time": times("2022-05-01", "2022-05-06"),
            "time_s1": times("2022-05-03", "2022-05-06"),
            "time_weather": times("2022-05-01", "2022-05-02", "2022-05-03"),
        },
    )
    data["B04"][0, 1, 2] = np.nan
    return Cube(data=data.assign(**changes), window=WINDOW, archive="test", is_simulated=True)
