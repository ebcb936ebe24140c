"""Layout of a cube file: which variables are its bands and mask, their dates and pixels. Reads names and coordinates.

Names are looked up in ingest.rules, axes arranged in arrange, places found in place; pixels are never read here.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from core.bands import OPTICAL_NAMES, RADAR_NAMES, WEATHER_NAMES
from core.errors import InvalidCube, MissingBand
from core.grid import Window
from core.source import AS_STATED, ReadAs, listed
from core.timeline import Days, to_days
from ingest.cubes.arrange import Arranged, arrange, yx_of
from ingest.cubes.place import Lattice, coarser, find_crs, find_lattice
from ingest.cubes.target import target_window
from ingest.rules.band_names import READ, BandNames, find_bands, find_family, is_top_of_atmosphere
from ingest.rules.masks import ANYONE, FoundMask, find_mask, mask_like, rule_of_flags

AXES = {
    **dict.fromkeys((*OPTICAL_NAMES, "NDVI"), "time"),
    **dict.fromkeys(RADAR_NAMES, "time_s1"),
    **dict.fromkeys(WEATHER_NAMES, "time_weather"),
}
"""Time axis of each band in a Cube."""
SAID_BY = (
    "platform",
    "constellation",
    "mission",
    "sensor",
    "instrument",
    "collection",
    "title",
    "source",
    "product",
    "id",
)
"""Attributes in which a file names its sensor."""
DATE_TEXT = re.compile(r"^(\d{4})-?(\d{2})-?(\d{2})(?:\D.*)?$")
FIRST_DATE_NUMBER, LAST_DATE_NUMBER = 19000101, 22001231
"""Whole numbers between are dates written as YYYYMMDD."""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """What a cube file holds and where."""

    kind: str
    """What the file is, for people."""
    window: Window
    """The pixels that are read; row 0 northernmost."""
    lattices: Mapping[str, Lattice]
    """Variable to its pixels as stored; weather without pixels has none."""
    names: BandNames
    """Bands and other names of the file."""
    mask: FoundMask | None
    """Its cloud information; None = none that is known."""
    time_dims: Mapping[str, str]
    """Variable to its time dimension."""
    days: Mapping[str, Days]
    """Time dimension to its dates as stored, in the stored order, those that are missing left out."""
    dated: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
    """Time dimension to which of its entries have a date; only where some have none."""
    remarks: tuple[str, ...] = ()

    @property
    def variables(self) -> Mapping[str, str]:
        """Our band name to the variable's name in the file."""
        return self.names.taken

    @property
    def nir(self) -> str:
        """Near-infrared band used for NDVI: B08, or B8A in its place; empty if there is neither."""
        return next((b for b in ("B08", "B8A") if b in self.variables), "")

    @property
    def has_index_only(self) -> bool:
        """Tell whether NDVI comes from a variable of that name, not from bands."""
        return "B04" not in self.variables or not self.nir

    @property
    def is_resampled(self) -> bool:
        """Tell whether the file's own pixels are in degrees, so that all bands are resampled."""
        return not any(lattice.is_that_of(self.window) for lattice in self.lattices.values())


def read_layout(path: object, data: xr.Dataset, read_as: ReadAs = AS_STATED) -> tuple[Layout, xr.Dataset]:
    """Find bands, mask, dates and pixels of an opened cube file; also return it arranged, to read pixels from.

    Raises:
        InvalidCube: it has no dates or no regular pixels, its CRS is not known, or it is of a sensor that is not read.
        MissingBand: it allows no NDVI.
    """
    arranged = arrange(path, data, read_as.date_from)
    return find_layout(path, arranged, read_as), arranged.data


def find_layout(path: object, arranged: Arranged, read_as: ReadAs = AS_STATED) -> Layout:
    """Find bands, mask, dates and pixels of an arranged file; raises as `read_layout`."""
    data = arranged.data
    names = _find_names(path, data, read_as)
    _check_bands(path, names, data)
    mask = _find_mask(path, data, names, read_as)
    used = [*names.taken.values(), *([mask.name] if mask else [])]
    crs = find_crs(path, data, [n for n in used if yx_of(data[n])], read_as.crs)
    axes = {n: dims for n in used if (dims := yx_of(data[n]))}
    placed = _lattices(path, data, list(dict.fromkeys(axes.values())), crs)
    lattices = {n: placed[dims] for n, dims in axes.items()}
    time_dims = {n: _time_dim(path, data, n) for n in used}
    dates = {d: _find_times(path, data, d) for d in sorted(set(time_dims.values()))}
    dated = {d: ~np.isnat(t) for d, t in dates.items() if np.isnat(t).any()}
    index = [names.taken[b] for b in ("B04", "B08", "B8A", "NDVI") if b in names.taken]
    return Layout(
        kind=arranged.layout,
        window=target_window(path, [lattices[n] for n in index]),
        lattices=lattices,
        names=names,
        mask=mask,
        time_dims=time_dims,
        days={d: to_days(t[~np.isnat(t)]) for d, t in dates.items()},
        dated=dated,
        remarks=(
            *arranged.remarks,
            *_undated_masks(data),
            *_unmasked_days(names, mask, time_dims, dates),
            *_level_remark(path, data, names),
            *(_undated(d, keep) for d, keep in dated.items()),
        ),
    )


def _lattices(path: object, data: xr.Dataset, axes: list[tuple[str, str]], crs: str) -> dict[tuple[str, str], Lattice]:
    """Return the lattice of each pair of dimensions; coarser ones without coordinates cover what the finest does."""
    own = [dims for dims in axes if dims == ("y", "x") or dims[0] in data.coords]
    placed = {dims: find_lattice(path, data, dims, crs) for dims in own}
    for dims in (d for d in axes if d not in placed):
        if ("y", "x") not in placed:
            raise InvalidCube(path, f"its rows and columns {dims[0]} and {dims[1]} have no coordinates")
        placed[dims] = coarser(path, placed[("y", "x")], (data.sizes[dims[0]], data.sizes[dims[1]]))
    return placed


def pixel_names(data: xr.Dataset) -> list[str]:
    """Return the variables with rows, columns and dates: candidates for bands and masks."""
    return [str(n) for n, v in data.data_vars.items() if yx_of(v) and len(v.dims) > 2]


def _find_names(path: object, data: xr.Dataset, read_as: ReadAs) -> BandNames:
    pixels = pixel_names(data)
    series = [str(n) for n, v in data.data_vars.items() if len(v.dims) == 1 and not yx_of(v)]
    gone = sorted(set(read_as.bands.values()) - set(data.data_vars))
    if gone:
        raise InvalidCube(path, f"it has no variable '{gone[0]}' (--band); it has {listed(pixels) or 'none'}")
    family = find_family(*_said(path, data, pixels), names=pixels)
    found = find_bands(pixels, family=family, stated=read_as.bands)
    weather = find_bands(series, stated={}).taken
    taken = {**found.taken, **{b: n for b, n in weather.items() if b in WEATHER_NAMES}}
    ordered = {b: taken[b] for b in AXES if b in taken}
    return BandNames(
        taken=ordered,
        doubled=found.doubled,
        ignored=found.ignored,
        family=family,
        assignments=found.assignments,
    )


def _said(path: object, data: xr.Dataset, pixels: list[str]) -> list[str]:
    """Return what a file says of its sensor and processing: attributes, coordinates without dimension, its name."""
    holders = [data.attrs, *(data[n].attrs for n in pixels[:1])]
    said = [str(attrs[key]) for key in SAID_BY for attrs in holders if attrs.get(key)]
    said += [str(data[c].values) for c in data.coords if str(c) in SAID_BY and not data[c].dims]
    return [*said, str(getattr(path, "name", path))]


def _level_remark(path: object, data: xr.Dataset, names: BandNames) -> tuple[str, ...]:
    pixels = pixel_names(data)
    if not is_top_of_atmosphere(*_said(path, data, pixels), *pixels) or not set(names.taken) & set(OPTICAL_NAMES):
        return ()
    return (
        "It says that it holds Level-1C, top of the atmosphere; the models are made for surface reflectance (L2A).",
    )


def _check_bands(path: object, names: BandNames, data: xr.Dataset) -> None:
    missing = [] if "B04" in names.taken else ["B04 (red)"]
    if "B08" not in names.taken and "B8A" not in names.taken:
        missing.append("B08 or B8A (near infrared)")
    if not missing or "NDVI" in names.taken:
        return
    pixels = pixel_names(data)
    if names.family not in READ:
        reason = f"its bands ({listed(pixels)}) are those of {names.family.value}, and the models know Sentinel-2's"
        raise InvalidCube(
            path, f"{reason}; state what they are (--band red=B4 --band nir=B5) to read them all the same"
        )
    raise MissingBand(path, missing, pixels)


def _find_mask(path: object, data: xr.Dataset, names: BandNames, read_as: ReadAs) -> FoundMask | None:
    free = [n for n in pixel_names(data) if n not in names.taken.values()]
    try:
        found = find_mask(free, stated=read_as.mask)
    except ValueError as error:
        raise InvalidCube(path, f"{error} (--mask)") from None
    if read_as.mask or (found and found.rule.used_by != ANYONE):
        return found
    candidates = [found.name] if found else mask_like(free)
    flagged = [(n, rule) for n in candidates if (rule := rule_of_flags(n, data[n].attrs))]
    return FoundMask(name=flagged[0][0], rule=flagged[0][1]) if flagged else found


def _time_dim(path: object, data: xr.Dataset, name: str) -> str:
    dims = [str(d) for d in data[name].dims if str(d) not in (yx_of(data[name]) or ())]
    if len(dims) != 1 or dims[0] not in data.coords:
        axes = listed([str(d) for d in data[name].dims])
        raise InvalidCube(path, f"variable '{name}' has the dimensions {axes} and no dated time axis")
    return dims[0]


def _find_times(path: object, data: xr.Dataset, dim: str) -> NDArray[np.datetime64]:
    """Return the dates of an axis, NaT where one cannot be read.

    Raises:
        InvalidCube: it holds no date at all.
    """
    values = data[dim].values
    times = values if values.dtype.kind == "M" else _parse(values)
    if len(times) and np.isnat(times).all():
        shown = str(values[0])[:40]
        raise InvalidCube(
            path, f"its axis '{dim}' does not hold dates of the standard calendar, but values like {shown}"
        )
    return times.astype("datetime64[ns]")


def _parse(values: NDArray[Any]) -> NDArray[np.datetime64]:
    """Read texts, `YYYYMMDD` numbers and dates of other calendars; NaT where a value is none of them."""
    if values.dtype.kind in "iuf" and len(values) and FIRST_DATE_NUMBER <= np.nanmin(values) <= LAST_DATE_NUMBER:
        values = np.array([f"{v:.0f}" for v in values])
    if values.dtype.kind not in "OSU":
        return np.full(len(values), "NaT", "datetime64[ns]")
    texts = [_iso(v) for v in values]
    return np.asarray(pd.to_datetime(pd.Series(texts), errors="coerce", format="%Y-%m-%d").to_numpy("datetime64[ns]"))


def _iso(value: Any) -> str:
    """Return YYYY-MM-DD of a text or a date of Python or cftime; empty where it is none."""
    if isinstance(value, datetime) or hasattr(value, "isoformat"):
        return str(value.isoformat())[:10]
    found = DATE_TEXT.match(value.decode() if isinstance(value, bytes) else str(value))
    return "-".join(found.groups()) if found else ""


def _undated_masks(data: xr.Dataset) -> tuple[str, ...]:
    """Return a remark on masks without dates: one for all dates would hide the clouds of none."""
    flat = [str(n) for n, v in data.data_vars.items() if yx_of(v) and len(v.dims) == 2]
    found = find_mask(flat)
    return (f"'{found.name}' was not used as a cloud mask, as it has no dates.",) if found else ()


def _unmasked_days(
    names: BandNames, mask: FoundMask | None, time_dims: Mapping[str, str], dates: Mapping[str, NDArray[np.datetime64]]
) -> tuple[str, ...]:
    """Return a remark on days with bands and no mask: nothing tells their clouds, so that they are hidden."""
    if mask is None:
        return ()

    def days_of(dim: str) -> set[int]:
        return set(to_days(dates[dim][~np.isnat(dates[dim])]).tolist())

    seen = set().union(*(days_of(time_dims[n]) for b, n in names.taken.items() if AXES[b] == "time"))
    missing = len(seen - days_of(time_dims[mask.name]))
    return (
        (f"{missing} of {len(seen)} dates have no mask ('{mask.name}') and are read as not clear.",) if missing else ()
    )


def _undated(dim: str, keep: NDArray[np.bool_]) -> str:
    return f"{int((~keep).sum())} of {len(keep)} entries of '{dim}' have no date and were left out."
