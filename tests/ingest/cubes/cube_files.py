"""Tiny cube files for tests, with asymmetric values."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from pyproj import CRS

ROWS, COLUMNS = 6, 9
DATES = pd.to_datetime(["2021-04-01T10:31:00", "2021-04-06T10:29:00", "2021-04-11T10:31:00"])
RADAR_DATES = pd.to_datetime(["2021-04-03", "2021-04-09"])
WEST, NORTH = 500_000.0, 5_600_000.0


def stack(start: float, dates: int = 3, rows: int = ROWS, columns: int = COLUMNS) -> np.ndarray:
    """Return (T, Y, X) reflectance, different in every pixel and on every date."""
    t, y, x = np.indices((dates, rows, columns))
    return (start + 0.02 * t + 0.003 * y + 0.0007 * x).astype(np.float32)


def cube_dataset(epsg: int = 32632, **variables: Any) -> xr.Dataset:
    """Return a cube with B04 and B08 (floats) unless variables say otherwise; a variable of None is left out."""
    bands = {"B04": stack(0.05), "B08": stack(0.3), **variables}
    data = xr.Dataset(
        {n: v if isinstance(v, tuple) else (("time", "y", "x"), v) for n, v in bands.items() if v is not None},
        coords={
            "time": DATES,
            "y": NORTH - 10 * (np.arange(ROWS) + 0.5),
            "x": WEST + 10 * (np.arange(COLUMNS) + 0.5),
        },
    )
    for name in data.data_vars:
        data[name].attrs["grid_mapping"] = "crs"
    data["crs"] = ((), 0, {"crs_wkt": CRS.from_epsg(epsg).to_wkt()})
    return data


def write_cube(path: Path, data: xr.Dataset | None = None, **encoding: Any) -> Path:
    """Write a cube as NetCDF or, by the ending, Zarr."""
    data = cube_dataset() if data is None else data
    if path.suffix == ".zarr":
        data.to_zarr(path, zarr_format=2, consolidated=True)
    else:
        data.to_netcdf(path, engine="netcdf4", encoding=encoding)
    return path
