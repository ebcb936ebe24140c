"""Results as cubes: CF NetCDF4 or Zarr, by the ending of the path. Read from the finished COG, some rows at a time."""

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from pyproj import CRS

from core.bands import NDVI
from core.errors import InvalidOption
from core.forecast import QUANTILES
from core.grid import Window
from core.product import Layer, Variable
from core.timeline import to_day
from outputs.atomic import written_aside
from outputs.cog import RasterFile
from outputs.provenance import SIMULATED, Provenance

ROWS = 256
"""Rows read and written at once."""
CHUNK = 64
"""Edge of a chunk in pixels; a chunk holds all dates, so that a pixel's forecast is one read."""
ENDINGS = (".nc", ".zarr")
_DATED = {
    Variable.CLIMATOLOGY: "NDVI of the seasonal cycle of the history",
    Variable.ANOMALY: "median forecast of NDVI less that of the cycle",
}


class Store(Protocol):
    """A file that variables are created in."""

    def add(
        self, name: str, dims: Sequence[str], shape: Sequence[int], dtype: str, attributes: Mapping[str, Any]
    ) -> Any:
        """Create a variable and return it; it is written by assignment to slices."""
        ...

    def describe(self, attributes: Mapping[str, Any]) -> None:
        """Set attributes of the whole file."""
        ...


@dataclass(frozen=True, kw_only=True)
class _Variable:
    """One variable and the layers that it gathers, in the order of its leading dimensions."""

    name: str
    dims: tuple[str, ...]
    lead: tuple[int, ...]
    """Sizes of the dimensions before y and x."""
    layers: tuple[str, ...]
    attributes: Mapping[str, Any]


def write_cube(raster: RasterFile, path: Path, origin: Provenance) -> None:
    """Write all layers of a finished COG as a cube, whole or not at all.

    Forecast layers become `ndvi(quantile, time, y, x)`, likewise any other variable that was forecast, and
    `climatology(time, y, x)` and `anomaly(time, y, x)`; every other layer becomes a variable of its own name with y
    and x. Unseen pixels are NaN, or 255 in class maps (`_FillValue`).

    Args:
        raster: the finished COG.
        path: ends in .nc or .zarr; replaced if it exists.
        origin: written into the attributes.

    Raises:
        InvalidOption: another ending.
    """
    if path.suffix not in ENDINGS:
        raise InvalidOption("out", path.name, f"a cube ends in {' or '.join(ENDINGS)}")
    variables = _variables(raster.layers)
    with written_aside(path) as aside, open_store(aside) as store:
        store.describe(_facts(origin))
        _add_coordinates(store, raster, origin)
        for variable in variables:
            _write(store, variable, raster)


def _variables(layers: Sequence[Layer]) -> list[_Variable]:
    forecast = dict.fromkeys(v.variable for v in layers if v.quantile is not None)
    dated = dict.fromkeys(v.variable for v in layers if _is_dated(v))
    plain = [v for v in layers if v.quantile is None and not _is_dated(v)]
    dates = _dates(layers)
    return [
        *(_quantiles(v, layers, dates) for v in forecast),
        *(_by_date(v, layers, dates) for v in dated),
        *map(_plain, plain),
    ]


def _is_dated(layer: Layer) -> bool:
    return layer.variable in _DATED and layer.quantile is None


def _quantiles(variable: str, layers: Sequence[Layer], dates: Sequence[str]) -> _Variable:
    named = {(v.quantile, v.date): v.name for v in layers if v.variable == variable}
    text = {"long_name": f"forecast {variable.upper()}: quantiles of outcomes", "units": "1"}
    return _Variable(
        name=variable.lower(),
        dims=("quantile", "time", "y", "x"),
        lead=(len(QUANTILES), len(dates)),
        layers=tuple(named[q, d] for q in QUANTILES for d in dates),
        attributes=_ndvi(text) if variable == NDVI.name else text,
    )


def _by_date(variable: str, layers: Sequence[Layer], dates: Sequence[str]) -> _Variable:
    named = {v.date: v.name for v in layers if v.variable == variable}
    text = {"long_name": _DATED[Variable(variable)], "units": "1"}
    return _Variable(
        name=str(variable),
        dims=("time", "y", "x"),
        lead=(len(dates),),
        layers=tuple(named[d] for d in dates),
        attributes=_ndvi(text) if variable == Variable.CLIMATOLOGY else text,
    )


def _ndvi(text: Mapping[str, str]) -> dict[str, str]:
    return {**text, "standard_name": "normalized_difference_vegetation_index"}


def _plain(layer: Layer) -> _Variable:
    attributes: dict[str, Any] = {"long_name": layer.description}
    if layer.unit:
        attributes["units"] = "1" if layer.unit == "count" else layer.unit
    if layer.legend:
        attributes["flag_values"] = np.array([e.value for e in layer.legend], layer.dtype)
        attributes["flag_meanings"] = " ".join(re.sub(r"\W+", "_", e.label.lower()) for e in layer.legend)
    return _Variable(name=layer.name, dims=("y", "x"), lead=(), layers=(layer.name,), attributes=attributes)


def _dates(layers: Sequence[Layer]) -> list[str]:
    return sorted({layer.date for layer in layers if layer.quantile is not None or _is_dated(layer)})


def _write(store: Store, variable: _Variable, raster: RasterFile) -> None:
    height, width = raster.window.shape_yx
    is_float = np.isnan(raster.nodata)
    coordinates = {"coordinates": "issue_date"} if "time" in variable.dims else {}
    attributes = {
        **variable.attributes,
        "grid_mapping": "spatial_ref",
        **coordinates,
        "_FillValue": np.float32(np.nan) if is_float else np.uint8(raster.nodata),
    }
    dtype = "float32" if is_float else "uint8"
    target = store.add(variable.name, variable.dims, (*variable.lead, height, width), dtype, attributes)
    for first in range(0, height, ROWS):
        rows = slice(first, min(first + ROWS, height))
        pixels = raster.read_rows(variable.layers, rows)
        target[..., rows, :] = pixels.reshape(*variable.lead, rows.stop - rows.start, width)


def _add_coordinates(store: Store, raster: RasterFile, origin: Provenance) -> None:
    x, y = raster.window.centres()
    add_coordinate(store, "y", y, {"standard_name": "projection_y_coordinate", "units": "m", "axis": "Y"})
    add_coordinate(store, "x", x, {"standard_name": "projection_x_coordinate", "units": "m", "axis": "X"})
    dates = _dates(raster.layers)
    if dates:
        days = np.array([to_day(date.fromisoformat(d)) for d in dates], np.int32)
        add_coordinate(store, "time", days, {"standard_name": "time", "axis": "T", **CALENDAR})
        quantile = {"long_name": "share of outcomes below", "units": "1"}
        add_coordinate(store, "quantile", np.array(QUANTILES, np.float64), quantile)
    if "issue_date" in origin.params:
        issue = store.add("issue_date", (), (), "int32", {"standard_name": "forecast_reference_time", **CALENDAR})
        issue[...] = to_day(date.fromisoformat(origin.params["issue_date"]))
    reference = store.add("spatial_ref", (), (), "int32", grid_mapping(raster.window))
    reference[...] = 0


CALENDAR = {"units": "days since 1970-01-01", "calendar": "proleptic_gregorian"}


def add_coordinate(store: Store, name: str, values: Any, attributes: Mapping[str, Any]) -> None:
    """Write a one-dimensional variable of its own dimension."""
    store.add(name, (name,), (len(values),), str(values.dtype), attributes)[:] = values


def grid_mapping(window: Window) -> dict[str, Any]:
    """Return CF attributes of the CRS, and those that GDAL reads."""
    crs = CRS.from_user_input(window.crs)
    described = {k: v for k, v in crs.to_cf().items() if isinstance(v, str | int | float)}
    west, north, size = window.transform.c, window.transform.f, window.resolution_m
    return described | {"spatial_ref": crs.to_wkt(), "GeoTransform": f"{west} {size} 0 {north} 0 {-size}"}


def _facts(origin: Provenance) -> dict[str, Any]:
    facts = {k.lower(): v for k, v in origin.tags().items() if k.startswith("LANDCAST_")}
    title = f"{origin.title} (simulated)" if origin.is_simulated else origin.title
    note = {"comment": SIMULATED} if origin.is_simulated else {}
    return {
        "Conventions": "CF-1.11",
        "title": title,
        "source": f"landcast {origin.version}, model {origin.model}",
        "license": origin.attribution,
        **note,
        **facts,
    }


@contextmanager
def open_store(path: Path) -> Iterator[Store]:
    """Create a file of variables, NetCDF4 or Zarr by its ending."""
    store = _ZarrStore(path) if path.suffix == ".zarr" else _NetcdfStore(path)
    try:
        yield store
    finally:
        store.close()


class _NetcdfStore:
    """A NetCDF4 file, compressed with zlib."""

    def __init__(self, path: Path) -> None:
        import netCDF4

        self._file = netCDF4.Dataset(path, "w", format="NETCDF4")

    def add(
        self, name: str, dims: Sequence[str], shape: Sequence[int], dtype: str, attributes: Mapping[str, Any]
    ) -> Any:
        for dim, size in zip(dims, shape, strict=True):
            if dim not in self._file.dimensions:
                self._file.createDimension(dim, size)
        rest = {k: v for k, v in attributes.items() if k != "_FillValue"}
        options: dict[str, Any] = {"fill_value": attributes.get("_FillValue", False)}
        if len(dims) > 1:
            options |= {"zlib": True, "complevel": 4, "shuffle": True, "chunksizes": _chunks(shape)}
        variable = self._file.createVariable(name, dtype, tuple(dims), **options)
        variable.setncatts(rest)
        variable.set_auto_maskandscale(False)  # what is assigned is what is stored
        return variable

    def describe(self, attributes: Mapping[str, Any]) -> None:
        self._file.setncatts(dict(attributes))

    def close(self) -> None:
        self._file.close()


class _ZarrStore:
    """A Zarr v3 group in a folder."""

    def __init__(self, path: Path) -> None:
        import zarr

        self._group = zarr.open_group(path, mode="w", zarr_format=3)

    def add(
        self, name: str, dims: Sequence[str], shape: Sequence[int], dtype: str, attributes: Mapping[str, Any]
    ) -> Any:
        array = self._group.create_array(
            name,
            shape=tuple(shape),
            dtype=dtype,
            chunks=_chunks(shape) if len(dims) > 1 else tuple(shape) or "auto",
            fill_value=attributes.get("_FillValue", 0),
            dimension_names=tuple(dims),
        )
        # NaN is no JSON number, and needs no attribute: unseen floats are NaN as they stand
        kept = {k: _plain_json(v) for k, v in attributes.items()}
        array.attrs.update({k: v for k, v in kept.items() if v == v})
        return array

    def describe(self, attributes: Mapping[str, Any]) -> None:
        self._group.attrs.update(dict(attributes))

    def close(self) -> None:
        import zarr

        with warnings.catch_warnings():
            # Not in the specification of Zarr v3 yet, but what xarray looks for first, and warns if it is missing.
            warnings.filterwarnings("ignore", message="Consolidated metadata", category=UserWarning)
            zarr.consolidate_metadata(self._group.store)


def _chunks(shape: Sequence[int]) -> tuple[int, ...]:
    return (*shape[:-2], *(max(1, min(CHUNK, size)) for size in shape[-2:]))


def _plain_json(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    return value.item() if isinstance(value, np.generic) else value
