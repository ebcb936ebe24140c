"""Rasters as cubes: which layers become one variable, and with which attributes. Written by cube_file.py."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from core.bands import NDVI
from core.product import Layer, Raster, Variable
from core.quantities import QUANTITIES
from core.timeline import Period, parse_period, to_day
from outputs.cog import RasterFile
from outputs.cube_file import (
    CHUNK,
    GRID_MAPPING,
    LazyPixels,
    check_ending,
    issue_variable,
    place_variables,
    time_variable,
    variable,
    write_cube,
)
from outputs.discovery import extent_attributes, file_attributes, history

BLOCK = 256
"""Edge of the blocks read and written at once: that of a plain GeoTIFF, and whole chunks."""
EMBEDDING_CHUNK = 256
"""Edge of a chunk of an embedding, which has no dates that share it."""
ISSUE_DATE = "issue_date"
_LONG_NAMES = {
    Variable.CLIMATOLOGY: "NDVI of the seasonal cycle of the history",
    Variable.ANOMALY: "median forecast of NDVI less that of the cycle",
    Variable.PERCENTILE: "share of outcomes below what was observed, in percent",
    Variable.DEPARTURE: "observed NDVI less the median of what was expected",
    Variable.DAYS_TO_CLEAR: "days to the nearest clear observation",
}
_UNITS = {Variable.DAYS_TO_CLEAR: "d"}
"""Where it is not 1. `days` would be read as a length of time by xarray, which then holds no NaN."""


@dataclass(frozen=True, kw_only=True)
class _Stack:
    """Layers that become one variable, in the order of its leading dimensions."""

    name: str
    dims: tuple[str, ...]
    """Those before y and x."""
    lead: tuple[int, ...]
    """Their sizes."""
    layers: tuple[int, ...]
    """Positions in the raster."""
    attributes: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class _Axes:
    """Dimensions of stacks before y and x."""

    dates: tuple[str, ...]
    """ISO dates, ascending."""
    quantiles: tuple[float, ...]
    """Ascending."""


def write_raster_cube(
    source: Raster | RasterFile,
    path: Path,
    *,
    title: str,
    tags: Mapping[str, str],
    issue_date: str = "",
    stored_as: str = "",
) -> None:
    """Write all layers of a raster as a cube, whole or not at all; a file is read block by block.

    Quantiles become `ndvi(quantile, time, y, x)`, likewise those of any other variable, and what has dates
    `climatology(time, y, x)`, `anomaly(time, y, x)`, `days_to_clear(time, y, x)`; every other layer becomes a variable
    of its own name with y and x. Unseen pixels are NaN, or 255 in class maps (`_FillValue`).

    Args:
        source: finished pixels, or a GeoTIFF of them, plain or cloud-optimised.
        path: ends in .nc or .zarr; replaced if it exists.
        title: of the product.
        tags: as `Provenance.tags` gives them; written as attributes.
        issue_date: ISO date of a forecast; empty = it is none.
        stored_as: type of the pixels in Zarr; empty = their own.

    Raises:
        InvalidOption: another ending.
    """
    check_ending(path)
    data = _dataset(source, issue_date=issue_date, stored_as=stored_as)
    data.attrs = _attributes(title, tags) | extent_attributes(source.window, _days_of(source.layers, tags))
    data.attrs |= {"history": history(tags)}
    write_cube(data, path)


def _dataset(source: Raster | RasterFile, *, issue_date: str, stored_as: str) -> xr.Dataset:
    stacks, axes = _stacks(source.layers, is_forecast=bool(issue_date))
    found = place_variables(source.window)
    if any("time" in stack.dims for stack in stacks):
        days = np.array([to_day(date.fromisoformat(d)) for d in axes.dates], np.int32)
        found["time"] = time_variable("time", days)
    if any("quantile" in stack.dims for stack in stacks):
        text = {"long_name": "share of outcomes below", "units": "1"}
        found["quantile"] = variable(["quantile"], np.array(axes.quantiles, np.float64), text)
    if issue_date:
        found[ISSUE_DATE] = issue_variable(issue_date)
    for stack in stacks:
        found[stack.name] = _variable(source, stack, stored_as=stored_as, is_forecast=bool(issue_date))
    return xr.Dataset(found)


def _variable(source: Raster | RasterFile, stack: _Stack, *, stored_as: str, is_forecast: bool) -> xr.Variable:
    layer = source.layers[stack.layers[0]]

    def read_stack(rows: slice, columns: slice) -> NDArray[Any]:
        pixels = _read(source, stack.layers, rows, columns)
        return pixels.reshape(*stack.lead, *pixels.shape[-2:])

    pixels = LazyPixels(read_stack, lead=stack.lead, window=source.window, dtype=layer.dtype)
    issued = {"coordinates": ISSUE_DATE} if is_forecast and "time" in stack.dims else {}
    coding = source.coding(stack.layers[0]) if isinstance(source, RasterFile) else None
    scaled = {} if coding is None or coding.scale == 1 else {"scale_factor": coding.scale, "add_offset": coding.offset}
    return variable(
        (*stack.dims, "y", "x"),
        pixels.in_blocks(BLOCK, BLOCK),
        {**stack.attributes, **scaled, "grid_mapping": GRID_MAPPING, **issued},
        fill=pixels.dtype.type(source.nodata if coding is None else coding.nodata),
        chunk=EMBEDDING_CHUNK if layer.variable == Variable.EMBEDDING else CHUNK,
        dtype=stored_as,
    )


def _read(source: Raster | RasterFile, layers: Sequence[int], rows: slice, columns: slice) -> NDArray[Any]:
    """Return (L, Y, X) some layers, by position."""
    if isinstance(source, RasterFile):
        return source.read_stored(layers, rows, columns)
    return np.asarray(source.pixels[list(layers), rows, columns])


def _stacks(layers: Sequence[Layer], *, is_forecast: bool) -> tuple[list[_Stack], _Axes]:
    """Gather layers into variables: quantiles, then what has dates, then the rest; incomplete ones stay as they are."""
    positions = {(v.variable, v.quantile, v.date): n for n, v in enumerate(layers)}
    stacked = [v for v in layers if v.quantile is not None or _is_dated(v)]
    axes = _Axes(
        dates=tuple(sorted({v.date for v in stacked})),
        quantiles=tuple(sorted({v.quantile for v in layers if v.quantile is not None})),
    )
    names = dict.fromkeys((v.variable, v.quantile is not None) for v in stacked)
    by_kind = sorted(names, key=lambda name: not name[1])
    word = "forecast " if is_forecast else ""
    found = [
        _quantiles(v, f"{word}{v}", positions, axes) if has_quantiles else _dated(v, positions, axes)
        for v, has_quantiles in by_kind
    ]
    complete = [stack for stack in found if -1 not in stack.layers]
    used = {n for stack in complete for n in stack.layers}
    return [*complete, *(_plain(v, n) for n, v in enumerate(layers) if n not in used)], axes


def _is_dated(layer: Layer) -> bool:
    """Return whether a layer is one date of a series."""
    known = layer.variable in _LONG_NAMES or layer.variable in QUANTITIES
    return known and layer.quantile is None and bool(layer.date)


def _quantiles(name: str, text_name: str, positions: Mapping[Any, int], axes: _Axes) -> _Stack:
    text = {"long_name": f"{text_name}: quantiles of outcomes", "units": "1"}
    return _Stack(
        name=name.lower(),
        dims=("quantile", "time"),
        lead=(len(axes.quantiles), len(axes.dates)),
        layers=tuple(positions.get((name, q, d), -1) for q in axes.quantiles for d in axes.dates),
        attributes=_ndvi(text) if name == NDVI.name else text,
    )


def _dated(name: str, positions: Mapping[Any, int], axes: _Axes) -> _Stack:
    known = Variable(name) if name in _LONG_NAMES else None
    text = {"long_name": _LONG_NAMES[known] if known else name, "units": _UNITS.get(known, "1") if known else "1"}
    return _Stack(
        name=name.lower(),
        dims=("time",),
        lead=(len(axes.dates),),
        layers=tuple(positions.get((name, None, d), -1) for d in axes.dates),
        attributes=_ndvi(text) if name in (NDVI.name, Variable.CLIMATOLOGY) else text,
    )


def _ndvi(text: Mapping[str, str]) -> dict[str, str]:
    return {**text, "standard_name": "normalized_difference_vegetation_index"}


def _plain(layer: Layer, position: int) -> _Stack:
    attributes: dict[str, Any] = {"long_name": layer.description}
    if layer.unit:
        attributes["units"] = "1" if layer.unit == "count" else layer.unit
    if layer.legend:
        attributes["flag_values"] = np.array([e.value for e in layer.legend], layer.dtype)
        attributes["flag_meanings"] = " ".join(re.sub(r"\W+", "_", e.label.lower()) for e in layer.legend)
    return _Stack(name=layer.name, dims=(), lead=(), layers=(position,), attributes=attributes)


def _days_of(layers: Sequence[Layer], tags: Mapping[str, str]) -> Period:
    """Return the days that the layers are of; the observed period where they have none."""
    dates = sorted(date.fromisoformat(v.date) for v in layers if v.date)
    return Period(start=dates[0], end=dates[-1]) if dates else parse_period(tags["LANDCAST_PERIOD"])


def _attributes(title: str, tags: Mapping[str, str]) -> dict[str, str]:
    known = file_attributes(
        title,
        f"landcast {tags['LANDCAST_VERSION']}, model {tags['LANDCAST_MODEL']}",
        tags["LANDCAST_ATTRIBUTION"],
        is_simulated=tags["LANDCAST_SIMULATED"] == "yes",
    )
    return known | {k.lower(): v for k, v in tags.items() if k.startswith("LANDCAST_")}
