"""Small cubes and tables on disk, seeded and asymmetric. Simulated: no satellite has measured them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from pyproj import CRS

EPSG = 32633
WEST, NORTH = 500_000.0, 5_300_000.0
SHAPE_YX = (6, 5)
BANDS = ("B02", "B03", "B04", "B08", "B11", "B12")


def write_cube(
    path: Path,
    *,
    bands: Sequence[str] = BANDS,
    start: str = "2020-01-03",
    dates: int = 60,
    clear: float = 0.7,
    shape_yx: tuple[int, int] = SHAPE_YX,
) -> Path:
    """Write a NetCDF cube with one date every ten days; `clear` is the share of clear observations."""
    rng = np.random.default_rng(7)
    times = pd.date_range(start, periods=dates, freq="10D")
    season = 0.5 - 0.5 * np.cos(2 * np.pi * (times.day_of_year.to_numpy() - 20) / 365)
    rows, columns = np.indices(shape_yx)
    vigour = (0.3 + 0.1 * rows / shape_yx[0] + 0.4 * columns / shape_yx[1])[None] * season[:, None, None]
    noise = rng.normal(0, 0.005, (dates, *shape_yx))
    level = {"B02": 0.05, "B03": 0.07, "B04": 0.12 - 0.1 * vigour, "B08": 0.2 + 0.35 * vigour, "B11": 0.22, "B12": 0.15}
    data = {b: (("time", "y", "x"), np.broadcast_to(level[b] + noise, noise.shape).astype(np.float32)) for b in bands}
    seen = (rng.random((dates, *shape_yx)) < clear).astype(np.uint8)
    cube = xr.Dataset(
        {**data, "clear": (("time", "y", "x"), seen), "crs": ((), 0, CRS.from_epsg(EPSG).to_cf())},
        {
            "time": times,
            "y": NORTH - 10 * (np.arange(shape_yx[0]) + 0.5),
            "x": WEST + 10 * (np.arange(shape_yx[1]) + 0.5),
        },
    )
    for band in bands:
        cube[band].attrs["grid_mapping"] = "crs"
    cube.to_netcdf(path)
    return path


def write_series(path: Path, *, series: int = 3, dates: int = 60) -> Path:
    """Write a Parquet or CSV table of NDVI series of different lengths."""
    rng = np.random.default_rng(11)
    parts = []
    for number in range(series):
        times = pd.date_range("2019-01-01", periods=dates - 5 * number, freq="10D")
        season = 0.5 + 0.3 * np.sin(2 * np.pi * (times.day_of_year.to_numpy() - 100 - 20 * number) / 365)
        parts.append(
            pd.DataFrame({"series_id": f"s{number}", "time": times, "NDVI": season + rng.normal(0, 0.02, len(times))})
        )
    table = pd.concat(parts, ignore_index=True)
    if path.suffix == ".csv":
        table.to_csv(path, index=False)
    else:
        table.to_parquet(path, index=False)
    return path


def square(lon: float, lat: float, *, degrees: float = 0.0004) -> dict[str, object]:
    """Return a GeoJSON square around a point."""
    w, e, s, n = lon - degrees / 2, lon + degrees / 2, lat - degrees / 2, lat + degrees / 2
    return {"type": "Polygon", "coordinates": [[[w, s], [e, s], [e, n], [w, n], [w, s]]]}
