"""Cube and Series: one tile's observations, and its pixels as models read them. No file formats.

House letters, used by every docstring: T time, C channel, Y row (north to south), X column, N pixel or series,
H horizon (target date), Q quantile, K class, B batch, D width.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.bands import CHANNELS, NDVI, OPTICAL_NAMES, RADAR_NAMES, WEATHER_NAMES, Floats, channel, ndvi
from core.errors import ReadFailed
from core.timeline import FIRST_DATE, Days, Period, to_date, to_day, to_days

if TYPE_CHECKING:
    import xarray as xr  # with pandas a sixth of the start of a service, which reads no cube
    from xarray.core import indexing

    from core.grid import Window  # loads shapely and pyproj, which models run without

MAX_VISITS = 4
"""Most entries of one axis on one day: two directions of radar, and none known."""
MOST_CLEAR = 4 * 2**20
"""Observations looked at together when clear ones are counted: 50 MB of two bands and what is made of them."""
ORBITS = ("", "ascending", "descending")
"""Meaning of the codes of a cube's coordinate `orbit_s1`: 0 unknown, 1, 2."""


@dataclass(frozen=True, kw_only=True)
class SceneRecord:
    """What became of one scene that the archive listed."""

    scene_id: str
    """The archive's own identifier."""
    time: str
    """Acquisition time, ISO 8601 UTC."""
    failure: str = ""
    """Why it could not be read; empty = read."""
    archive: str = ""
    """Name of the archive that listed it; empty = that of the cube."""
    notes: tuple[str, ...] = ()
    """Remarks from reading it, one sentence each."""
    mask: str = ""
    """What hid its clouds: name or kind (`SCL`, `CLM`, `clear`) of its own mask, `s2cloudless`, `none`; empty = not
    known, or no optical scene."""

    def error(self) -> ReadFailed:
        """Return the failure as an error."""
        return ReadFailed(self.scene_id, self.failure)


def masks_used(scenes: Iterable[SceneRecord]) -> str:
    """Return what hid the clouds of scenes: `SCL`, or `SCL (40 scenes), none (2 scenes)`; empty = not known."""
    counts = Counter(mask for _, mask in sorted({(s.scene_id, s.mask) for s in scenes if s.mask}))
    if len(counts) < 2:
        return next(iter(counts), "")
    return ", ".join(f"{name} ({n} {'scene' if n == 1 else 'scenes'})" for name, n in counts.most_common())


def preparation_done(preparation: Mapping[str, Any], scenes: Iterable[SceneRecord]) -> dict[str, Any]:
    """Return how scenes were prepared, with the mask that was used in place of the one that the settings ask for."""
    used = masks_used(scenes)
    return {**preparation, "cloud_mask": used} if used else dict(preparation)


@dataclass(frozen=True, kw_only=True)
class Cube:
    """Observations of one window, radar and optical each on its own dates; NaN = unseen."""

    data: "xr.Dataset"
    """Variables by band name, float32: optical reflectance 0..1 with dims (time, y, x), NaN where not clear;
    VV, VH in dB with dims (time_s1, y, x); weather with dims (time_weather,), temperature in K, precipitation in m.
    Every variable is optional, and so is each time axis (datetime64[ns], sorted, midnight UTC). Where radar passes of
    both directions are known, `orbit_s1` (time_s1,) holds the code of ORBITS, and a day with both appears twice.
    Variables of a large cube are read from the cache when they are indexed."""
    window: "Window"
    """Where it lies."""
    archive: str
    """Name of the archive, or of the file."""
    is_simulated: bool = False
    """True = no satellite has measured this; every output states it."""
    scenes: tuple[SceneRecord, ...] = ()
    """Every scene that the archive listed for the window and period, read or failed."""

    @property
    def shape_yx(self) -> tuple[int, int]:
        """Rows, columns."""
        return self.window.shape_yx

    @property
    def pixels(self) -> int:
        """Number of pixels."""
        return self.shape_yx[0] * self.shape_yx[1]

    @property
    def failures(self) -> tuple[SceneRecord, ...]:
        """Scenes that could not be read."""
        return tuple(s for s in self.scenes if s.failure)

    @property
    def optical(self) -> tuple[str, ...]:
        """Optical bands present, in the order of CHANNELS."""
        return tuple(b for b in OPTICAL_NAMES if b in self.data)

    @property
    def radar(self) -> tuple[str, ...]:
        """Radar bands present."""
        return tuple(b for b in RADAR_NAMES if b in self.data)

    def axis_days(self, axis: str) -> Days:
        """Return the days of `time`, `time_s1` or `time_weather`; empty where the cube has no such axis."""
        return to_days(self.data[axis].values) if axis in self.data.coords else np.empty(0, np.int32)

    @property
    def period(self) -> Period:
        """First to last date of any axis."""
        days = np.concatenate([self.axis_days(a) for a in ("time", "time_s1", "time_weather")])
        return Period(start=to_date(days.min()), end=to_date(days.max()))

    def ndvi(self) -> Floats:
        """Return (T, Y, X) NDVI from B04 and B08 (B8A where B08 is absent), or the variable NDVI; NaN = unseen."""
        red, *nir = self._of_ndvi()
        if nir:
            return ndvi(self.data[red].values, self.data[nir[0]].values)
        return np.asarray(self.data[red].values, np.float32)

    def _of_ndvi(self) -> tuple[str, ...]:
        """Return the variables that NDVI is from: red and near infrared, or itself."""
        nir = next((b for b in ("B08", "B8A") if b in self.data), "")
        return ("B04", nir) if nir and "B04" in self.data else ("NDVI",)

    def clear_count(self) -> NDArray[np.int32]:
        """Return (Y, X) the number of dates with a clear NDVI."""
        return self.clear_and_last()[0]

    def clear_and_last(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Return (Y, X) the number of dates with a clear NDVI, and the day of the last; -1 = never.

        A few dates at a time, so that a large cube is not held in memory.
        """
        count, days = np.zeros(self.shape_yx, np.int32), self.axis_days("time")
        never = np.iinfo(np.int32).min
        last = np.full(self.shape_yx, never, np.int32)
        if not len(days):
            return count, np.full_like(last, -1)
        data = self.data[list(self._of_ndvi())]
        step = max(1, MOST_CLEAR // max(1, count.size))
        for first in range(0, len(days), step):
            part = slice(first, first + step)
            is_clear = np.isfinite(replace(self, data=data.isel(time=part)).ndvi())
            count += is_clear.sum(axis=0, dtype=np.int32)
            last = np.maximum(last, np.where(is_clear, days[part, None, None], never).max(axis=0))
        return count, np.where(count > 0, last, np.int32(-1))

    def rows(self, rows: slice) -> "Cube":
        """Return some rows of the cube."""
        first, last, _ = rows.indices(self.shape_yx[0])
        moved = self.window.transform * self.window.transform.translation(0, first)
        window = replace(self.window, transform=moved, shape_yx=(last - first, self.shape_yx[1]))
        return replace(
            self, data=self.data.isel(y=slice(first, last)) if "y" in self.data.dims else self.data, window=window
        )

    @property
    def is_in_memory(self) -> bool:
        """Whether no pixel is read from a disk when it is needed."""
        return all(v.variable._in_memory for v in self.data.data_vars.values())

    def loaded(self) -> "Cube":
        """Return the cube with its pixels in memory; bands that are parts of one array on a disk are read together."""
        from xarray.core import indexing

        parts = {str(name): v.variable._data for name, v in self.data.data_vars.items()}
        lazy = {name: p for name, p in parts.items() if isinstance(p, indexing.LazilyIndexedArray)}
        groups: dict[int, list[str]] = {}
        for name, part in lazy.items():
            groups.setdefault(id(part.array), []).append(name)
        read = {
            name: (self.data[name].dims, pixels)
            for names in groups.values()
            for name, pixels in _read_together({name: lazy[name] for name in names}).items()
        }
        return replace(self, data=self.data.assign(read).load())

    def between(self, period: Period) -> "Cube":
        """Return the part of the cube in a period, every axis cut."""
        data = self.data
        for axis in ("time", "time_s1", "time_weather"):
            if axis in data.coords:
                days = self.axis_days(axis)
                keep = (days >= to_day(period.start)) & (days <= to_day(period.end))
                data = data.isel({axis: np.nonzero(keep)[0]})
        return replace(self, data=data)

    def before(self, day: date) -> "Cube":
        """Return the part of the cube strictly before a day."""
        return self.between(Period(start=FIRST_DATE, end=to_date(to_day(day) - 1)))

    def series(self, rows: slice = slice(None), columns: slice = slice(None)) -> "Series":
        """Return some rows and columns of pixels, on the union of all dates; two radar passes of a day are two.

        Returns:
            Series of N = rows x columns pixels; ids are the flat pixel numbers in the whole cube.
        """
        axes = {a: _visits(self.axis_days(a)) for a in ("time", "time_s1", "time_weather")}
        visits = np.unique(np.concatenate(list(axes.values())))
        days = (visits // MAX_VISITS).astype(np.int32)
        numbers = np.arange(self.pixels).reshape(self.shape_yx)[rows, columns].ravel()
        count = len(numbers)
        values = np.full((count, len(days), len(CHANNELS)), np.nan, np.float32)
        part = self.data.isel(y=rows, x=columns)
        for name in (*self.optical, *self.radar, *(w for w in WEATHER_NAMES if w in part)):
            axis = str(part[name].dims[0])
            at = np.searchsorted(visits, axes[axis])
            pixels = part[name].values.reshape(len(at), count if part[name].ndim == 3 else 1).T
            values[:, at, channel(name)] = np.broadcast_to(pixels, (count, len(at)))
        if "time" in part.coords:
            index = replace(self, data=part).ndvi()
            at = np.searchsorted(visits, axes["time"])
            values[:, at, channel("NDVI")] = index.reshape(len(at), count).T
        return Series(ids=numbers.astype(str), days=np.broadcast_to(days, (count, len(days))), values=values)


def _read_together(parts: "Mapping[str, indexing.LazilyIndexedArray]") -> Mapping[str, Floats]:
    """Read bands of one (C, T, Y, X) array, of which each is a number and the same dates, rows and columns."""
    from xarray.core import indexing

    numbers = {name: part.key.tuple[0] for name, part in parts.items()}
    first, *others = (part.key.tuple[1:] for part in parts.values())
    if not all(isinstance(n, int | np.integer) for n in numbers.values()) or not all(_same(first, o) for o in others):
        return {}
    low, high = min(numbers.values()), max(numbers.values()) + 1
    together = indexing.LazilyIndexedArray(next(iter(parts.values())).array, _key((slice(low, high), *first)))
    pixels = np.asarray(together.get_duck_array())  # type: ignore[no-untyped-call]  # xarray.core.indexing has no types
    return {name: pixels[number - low] for name, number in numbers.items()}


def _key(parts: tuple[Any, ...]) -> "indexing.ExplicitIndexer":
    from xarray.core import indexing

    is_basic = not any(isinstance(part, np.ndarray) for part in parts)
    return indexing.BasicIndexer(parts) if is_basic else indexing.OuterIndexer(parts)


def _same(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    return len(one) == len(other) and all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def _visits(days: Days) -> NDArray[np.int64]:
    """Number the entries of a sorted axis so that two entries of one day have two numbers."""
    first = np.searchsorted(days, days, side="left")
    return days.astype(np.int64) * MAX_VISITS + (np.arange(len(days)) - first)


@dataclass(frozen=True, kw_only=True)
class Series:
    """Pixels, parcels or sites as models read them: N series of up to T dates."""

    ids: NDArray[np.str_]
    """(N,) names."""
    days: Days
    """(N, T) days since 1970-01-01, ascending in each row; padding has all values NaN and repeats the last day."""
    values: Floats
    """(N, T, C) in the order of core.bands.CHANNELS: reflectance 0..1, NDVI -1..1, dB, K, m; NaN = unseen."""
    static: Floats | None = None
    """(N, 2) elevation (m) and slope (degrees); NaN = unknown; None = unknown for all."""

    def __post_init__(self) -> None:
        expected = (*self.days.shape, len(CHANNELS))
        if self.values.shape != expected or len(self.ids) != len(self.days):
            raise ValueError(f"values {self.values.shape} do not fit {len(self.ids)} ids and days {self.days.shape}")

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, rows: NDArray[np.int_] | slice) -> "Series":
        """Return some of the series."""
        static = None if self.static is None else self.static[rows]
        return replace(self, ids=self.ids[rows], days=self.days[rows], values=self.values[rows], static=static)

    def between(self, first: Days, last: Days) -> "Series":
        """Return the series with everything outside a period unseen.

        Args:
            first, last: (N,) the first and last day of each series, both included.
        """
        inside = (self.days >= first[:, None]) & (self.days <= last[:, None])
        if inside.all():
            return self
        return replace(self, values=np.where(inside[..., None], self.values, np.float32(np.nan)))

    def only(self, names: Collection[str]) -> "Series":
        """Return the series with every channel unseen but NDVI and those named."""
        hidden = [channel(n) for n in CHANNELS if n not in names and n != NDVI.name]
        if not np.isfinite(self.values[..., hidden]).any():
            return self
        values = self.values.copy()
        values[..., hidden] = np.nan
        return replace(self, values=values)

    def clear_count(self) -> NDArray[np.int32]:
        """Return (N,) the number of dates with a clear NDVI."""
        return np.asarray(np.isfinite(self.values[..., channel(NDVI.name)]).sum(axis=1), np.int32)

    @property
    def shown(self) -> tuple[str, ...]:
        """Channels that are seen at least once, in the order of CHANNELS."""
        return tuple(n for n in CHANNELS if np.isfinite(self.values[..., channel(n)]).any())

    @property
    def last_days(self) -> Days:
        """(N,) day of the last row of each series, seen or not."""
        return np.asarray(self.days.max(axis=1, initial=np.iinfo(np.int32).min), np.int32)
