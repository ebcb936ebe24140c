"""What was seen in a cube, an archive or a table: dates, months, clear share, bands. A sample where the input is large.

Nothing is predicted, and nothing is written.
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from shapely import get_parts

from core.bands import NDVI, OPTICAL_NAMES, RADAR_NAMES, WEATHER_NAMES, channel
from core.cube import Cube, Series
from core.grid import Window
from core.region import Region
from core.timeline import Days, Period, to_date, to_day
from ingest.archive import Archive, Scene
from ingest.build.cube import build_cube
from ingest.build.reader import Reader
from ingest.cubes.pixels import cut_window
from ingest.cubes.read import CubeFile, index_bands, is_simulated

SAMPLE_VALUES = 4_000_000
"""Most values of one band that are read of a cube file: some hundred MB, a few seconds."""
SAMPLE_EDGE = 128
"""Edge in pixels of the place that is read of an archive."""
SAMPLE_DATES = 24
"""Most dates of an archive that are read, spread over all of them."""
PICTURE_BANDS = ("B02", "B03", "B04")
GROUPS: Mapping[str, tuple[str, ...]] = {
    "10 m bands": ("B02", "B03", "B04", "B08"),
    "red edge": ("B05", "B06", "B07", "B8A"),
    "short-wave infrared": ("B11", "B12"),
    "radar": RADAR_NAMES,
    "weather": WEATHER_NAMES,
}
"""Bands that carry the same kind of information, as models use them."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """Optical observations of an input."""

    days: Days
    """(T,) distinct dates of the whole input, sorted; days since 1970-01-01."""
    looked_at: Days
    """(T',) those of them whose pixels were read."""
    clear: NDArray[np.float64]
    """(T',) share of the pixels read that are clear, 0..1."""
    basis: str
    """What was read: `all pixels`, or how many of how many."""

    @property
    def clear_share(self) -> float:
        """Mean share of clear pixels, 0..1; 0 where nothing was read."""
        return float(self.clear.mean()) if len(self.clear) else 0.0

    def is_clear_in(self, period: Period) -> bool:
        """Return whether any pixel that was read is clear on a day of a period."""
        first, last = to_day(period.start), to_day(period.end)
        return bool((self.clear[(self.looked_at >= first) & (self.looked_at <= last)] > 0).any())

    def has_looked_at(self, period: Period) -> bool:
        """Return whether every date of the input in a period was read."""
        first, last = to_day(period.start), to_day(period.end)
        inside = self.days[(self.days >= first) & (self.days <= last)]
        return bool(np.isin(inside, self.looked_at).all())

    def by_year(self) -> dict[str, "Year"]:
        """Return dates and months of each year."""
        dates: dict[str, int] = defaultdict(int)
        months: dict[str, set[int]] = defaultdict(set)
        for day in map(to_date, self.days):
            dates[str(day.year)] += 1
        for day in map(to_date, self.looked_at[self.clear > 0]):
            months[str(day.year)].add(day.month)
        return {year: Year(dates=count, clear_months=sorted(months[year])) for year, count in dates.items()}


@dataclass(frozen=True, kw_only=True)
class Year:
    """Observations of one year."""

    dates: int
    clear_months: list[int]
    """Months, 1 to 12, with a clear pixel among those that were read."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """What was read of a cube or an archive."""

    seen: Seen
    sample: Cube
    """Bands of NDVI, and those of true colour where the input has them."""
    failures: tuple[str, ...] = ()
    """Why scenes could not be read, a sentence each."""


def look_at_cube(file: CubeFile) -> Look:
    """Read a cube file as a whole, or the part of it with clear pixels that is nearest to its middle.

    Raises:
        InvalidCube: its pixels cannot be read.
    """
    days = file.days("time")
    height, width = file.layout.window.shape_yx
    edge = max(1, math.isqrt(SAMPLE_VALUES // max(1, len(days))))
    is_whole = height * width <= edge * edge
    places = [(slice(0, height), slice(0, width))] if is_whole else _places(height, width, edge)
    parts = (_part_of(file, place) for place in places)
    sample = next((part for part in parts if _clear_shares(part).any()), None) or _part_of(file, places[0])
    clear = _clear_shares(sample)
    rows, columns = sample.shape_yx
    basis = "all pixels" if is_whole else f"{rows} x {columns} of {height} x {width} pixels"
    return Look(seen=Seen(days=days, looked_at=days, clear=clear, basis=basis), sample=sample)


def look_at_archive(archive: Archive, reader: Reader) -> Look:
    """Read some dates of a place in the middle of an archive.

    Raises:
        ArchiveError: it cannot be read.
    """
    whole, window = whole_window(archive), sample_window(archive)
    listed = [s for s in archive.search(whole, archive.period) if s.sensor == "s2"]
    here = [s for s in archive.search(window, archive.period) if s.sensor == "s2"]
    looked_at = spread(days_of(here), SAMPLE_DATES)
    cubes = {int(day): read_day(archive, window, int(day), reader) for day in looked_at}
    clear = np.array([_clear_shares(c).max(initial=0.0) for c in cubes.values()], np.float64)
    nothing = Cube(data=xr.Dataset(), window=window, archive=archive.name)
    best = cubes[int(looked_at[clear.argmax()])] if len(clear) else nothing
    rows, columns = window.shape_yx
    basis = f"{len(looked_at)} of {len(days_of(listed))} dates of {rows} x {columns} pixels {place_of(window)}"
    failures = tuple(dict.fromkeys(str(f.error()) for c in cubes.values() for f in c.failures))
    return Look(
        seen=Seen(days=days_of(listed), looked_at=looked_at, clear=clear, basis=basis), sample=best, failures=failures
    )


def look_at_series(series: Series) -> Seen:
    """Count the rows of a table: what is clear is the share of series with an NDVI on a date."""
    is_clear = np.isfinite(series.values[..., channel(NDVI.name)])
    is_row = np.isfinite(series.values).any(axis=2)
    days, at = np.unique(series.days, return_inverse=True)
    at = at.reshape(series.days.shape)
    rows = np.bincount(at[is_row], minlength=len(days))
    clear = np.bincount(at[is_clear], minlength=len(days))
    known = rows > 0
    share = clear[known] / rows[known]
    return Seen(days=days[known].astype(np.int32), looked_at=days[known], clear=share, basis="all rows")


def band_groups(bands: Sequence[str]) -> dict[str, list[str]]:
    """Return the bands of each group; a group without any is left out, and NDVI alone is one."""
    found = {name: [b for b in group if b in bands] for name, group in GROUPS.items()}
    alone = ["NDVI"] if "NDVI" in bands and not set(bands) & set(OPTICAL_NAMES) else []
    return {name: held for name, held in {**found, "NDVI only": alone}.items() if held}


def read_day(archive: Archive, window: Window, day: int, reader: Reader) -> Cube:
    """Return the pixels of one day."""
    when = to_date(day)
    bands = (*PICTURE_BANDS, "B08", "B8A", "NDVI")
    return build_cube(archive, window, Period(start=when, end=when), bands, reader=reader)


def whole_window(archive: Archive) -> Window:
    """Return the window around everything that an archive holds."""
    region = Region(geometry=archive.footprint)
    return archive.grid(region).window(region)


def sample_window(archive: Archive) -> Window:
    """Return a window in the middle of the largest piece of an archive."""
    largest = max(get_parts(archive.footprint), key=lambda piece: float(piece.area))
    point = Region(geometry=largest.representative_point().buffer(1e-6))
    piece = Region(geometry=largest)
    grid = archive.grid(point)
    whole, middle = grid.window(piece), grid.window(point)
    row, column = middle.offset_in(whole)
    rows, columns = (min(SAMPLE_EDGE, size) for size in whole.shape_yx)
    first = min(max(0, row - rows // 2), whole.shape_yx[0] - rows)
    left = min(max(0, column - columns // 2), whole.shape_yx[1] - columns)
    return cut_window(whole, (slice(first, first + rows), slice(left, left + columns)))


def spread(days: Days, most: int) -> Days:
    """Return some of many days, evenly spread, the first and the last among them."""
    return days[np.unique(np.linspace(0, len(days) - 1, most).round().astype(int))] if len(days) > most else days


def days_of(scenes: Sequence[Scene]) -> Days:
    """Return the distinct days of scenes, sorted."""
    return np.unique(np.array([to_day(s.time.date()) for s in scenes], np.int32))


def place_of(window: Window) -> str:
    """Return where a window lies, for a sentence."""
    middle = window.footprint_wgs84.centroid
    return f"at {middle.x:.4f}, {middle.y:.4f} degrees"


def _places(height: int, width: int, edge: int) -> list[tuple[slice, slice]]:
    """Return the middle of a cube and of its four quarters: the middle may lie in a lake or outside the swath."""
    shares = ((0.5, 0.5), (0.25, 0.25), (0.75, 0.75), (0.25, 0.75), (0.75, 0.25))
    return [(_around(height, y, edge), _around(width, x, edge)) for y, x in shares]


def _around(size: int, share: float, edge: int) -> slice:
    length = min(edge, size)
    first = min(max(0, round(size * share) - length // 2), size - length)
    return slice(first, first + length)


def _part_of(file: CubeFile, place: tuple[slice, slice]) -> Cube:
    data = file.read([*index_bands(file.layout), *PICTURE_BANDS], place)
    window = cut_window(file.layout.window, place)
    return Cube(data=data, window=window, archive=file.path.stem, is_simulated=is_simulated(file.attrs))


def _clear_shares(cube: Cube) -> NDArray[np.float64]:
    """Return (T,) the share of clear pixels of each date; empty where nothing could be read."""
    names = {str(n) for n in cube.data.data_vars}
    has_ndvi = "NDVI" in names or ("B04" in names and bool({"B08", "B8A"} & names))
    return np.isfinite(cube.ndvi()).mean(axis=(1, 2)) if has_ndvi else np.zeros(0)
