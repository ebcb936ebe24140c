"""Cube files in: NetCDF and Zarr to Cube, whole or by window. Meaning of numbers: decode; their place: layout."""

import logging
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from affine import Affine
from numpy.typing import NDArray

from core.bands import Floats
from core.cube import Cube, SceneRecord
from core.errors import InvalidCube
from core.grid import Window
from core.source import AS_STATED, InputSummary, ReadAs
from core.timeline import Days, to_date, to_times
from ingest.cubes.layout import AXES, Layout, find_layout
from ingest.rules.numbers import Coding, decode, doubt, find_coding, is_clear, unseen

logger = logging.getLogger(__name__)

SAMPLE_DATES = 8
SAMPLE_PIXELS = 16
"""Size of the sample that shows how an undeclared variable is stored: dates, and central rows and columns."""

WHOLE = (slice(None), slice(None))
"""All rows, all columns."""


@dataclass(frozen=True, kw_only=True)
class RemoteCube:
    """A cube that is opened by a function instead of a path."""

    url: str
    open_dataset: Callable[[], xr.Dataset]
    """Opens it undecoded but for its dates."""
    errors: tuple[type[Exception], ...]
    """Errors of opening and reading besides Python's own."""

    @property
    def name(self) -> str:
        """Last part of the URL."""
        return self.url.rstrip("/").rsplit("/", 1)[-1]

    @property
    def stem(self) -> str:
        """The name without suffix."""
        return Path(self.name).stem

    def __str__(self) -> str:
        """Return the URL."""
        return self.url


@dataclass(frozen=True, kw_only=True)
class CubeFile:
    """Layout of a cube file that was opened once; every read reopens it, so threads may share it."""

    path: Path | RemoteCube
    layout: Layout
    codings: Mapping[str, Coding]
    """Band name to how it is stored."""
    attrs: Mapping[str, Any]
    """Global attributes."""

    @property
    def summary(self) -> InputSummary:
        """What the file was taken for."""
        mask = self.layout.clear_variable
        names = ", ".join(f"{b} from {n}" if b != n else b for b, n in self.layout.variables.items())
        days = np.concatenate([self.days(axis) for axis in ("time", "time_s1", "time_weather")])
        dates = f"dates: {len(np.unique(days))} from {to_date(days.min())} to {to_date(days.max())}"
        return InputSummary(
            name=self.path.name,
            layout="cube with a variable for each band",
            taken=(f"bands: {names}", *([f"mask: {mask}"] if mask else []), dates),
            remarks=() if mask else ("It has no cloud mask, and all its pixels are taken as clear.",),
        )

    @property
    def bands(self) -> tuple[str, ...]:
        """Bands in the file, in the order of core.bands."""
        return tuple(self.layout.variables)

    def days(self, axis: str) -> Days:
        """Return the sorted, distinct days of `time`, `time_s1` or `time_weather`; empty if the file has none."""
        dims = {self.layout.time_dims[b] for b in self.bands if AXES[b] == axis}
        found = [self.layout.days[d] for d in sorted(dims)]
        return np.unique(np.concatenate(found)) if found else np.empty(0, np.int32)

    def read(self, bands: Sequence[str], rows_columns: tuple[slice, slice] = WHOLE) -> xr.Dataset:
        """Read bands of some rows and columns, all dates.

        Args:
            bands: those not in the file are left out.
            rows_columns: counted from the north-western pixel.

        Returns:
            Dataset as `Cube.data` describes it, each axis sorted and without repeated days.

        Raises:
            InvalidCube: the pixels cannot be read.
        """
        with _opened(self.path) as data:
            try:
                return self._read(data, [b for b in self.bands if b in bands], rows_columns)
            except _errors(self.path, OSError, RuntimeError, ValueError) as error:
                raise InvalidCube(self.path, f"its pixels cannot be read ({error})") from None

    def _read(self, data: xr.Dataset, bands: Sequence[str], rows_columns: tuple[slice, slice]) -> xr.Dataset:
        optical = [b for b in bands if AXES[b] == "time"]
        stacks = {b: self._stack(data, b, rows_columns) for b in bands}
        if optical:
            hidden = self._hidden(data, stacks, rows_columns)
            stacks |= {b: np.where(hidden, np.float32(np.nan), stacks[b]) for b in optical}
        return _dataset({b: (self.layout.days[self.layout.time_dims[b]], v) for b, v in stacks.items()})

    def _hidden(self, data: xr.Dataset, stacks: Mapping[str, Floats], at: tuple[slice, slice]) -> NDArray[np.bool_]:
        """Return (T, Y, X), True where the optical bands are not clear or hold no data."""
        layout = self.layout
        if layout.has_index_only:
            index = stacks["NDVI"] if "NDVI" in stacks else self._stack(data, "NDVI", at)
            hidden = ~np.isfinite(index)
        else:
            red, nir = (stacks[b] if b in stacks else self._stack(data, b, at) for b in ("B04", layout.nir))
            hidden = unseen(red, nir)
        if layout.clear_variable:
            hidden |= ~is_clear(self._raw(data, layout.clear_variable, at), layout.clear_variable)
        return hidden

    def _stack(self, data: xr.Dataset, band: str, rows_columns: tuple[slice, slice]) -> Floats:
        name = self.layout.variables[band]
        if AXES[band] == "time_weather" and "y" in data[name].dims:  # weather is coarse: one value for the whole file
            rows, columns = self.layout.window.shape_yx
            middle = (slice(rows // 2, rows // 2 + 1), slice(columns // 2, columns // 2 + 1))
            return decode(self._raw(data, name, middle)[:, 0, 0], self.codings[band], band)
        return decode(self._raw(data, name, rows_columns), self.codings[band], band)

    def _raw(self, data: xr.Dataset, name: str, rows_columns: tuple[slice, slice]) -> NDArray[Any]:
        """Return stored numbers (T, Y, X) with row 0 in the north, or (T,)."""
        variable = data[name]
        if "y" not in variable.dims:
            return np.asarray(variable.values)
        rows, columns = (slice(*s.indices(n)) for s, n in zip(rows_columns, self.layout.window.shape_yx, strict=True))
        if self.layout.is_south_up:
            height = self.layout.window.shape_yx[0]
            rows = slice(height - rows.stop, height - rows.start)
        part = variable.isel(y=rows, x=columns).transpose(..., "y", "x").values
        return np.asarray(part[:, ::-1] if self.layout.is_south_up else part)


def read_cube(path: Path, *, bands: Sequence[str] | None = None, read_as: ReadAs = AS_STATED) -> Cube:
    """Read a whole NetCDF or Zarr cube.

    Floats are read as reflectance 0..1, packed integers by their CF attributes, plain integers as 1e-4 (logged).
    Pixels that `clear`, `SCL` or `CLM` does not call clear, that are filled, or that are zero in red and near infrared
    are NaN. Repeated dates are merged: the first clear value counts.

    Args:
        path: a `.nc` file or a `.zarr` folder.
        bands: read only these, and those that NDVI needs; None = all.

    Raises:
        InvalidCube: not a cube.
        MissingBand: it allows no NDVI.
    """
    file = open_cube(Path(path), read_as=read_as)
    wanted = file.bands if bands is None else {*bands, *index_bands(file.layout)}
    return make_cube(file, file.read([b for b in file.bands if b in wanted]))


def open_cube(path: Path | RemoteCube, *, read_as: ReadAs = AS_STATED) -> CubeFile:
    """Inspect a cube file: bands, dates, pixels, CRS and how numbers are stored, without reading its pixels.

    Raises:
        InvalidCube, MissingBand: as `read_cube`.
    """
    with _opened(path) as data:
        layout = find_layout(path, data)
        if not any(len(d) for d in layout.days.values()):
            raise InvalidCube(path, "it holds no date")
        codings = {b: _coding(path, data, layout, b) for b in layout.variables}
        return CubeFile(path=path, layout=layout, codings=codings, attrs=dict(data.attrs))


def index_bands(layout: Layout) -> tuple[str, ...]:
    """Return the bands from which the file's NDVI comes."""
    return ("NDVI",) if layout.has_index_only else ("B04", layout.nir)


def make_cube(file: CubeFile, data: xr.Dataset) -> Cube:
    """Return the cube of a whole file's pixels."""
    return Cube(
        data=data,
        window=file.layout.window,
        archive=file.path.stem,
        is_simulated=is_simulated(file.attrs),
        scenes=tuple(
            SceneRecord(scene_id=f"{file.path.stem}/{axis}/{to_date(d)}", time=to_date(d).isoformat())
            for axis in ("time", "time_s1", "time_weather")
            for d in file.days(axis)
        ),
    )


def is_simulated(attrs: Mapping[str, Any]) -> bool:
    """Tell whether a file's attributes call it simulated."""
    value = attrs.get("landcast:simulated", attrs.get("landcast_simulated", attrs.get("simulated", "false")))
    return str(value).lower() in ("1", "true", "yes")


def window_slices(window: Window, part: Window) -> tuple[slice, slice]:
    """Return the rows and columns of `window` that `part` covers, cut to the window; both on one lattice."""
    row, column = part.offset_in(window)
    height, width = part.shape_yx
    rows, columns = window.shape_yx
    return (
        slice(min(max(row, 0), rows), min(max(row + height, 0), rows)),
        slice(min(max(column, 0), columns), min(max(column + width, 0), columns)),
    )


def cut_window(window: Window, rows_columns: tuple[slice, slice]) -> Window:
    """Return the part of a window at some rows and columns."""
    rows, columns = rows_columns
    old = window.transform
    moved = Affine(old.a, 0, old.c + old.a * columns.start, 0, old.e, old.f + old.e * rows.start)
    return Window(crs=window.crs, transform=moved, shape_yx=(rows.stop - rows.start, columns.stop - columns.start))


@contextmanager
def _opened(path: Path | RemoteCube) -> Iterator[xr.Dataset]:
    """Open a file undecoded but for its dates.

    Raises:
        InvalidCube: it is missing, or not NetCDF or Zarr.
    """
    try:
        with warnings.catch_warnings():  # a store without consolidated metadata is slower to open, not wrong
            warnings.filterwarnings("ignore", message=".*consolidated metadata.*")
            data = path.open_dataset() if isinstance(path, RemoteCube) else _open_path(path)
    except _errors(path, OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        logger.debug("open_failed path=%s error=%s", path, error)
        kind = "NetCDF file" if isinstance(path, Path) and not path.is_dir() else "Zarr store"
        raise InvalidCube(path, f"it is not a readable {kind}") from None
    with data:
        yield data


def _open_path(path: Path) -> xr.Dataset:
    if not path.exists():
        raise InvalidCube(path, "there is no such file")
    is_zarr = path.is_dir()
    if is_zarr and not any((path / name).exists() for name in ("zarr.json", ".zgroup", ".zmetadata")):
        raise InvalidCube(path, "it is a folder but not a Zarr store")
    return xr.open_dataset(path, engine="zarr" if is_zarr else "netcdf4", mask_and_scale=False)


def _errors(path: Path | RemoteCube, *usual: type[Exception]) -> tuple[type[Exception], ...]:
    """Return what opening or reading a cube may raise."""
    return (*usual, *path.errors) if isinstance(path, RemoteCube) else usual


def _coding(path: Path | RemoteCube, data: xr.Dataset, layout: Layout, band: str) -> Coding:
    """Find how a band is stored; optical bands without attributes are judged by the red band."""
    name = layout.variables[band]
    speaker = layout.variables["B04"] if AXES[band] == "time" and band != "NDVI" and "B04" in layout.variables else name
    alike = data[speaker].dtype.kind == data[name].dtype.kind
    sample = _sample(data[speaker if alike else name])
    coding = find_coding(band, data[name].attrs, sample, where=f"{path.name}:{name}")
    if name == "agera5_precipitation_flux":  # AgERA5: mm per day (doi:10.24381/cds.6c68c9bb)
        coding = replace(coding, unit="mm")
    if reason := doubt(band, _sample(data[name]), coding):
        raise InvalidCube(path, reason)
    return coding


def _sample(variable: xr.DataArray) -> NDArray[Any]:
    """Return some stored numbers: a few dates spread over the axis, the central rows and columns."""
    at: dict[str, NDArray[np.int_] | slice] = {}
    for dim, size in variable.sizes.items():
        if dim in ("y", "x"):
            first = max(0, size // 2 - SAMPLE_PIXELS // 2)
            at[str(dim)] = slice(first, first + SAMPLE_PIXELS)
        else:
            at[str(dim)] = np.unique(np.linspace(0, max(size - 1, 0), min(SAMPLE_DATES, size)).astype(int))
    return np.asarray(variable.isel(at).values)


def _dataset(stacks: Mapping[str, tuple[Days, Floats]]) -> xr.Dataset:
    """Put stacks on the axes of a Cube: the union of each axis's days, sorted, repeated days merged."""
    data = xr.Dataset()
    for axis in ("time", "time_s1", "time_weather"):
        mine = {b: v for b, v in stacks.items() if AXES[b] == axis}
        if not mine:
            continue
        days = np.unique(np.concatenate([d for d, _ in mine.values()]))
        data = data.assign_coords({axis: to_times(days)})
        for band, (own, values) in mine.items():
            dims = (axis,) if values.ndim == 1 else (axis, "y", "x")
            data[band] = (dims, merge_days(own, values, onto=days))
    return data


def merge_days(days: Days, values: Floats, *, onto: Days) -> Floats:
    """Put values on sorted distinct days; where a day repeats, the first value that is not NaN counts.

    Args:
        days: (T,) of the values, any order.
        values: (T, ...).
        onto: (T',) sorted, holds every one of `days`.

    Returns:
        (T', ...) float32, NaN on days without values.
    """
    if np.array_equal(days, onto):
        return values
    merged = np.full((len(onto), *values.shape[1:]), np.nan, np.float32)
    for at, value in zip(np.searchsorted(onto, days), values, strict=True):
        merged[at] = np.where(np.isnan(merged[at]), value, merged[at])
    return merged
