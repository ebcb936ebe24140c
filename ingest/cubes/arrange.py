"""A foreign cube arranged as ours: dimensions y and x, a variable per band, a time axis. Reads no pixels.

odc-stac, openEO and landcast write a variable per band; stackstac, cubo and sentle one array with a dimension of bands;
xcube and GreenEarthNet call y and x lat and lon; composites and EOPF products have no time axis.
"""

import re
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import xarray as xr

from core.errors import InvalidCube, InvalidPeriod
from core.source import listed
from core.timeline import parse_date
from ingest.rules.band_names import find_band
from ingest.rules.masks import find_mask

Y_NAMES = ("y", "lat", "latitude", "northing", "projection_y_coordinate", "row", "rows")
X_NAMES = ("x", "lon", "longitude", "long", "easting", "projection_x_coordinate", "column", "columns", "col")
COARSER = re.compile(r"^(y|x|lat|lon)[-_]?(\d+m?)$", re.IGNORECASE)
"""Axes of bands and masks with coarser pixels than the others: `y20`, `x_20m`."""
DEGREES = ("lat", "latitude", "lon", "longitude", "long")
BAND_NAMES = ("band", "bands", "channel", "channels", "spectral", "variable", "band_name", "wavelength")
TIME_NAMES = ("time", "t", "date", "datetime", "times", "dates", "acquisition", "valid_time")
LABELS = ("common_name", "title", "long_name", "description", "name", "eo:common_name")
"""Coordinates along the dimension of bands that may name them where its own labels do not."""
DATE_ATTRIBUTES = ("datetime", "date", "acquisition_date", "time_coverage_start", "start_datetime", "sensing_time")


@dataclass(frozen=True, kw_only=True)
class Arranged:
    """A cube with dimensions y, x (or y_..., x_... of coarser pixels) and a variable per band."""

    data: xr.Dataset
    layout: str
    """What the file is, for people."""
    remarks: tuple[str, ...] = ()


def arrange(path: object, data: xr.Dataset, date_from: str = "") -> Arranged:
    """Arrange an opened file.

    Args:
        path: for sentences.
        data: opened undecoded but for dates.
        date_from: a date for a cube without any, by the user; empty = as the file states.

    Raises:
        InvalidCube: it has no rows and columns, or its axes cannot be told.
    """
    named, places = _name_axes(path, data)
    split, is_split = _split_bands(named)
    dated, remarks = _with_time(path, split, date_from)
    kind = "cube with one array and a dimension of bands" if is_split else "cube with a variable for each band"
    return Arranged(data=dated, layout=f"{kind}{places}", remarks=remarks)


def yx_of(variable: xr.DataArray | xr.Variable) -> tuple[str, str] | None:
    """Return the dimensions of rows and columns of a variable, None if it has none."""
    y = next((str(d) for d in variable.dims if str(d) == "y" or str(d).startswith("y_")), None)
    x = next((str(d) for d in variable.dims if str(d) == "x" or str(d).startswith("x_")), None)
    return (y, x) if y and x else None


def _name_axes(path: object, data: xr.Dataset) -> tuple[xr.Dataset, str]:
    """Return the dataset with dimensions y and x, and what they were called."""
    found = {ours: _dim(data.dims, names) for ours, names in (("y", Y_NAMES), ("x", X_NAMES))}
    if None in found.values():
        raise InvalidCube(path, f"it has no rows and columns (y and x), only the dimensions {_named(data.sizes)}")
    renamed = {str(theirs): ours for ours, theirs in found.items() if theirs != ours}
    clashes = [ours for ours in renamed.values() if ours in data.variables]
    named = data.drop_vars(clashes).rename(renamed) if renamed else data
    named = named.rename({str(d): _coarser_name(str(d)) for d in named.dims if COARSER.match(str(d))})
    for ours in ("y", "x"):
        named = _with_coordinate(named, ours)
        if str(found[ours]).lower() in DEGREES and ours in named.coords:
            named[ours].attrs.setdefault("units", "degrees")
    return named, f", its pixels on {' and '.join(renamed)}" if renamed else ""


def _coarser_name(dim: str) -> str:
    """Return `y_20m` for `y20m`, `lat20m` or `Y-20m`."""
    found = COARSER.match(dim)
    assert found is not None
    axis = "y" if found[1].lower() in Y_NAMES else "x"
    return f"{axis}_{found[2]}"


def _dim(dims: Iterable[Hashable], names: tuple[str, ...]) -> Hashable | None:
    lower = {str(d).lower(): d for d in dims}
    return next((lower[n] for n in names if n in lower), None)


def _with_coordinate(data: xr.Dataset, dim: str) -> xr.Dataset:
    """Use a coordinate along a dimension that has another name: `lat` along `y`."""
    if dim in data.coords:
        return data
    names = Y_NAMES if dim == "y" else X_NAMES
    along = [v for v in data.variables if str(v).lower() in names and data[v].dims == (dim,)]
    return data.assign_coords({dim: (dim, data[along[0]].values)}) if along else data


def _split_bands(data: xr.Dataset) -> tuple[xr.Dataset, bool]:
    """Return the dataset with a variable for each band of an array with a dimension of bands."""
    found: dict[str, xr.DataArray] = {}
    gone: list[Hashable] = []
    for name, array in data.data_vars.items():
        dim = _dim(array.dims, BAND_NAMES)
        if dim is None or yx_of(array) is None:
            continue
        gone.append(name)
        for position, label in enumerate(_labels(array, str(dim))):
            band = array.isel({dim: position}, drop=True)
            band = band.drop_vars([c for c in band.coords if str(c) in LABELS])
            found[label if label not in found and label not in data else f"{name}_{label}"] = band
    if not found:
        return data, False
    rest = data.drop_vars(gone)
    return rest.assign({n: v.assign_attrs({**data.attrs, **v.attrs}) for n, v in found.items()}), True


def _labels(array: xr.DataArray, dim: str) -> list[str]:
    """Return the names of the bands of an array: of its labels and other names, those that mean most bands."""
    choices = [array[dim].values] if dim in array.coords else []
    choices += [array[n].values for n in LABELS if n in array.coords and array[n].dims == (dim,)]
    stated = array.attrs.get("long_name") or array.attrs.get("band_names") or array.attrs.get("descriptions")
    if isinstance(stated, list | tuple) and len(stated) == array.sizes[dim]:
        choices.append(np.asarray(stated, object))
    texts = [[_text(v) for v in choice] for choice in choices]
    return max(texts, key=_meant) if texts else [str(n) for n in range(1, array.sizes[dim] + 1)]


def _meant(labels: list[str]) -> int:
    return sum(bool(find_band(n, beside=labels) or find_mask([n])) for n in labels)


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _with_time(path: object, data: xr.Dataset, date_from: str) -> tuple[xr.Dataset, tuple[str, ...]]:
    """Give bands without a time axis the one date that the file states, or that the user does."""
    flat = [n for n, v in data.data_vars.items() if yx_of(v) and len(v.dims) == 2]
    if len(flat) < len([v for v in data.data_vars.values() if yx_of(v)]):
        return data, ()
    day = _stated_day(data, date_from)
    if day is None:
        advice = "give the date of its observations: --date-from 2021-06-30"
        raise InvalidCube(path, f"it has no time axis and states no date; {advice}")
    when = np.datetime64(day.isoformat(), "ns")
    gone = [c for c in data.coords if str(c).lower() in TIME_NAMES and not data[c].dims]
    one = data.drop_vars(gone).assign({n: data[n].drop_vars(gone).expand_dims(time=[when]) for n in flat})
    return one, (() if not date_from else (f"Its date, {day}, is the one that was given.",))


def _stated_day(data: xr.Dataset, date_from: str) -> date | None:
    if date_from:
        return _date(date_from)
    scalars = [data[c].values for c in data.coords if str(c).lower() in TIME_NAMES and not data[c].dims]
    texts = [str(np.datetime_as_string(v, "D")) for v in scalars if v.dtype.kind == "M" and not np.isnat(v)]
    texts += [str(data.attrs[n]) for n in DATE_ATTRIBUTES if data.attrs.get(n)]
    return next((found for t in texts if (found := _date(t)) is not None), None)


def _date(text: str) -> date | None:
    try:
        return parse_date(text.replace(" ", "T"))
    except InvalidPeriod:
        return None


def _named(names: Mapping[Hashable, int]) -> str:
    return listed([str(n) for n in names]) or "none"
