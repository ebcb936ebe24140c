"""Files that the documentation names: fields.nc, series.csv, parcels.*, labels.csv, earthpt.*: tiny, simulated."""

from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
import xarray as xr
from shapely import box

from tests.models.published.published_files import known_outputs, published_weights, write_published

ROWS, COLUMNS = 4, 5
TIMES = pd.date_range("2020-11-01", "2022-10-31", freq="12D")


def greenness(shift_days: np.ndarray) -> np.ndarray:
    """NDVI of a seasonal cycle for (T,) dates and (...) shifts of its peak."""
    phase = 2 * np.pi * (TIMES.day_of_year.to_numpy() - 180) / 365.25
    return 0.5 + 0.3 * np.cos(phase[:, None] - shift_days.ravel() / 58).reshape(len(TIMES), *shift_days.shape)


def write_inputs(folder: Path) -> None:
    shift = np.arange(ROWS * COLUMNS, dtype=float).reshape(ROWS, COLUMNS)
    index = greenness(shift)
    red = np.full(index.shape, 0.06)
    dims = ("time", "y", "x")
    bands = {"B04": (dims, red.astype(np.float32)), "B08": (dims, (red * (1 + index) / (1 - index)).astype(np.float32))}
    places = {"y": 5_600_000 - 10 * np.arange(ROWS) - 5.0, "x": 600_000 + 10 * np.arange(COLUMNS) + 5.0}
    attributes = {"crs": "EPSG:32632", "simulated": "true", "title": "Simulated fields", "license": "CC0"}
    xr.Dataset(bands, {"time": TIMES, **places}, attributes).to_netcdf(folder / "fields.nc", engine="netcdf4")
    _write_tables(folder, greenness(np.array([0.0, 30.0])))
    _write_parcels(folder)
    _write_outlines(folder)
    weights = published_weights(channels=10)
    write_published(folder / "earthpt.pt", weights, heads=3)
    np.savez(folder / "earthpt.npz", **known_outputs(weights, 3))


def _write_tables(folder: Path, index: np.ndarray) -> None:
    names = ["meadow", "field"]
    rows = [pd.DataFrame({"series_id": n, "time": TIMES, "NDVI": index[:, i]}) for i, n in enumerate(names)]
    pd.concat(rows).to_csv(folder / "series.csv", index=False)
    targets = {"series_id": names, "time": ["2022-11-15", "2022-12-01"]}
    pd.DataFrame(targets).to_csv(folder / "targets.csv", index=False)
    pd.DataFrame({"series_id": names, "elevation": [480, 510], "slope": [2, 5]}).to_csv(
        folder / "samples.csv", index=False
    )


def _write_outlines(folder: Path) -> None:
    """Write two parcels on the pixels of fields.nc."""
    corners = [(600_000, 5_600_000), (600_030, 5_599_980)]
    shapes = [box(x, y - 20, x + 20, y) for x, y in corners]
    table = geopandas.GeoDataFrame({"id": ["p00", "p01"]}, geometry=shapes, crs="EPSG:32632")
    table.to_crs(4326).to_file(folder / "parcels.geojson", engine="pyogrio")


def _write_parcels(folder: Path) -> None:
    """Write 36 series in 12 villages, and what grows on them: winter crops are green earlier."""
    shift = np.arange(36) % 3 * 30.0 + np.arange(36) // 3
    index, names = greenness(shift), [f"p{n:02d}" for n in range(36)]
    rows = [pd.DataFrame({"series_id": n, "time": TIMES, "NDVI": index[:, i]}) for i, n in enumerate(names)]
    pd.concat(rows).to_csv(folder / "parcels.csv", index=False)
    crops = np.array(["wheat", "maize", "grass"])[np.arange(36) % 3]
    labels = {"series_id": names, "crop": crops, "biomass": index.mean(axis=0) * 9, "village": np.arange(36) // 3}
    pd.DataFrame(labels).to_csv(folder / "labels.csv", index=False)
