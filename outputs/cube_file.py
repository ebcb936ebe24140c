"""Cube files: the one writer of NetCDF4 and Zarr, through xarray, and the CF attributes that all cubes share.

What a cube holds is assembled elsewhere: of a raster in raster_cube.py, of observations in observation_cube.py. Pixels
are dask arrays: variable by variable, their blocks are read, encoded and written one after the other, so that a cube
may be larger than memory, and the same pixels give the same bytes.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Literal

import dask
import dask.array as da
import numpy as np
import xarray as xr
from numpy.typing import NDArray
from pyproj import CRS

from core.errors import InvalidOption
from core.grid import Window
from core.timeline import to_day
from outputs.atomic import written_aside

ENDINGS = (".nc", ".zarr")
CHUNK = 64
"""Edge of a chunk in pixels; a chunk holds all dates, so that a pixel's forecast is one read."""
CALENDAR = {"units": "days since 1970-01-01", "calendar": "proleptic_gregorian"}
WHOLE_DAYS = {**CALENDAR, "units_metadata": "leap_seconds: none"}
"""CF 1.12, section 4.4: days of 86400 s."""
GRID_MAPPING = "spatial_ref"
ZLIB = {"zlib": True, "complevel": 4, "shuffle": True}


def write_cube(data: xr.Dataset, path: Path) -> None:
    """Write a dataset as NetCDF4 or Zarr by the ending of the path, whole or not at all.

    Numbers are stored as they are: a variable that is scaled has `scale_factor` among its attributes. From
    `Variable.encoding` come `_FillValue`, `chunksizes`, and `dtype` where it is stored in another type; NetCDF has no
    float16, and stores float32.

    Args:
        data: coordinates as numbers; variables of numpy or dask, whose blocks are whole chunks.
        path: ends in .nc or .zarr; replaced if it exists.

    Raises:
        InvalidOption: another ending.
    """
    check_ending(path)
    data = _with_grid_found(data)
    with written_aside(path) as aside, dask.config.set(scheduler="synchronous"):
        for number, part in enumerate(_parts(data)):
            mode: Literal["a", "w"] = "a" if number else "w"
            if path.suffix == ".nc":
                part.to_netcdf(aside, mode=mode, engine="netcdf4", format="NETCDF4", encoding=_netcdf(part))
            else:
                _write_zarr(part, aside, mode)


def _with_grid_found(data: xr.Dataset) -> xr.Dataset:
    """Name the grid mapping among the coordinates: xarray reads it as one, and rioxarray finds the CRS unasked.

    CF knows no such attribute of a file, and so has nothing against it; one of a variable names real coordinates.
    """
    return data.assign_attrs(coordinates=GRID_MAPPING) if GRID_MAPPING in data.variables else data


def _parts(data: xr.Dataset) -> Iterator[xr.Dataset]:
    """Yield what is small, then each variable of pixels: dask leaves it open in which order it stores several."""
    pixels = [name for name, values in data.data_vars.items() if dask.is_dask_collection(values.data)]
    yield data.drop_vars(pixels)
    for name in pixels:
        yield xr.Dataset({name: data.variables[name]}, attrs=data.attrs)


def _write_zarr(part: xr.Dataset, path: Path, mode: Literal["a", "w"]) -> None:
    """Write Zarr 2, which GDAL 3.10 reads as well; it does not read Zarr 3."""
    part.to_zarr(path, mode=mode, zarr_format=2, encoding=_zarr(part), consolidated=True)


def check_ending(path: Path) -> None:
    """Refuse a path that does not end as a cube does.

    Raises:
        InvalidOption: names the endings.
    """
    if path.suffix not in ENDINGS:
        raise InvalidOption("out", path.name, f"a cube ends in {' or '.join(ENDINGS)}")


def _netcdf(data: xr.Dataset) -> dict[str, dict[str, Any]]:
    """Return encodings of all variables; those of pixels are compressed in chunks."""
    found = {}
    for name, variable in data.variables.items():
        given = variable.encoding
        options = {"_FillValue": given.get("_FillValue"), "dtype": _netcdf_type(variable)}
        found[str(name)] = options | ({**ZLIB, "chunksizes": given["chunksizes"]} if "chunksizes" in given else {})
    return found


def _netcdf_type(variable: xr.Variable) -> np.dtype[Any]:
    dtype = np.dtype(variable.encoding.get("dtype", variable.dtype))
    return np.dtype(np.float32) if dtype == np.float16 else dtype


def _zarr(data: xr.Dataset) -> dict[str, dict[str, Any]]:
    """Return encodings of all variables; `_FillValue` becomes the fill value of the array."""
    found = {}
    for name, variable in data.variables.items():
        given = variable.encoding
        fill, dtype = given.get("_FillValue"), np.dtype(given.get("dtype", variable.dtype))
        options = {"_FillValue": None if fill is None else dtype.type(fill), "dtype": dtype}
        found[str(name)] = options | {"chunks": given.get("chunksizes", variable.shape)}
    return found


def variable(
    dims: Sequence[str],
    values: Any,
    attributes: Mapping[str, Any],
    *,
    fill: Any = None,
    chunk: int = 0,
    dtype: str = "",
) -> xr.Variable:
    """Return a variable as `write_cube` takes it.

    Args:
        fill: number that stands for unseen; None = there is none.
        chunk: edge of a chunk in y and x, the last two dimensions; 0 = the variable is written as a whole.
        dtype: type that it is stored in; empty = its own.
    """
    found = xr.Variable(tuple(dims), values, dict(attributes))
    found.encoding = {"_FillValue": fill} if fill is not None else {}
    if chunk:
        found.encoding["chunksizes"] = (*found.shape[:-2], *(max(1, min(chunk, size)) for size in found.shape[-2:]))
    if dtype:
        found.encoding["dtype"] = dtype
    return found


class LazyPixels:
    """Pixels (..., Y, X) that are read when a block of them is written."""

    def __init__(
        self, read: Callable[[slice, slice], NDArray[Any]], *, lead: tuple[int, ...], window: Window, dtype: Any
    ) -> None:
        """Take what reads all of some rows and columns, and the sizes of the dimensions before y and x."""
        self._read = read
        self.dtype, self.shape, self.ndim = np.dtype(dtype), (*lead, *window.shape_yx), len(lead) + 2

    def __getitem__(self, key: tuple[slice, ...]) -> NDArray[Any]:
        """Return a block, which holds the leading dimensions whole."""
        return self._read(*key[-2:])

    def in_blocks(self, rows: int, columns: int) -> da.Array:
        """Return the pixels as a dask array of blocks of so many rows and columns."""
        meta = np.empty((0,) * self.ndim, self.dtype)
        return da.from_array(self, chunks=(*self.shape[:-2], rows, columns), name=f"pixels-{id(self)}", meta=meta)


def place_variables(window: Window) -> dict[str, xr.Variable]:
    """Return `y`, `x` and the grid mapping of a window."""
    x, y = window.centres()
    return {
        "y": variable(["y"], y, {"standard_name": "projection_y_coordinate", "units": "m", "axis": "Y"}),
        "x": variable(["x"], x, {"standard_name": "projection_x_coordinate", "units": "m", "axis": "X"}),
        GRID_MAPPING: variable([], np.int32(0), {"long_name": "coordinate reference system", **grid_mapping(window)}),
    }


def time_variable(dim: str, days: NDArray[np.int32]) -> xr.Variable:
    """Return an axis of days since 1970-01-01."""
    return variable([dim], days, {"standard_name": "time", "long_name": "day, UTC", "axis": "T", **WHOLE_DAYS})


def issue_variable(issue_date: str) -> xr.Variable:
    """Return the issue date of a forecast, an ISO date, as a scalar."""
    day = np.int32(to_day(date.fromisoformat(issue_date)))
    return variable([], day, {"standard_name": "forecast_reference_time", **WHOLE_DAYS})


def grid_mapping(window: Window) -> dict[str, Any]:
    """Return CF attributes of the CRS, and those that GDAL reads."""
    crs = CRS.from_user_input(window.crs)
    described = {k: v for k, v in crs.to_cf().items() if isinstance(v, str | int | float)}
    west, north, size = window.transform.c, window.transform.f, window.resolution_m
    return described | {"spatial_ref": crs.to_wkt(), "GeoTransform": f"{west} {size} 0 {north} 0 {-size}"}
