"""Cube files in: NetCDF and Zarr to Cube, whole or by window. What numbers mean: judge; where they lie: place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from core.bands import RADAR_NAMES, Floats
from core.cube import Cube, SceneRecord
from core.errors import DoubtfulNumbers, InvalidCube
from core.source import AS_STATED, InputSummary, ReadAs
from core.timeline import Days, to_date
from ingest.cubes.arrange import arrange
from ingest.cubes.dates import align, join_dates
from ingest.cubes.judge import judge_mask, judge_numbers
from ingest.cubes.layout import AXES, Layout, read_layout
from ingest.cubes.offset_check import check_offset, given_codings, shifted
from ingest.cubes.open_file import RemoteCube, errors_of, opened
from ingest.cubes.pixels import WHOLE, cut_window, middle, stored_pixels, whole, widened
from ingest.cubes.place import resample
from ingest.cubes.summary import summarise
from ingest.preprocess.clouds import dilate, hidden_by
from ingest.preprocess.prepare import Preparation, margin_pixels
from ingest.preprocess.radar import to_power
from ingest.rules.mask_check import check_mask
from ingest.rules.numbers import Coding, decode, to_db, unseen
from ingest.rules.offset.darkest import BLUE, DARK_BANDS, MIN_DATES
from ingest.rules.offset.dates import INFRARED
from ingest.rules.refusal import Refused

LEAST_CHECKED = 64
"""Edge in pixels of the smallest window whose darkest pixels are believed: 400 m may be all roof or all field."""
AS_SET = Preparation()
"""Masks as the settings have them by default."""


@dataclass(frozen=True, kw_only=True)
class CubeFile:
    """Layout of a cube file that was opened once; every read reopens it, so threads may share it."""

    path: Path | RemoteCube
    layout: Layout
    codings: Mapping[str, Coding]
    """Band name to how it is stored; bands that are not among them are not read."""
    attrs: Mapping[str, Any]
    """Global attributes."""
    summary: InputSummary
    """What the file was taken for."""
    read_as: ReadAs = AS_STATED
    preparation: Preparation = AS_SET
    """How its mask is used and grown."""

    @property
    def bands(self) -> tuple[str, ...]:
        """Bands in the file, in the order of core.bands."""
        return tuple(b for b in self.layout.variables if b in self.codings)

    @property
    def mask_used(self) -> str:
        """Name of the mask that hides clouds; `none` where none does."""
        is_used = self.layout.mask is not None and self.preparation.cloud_mask != "none"
        return self.layout.mask.name if self.layout.mask is not None and is_used else "none"

    def days(self, axis: str) -> Days:
        """Return the sorted, distinct days of `time`, `time_s1` or `time_weather`; empty if the file has none."""
        names = {self.layout.variables[b] for b in self.bands if AXES[b] == axis}
        found = [self.layout.days[d] for d in sorted({self.layout.time_dims[n] for n in names})]
        return np.unique(np.concatenate(found)) if found else np.empty(0, np.int32)

    def read(self, bands: Sequence[str], rows_columns: tuple[slice, slice] = WHOLE) -> xr.Dataset:
        """Read bands of some rows and columns, all dates.

        Args:
            bands: those not in the file are left out.
            rows_columns: counted from the north-western pixel.

        Returns:
            Dataset as `Cube.data` describes it, each axis sorted and without repeated days.

        Raises:
            InvalidCube: the pixels cannot be read, or an offset of reflectance was left in or subtracted twice.
        """
        with opened(self.path) as data:
            try:
                arranged = arrange(self.path, data, self.read_as.date_from)
                return self._read(arranged.data, [b for b in self.bands if b in bands], rows_columns)
            except errors_of(self.path, OSError, RuntimeError, ValueError) as error:
                raise InvalidCube(self.path, f"its pixels cannot be read ({error})") from None

    def _read(self, data: xr.Dataset, bands: Sequence[str], at: tuple[slice, slice]) -> xr.Dataset:
        optical = [b for b in bands if AXES[b] == "time"]
        stacks = {b: self._stack(data, b, at) for b in bands}
        if optical:
            hidden = self._hidden(data, stacks, at)
            stacks |= {b: _mask(stacks[b], self._days(b), hidden) for b in optical}
            self._check_offset(data, stacks, at)
        return join_dates({b: (self._days(b), v) for b, v in stacks.items()})

    def _days(self, band: str) -> Days:
        return self.layout.days[self.layout.time_dims[self.layout.variables[band]]]

    def _stack(self, data: xr.Dataset, band: str, at: tuple[slice, slice]) -> Floats:
        """Return (T, Y, X) of a band in physical units, or (T,) of weather, not masked."""
        name, coding = self.layout.variables[band], self.codings[band]
        stored = _dated(data[name], self.layout, name)
        if AXES[band] == "time_weather":
            return decode(middle(stored), coding, band)
        if self.layout.lattices[name].is_that_of(self.layout.window):
            values = decode(
                stored_pixels(stored, self.layout.lattices[name], *whole(at, self.layout.window)), coding, band
            )
        else:
            values = self._resampled(stored, name, band, at)
        return shifted(band, values, self._days(band), coding, self.read_as)

    def _resampled(self, stored: xr.DataArray, name: str, band: str, at: tuple[slice, slice]) -> Floats:
        """Return (T, Y, X) of a band with other pixels; backscatter is interpolated as power."""
        lattice, is_radar = self.layout.lattices[name], band in RADAR_NAMES

        def read(rows: slice, columns: slice) -> Floats:
            values = decode(stored_pixels(stored, lattice, rows, columns), self.codings[band], band)
            return to_power(values) if is_radar else values

        found = resample(read, lattice, cut_window(self.layout.window, whole(at, self.layout.window)), fill=np.nan)
        return to_db(found) if is_radar else found

    def _hidden(
        self, data: xr.Dataset, stacks: Mapping[str, Floats], at: tuple[slice, slice]
    ) -> tuple[Days, NDArray[np.bool_]]:
        """Return days (T,) and (T, Y, X), True where the optical bands are not clear or hold no data."""
        index = ["NDVI"] if self.layout.has_index_only else ["B04", self.layout.nir]
        seen = [stacks[b] if b in stacks else self._stack(data, b, at) for b in index]
        hidden = ~np.isfinite(seen[0]) if len(seen) == 1 else unseen(seen[0], seen[1])
        days = self._days(index[0])
        if self.layout.mask is not None and self.preparation.cloud_mask != "none":
            clouds = align(self._clouds(data, at), self._mask_days(), onto=days, missing=True)
            self._check_mask(seen[0], clouds)
            hidden = hidden | clouds
        return days, hidden

    def _check_mask(self, visible: Floats, clouds: NDArray[np.bool_]) -> None:
        assert self.layout.mask is not None
        try:
            check_mask(self.layout.mask, visible, clouds)
        except Refused as error:
            raise InvalidCube(self.path, str(error)) from None

    def _mask_days(self) -> Days:
        assert self.layout.mask is not None
        return self.layout.days[self.layout.time_dims[self.layout.mask.name]]

    def _clouds(self, data: xr.Dataset, at: tuple[slice, slice]) -> NDArray[np.bool_]:
        """Return (T, Y, X), True where the mask hides a pixel or one that is near; clouds beyond the window count."""
        mask, window = self.layout.mask, self.layout.window
        assert mask is not None
        reach = margin_pixels(self.preparation, window.resolution_m)
        wide, inner = widened(whole(at, window), reach, window.shape_yx)
        codes = self._codes(data, wide)
        radius = self.preparation.dilation_m / window.resolution_m + 1e-6
        found = np.empty(codes.shape, bool)
        for number, date_codes in enumerate(codes):
            hidden, grown = hidden_by(date_codes, mask.kind, self.preparation.classes)
            found[number] = hidden | dilate(grown, radius)
        return found[(slice(None), *inner)]

    def _codes(self, data: xr.Dataset, at: tuple[slice, slice]) -> NDArray[np.uint8]:
        """Return (T, Y, X) codes of the mask's kind."""
        mask = self.layout.mask
        assert mask is not None
        stored, lattice = _dated(data[mask.name], self.layout, mask.name), self.layout.lattices[mask.name]

        def read(rows: slice, columns: slice) -> NDArray[np.uint8]:
            numbers = stored_pixels(stored, lattice, rows, columns)
            if reason := mask.doubt(numbers):
                raise DoubtfulNumbers(self.path, reason)
            return mask.codes(numbers)

        if lattice.is_that_of(self.layout.window):
            return read(*at)
        nothing = {"SCL": 0, "clear": 0, "CLM": 255}[mask.kind]
        return resample(read, lattice, cut_window(self.layout.window, at), fill=nothing)

    def few_dates_remark(self, data: xr.Dataset) -> str:
        """Return the remark on the offset of a file with so few dates that it is not certain; empty = none is due."""
        if len(self.days("time")) >= MIN_DATES or self.layout.has_index_only:
            return ""
        return self._check_offset(data, {}, WHOLE)

    def _check_offset(self, data: xr.Dataset, stacks: Mapping[str, Floats], at: tuple[slice, slice]) -> str:
        """Check the offset on the pixels that are read, or on a wider window if they are few; see `check_offset`."""
        bands = self._with_dates_of_red(DARK_BANDS)
        if self.read_as.offset is not None or not bands or self.layout.has_index_only:
            return ""
        window = self.layout.window
        rows, columns = whole(at, window)
        reach = max(0, (LEAST_CHECKED - min(rows.stop - rows.start, columns.stop - columns.start) + 1) // 2)
        wide, _ = widened((rows, columns), reach, window.shape_yx)
        is_read = wide == (rows, columns) and BLUE in stacks
        wanted = [*bands, *(b for b in self._with_dates_of_red(INFRARED) if not is_read or b in stacks)]
        values = {b: stacks[b] for b in wanted if b in stacks} if is_read else self._clear(data, wanted, wide)
        return check_offset(
            self.path,
            self._days("B04"),
            {b: v for b, v in values.items() if b in bands},
            stated=min(self.codings[b].offset for b in bands),
            read_as=self.read_as,
            infrared={b: v for b, v in values.items() if b not in bands},
        )

    def _with_dates_of_red(self, names: Sequence[str]) -> list[str]:
        """Return those bands that share the dates of the red one."""
        dims = {b: self.layout.time_dims[self.layout.variables[b]] for b in ("B04", *names) if b in self.codings}
        return [b for b in names if b in dims and dims[b] == dims.get("B04")]

    def _clear(self, data: xr.Dataset, bands: Sequence[str], at: tuple[slice, slice]) -> dict[str, Floats]:
        """Return (T, Y, X) clear reflectance of some bands."""
        stacks = {b: self._stack(data, b, at) for b in bands}
        days, hidden = self._hidden(data, stacks, at)
        return {b: _mask(v, days, (days, hidden)) for b, v in stacks.items()}


def read_cube(
    path: Path,
    *,
    bands: Sequence[str] | None = None,
    read_as: ReadAs = AS_STATED,
    preparation: Preparation = AS_SET,
) -> Cube:
    """Read a whole NetCDF or Zarr cube.

    Names, masks, scales and offsets are told by ingest.rules; `open_cube(path).summary` says what was taken for what.
    Pixels that the mask does not call clear or that are near such ones, that are filled, or that are zero in red and
    near infrared are NaN. Repeated dates are merged: the first clear value counts.

    Args:
        path: a `.nc` file or a `.zarr` folder.
        bands: read only these, and those that NDVI needs; None = all.
        read_as: what the user states about it.
        preparation: how its mask is used and grown.

    Raises:
        InvalidCube: not a cube, or its numbers or their offset cannot be told.
        MissingBand: it allows no NDVI.
    """
    file = open_cube(Path(path), read_as=read_as, preparation=preparation)
    return whole_cube(file, bands)


def whole_cube(file: CubeFile, bands: Sequence[str] | None = None) -> Cube:
    """Read a cube file that was opened, as `read_cube`."""
    wanted = file.bands if bands is None else {*bands, *index_bands(file.layout)}
    return make_cube(file, file.read([b for b in file.bands if b in wanted]))


def open_cube(path: Path | RemoteCube, *, read_as: ReadAs = AS_STATED, preparation: Preparation = AS_SET) -> CubeFile:
    """Inspect a cube file: bands, mask, dates, pixels, CRS and how numbers are stored, from some of its pixels.

    Raises:
        InvalidCube, MissingBand: as `read_cube`.
    """
    with opened(path) as data:
        layout, arranged = read_layout(path, data, read_as)
        if not any(len(d) for d in layout.days.values()):
            raise InvalidCube(path, "it holds no date")
        numbers = judge_numbers(path, arranged, layout)
        judge_mask(path, arranged, layout)
        file = CubeFile(
            path=path,
            layout=layout,
            codings=given_codings(numbers.codings, read_as),
            attrs=dict(data.attrs),
            summary=summarise(path, layout, numbers, read_as),
            read_as=read_as,
            preparation=preparation,
        )
        return replace(file, summary=file.summary.with_remarks(file.few_dates_remark(arranged)))


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


def _mask(values: Floats, days: Days, hidden: tuple[Days, NDArray[np.bool_]]) -> Floats:
    """Write NaN where hidden and return the values; of a band on dates of its own, dates without a mask are hidden."""
    own, where = hidden
    np.copyto(values, np.float32(np.nan), where=align(where, own, onto=days, missing=True))
    return values


def _dated(variable: xr.DataArray, layout: Layout, name: str) -> xr.DataArray:
    """Return a variable without the entries that have no date."""
    dim = layout.time_dims[name]
    return variable.isel({dim: np.nonzero(layout.dated[dim])[0]}) if dim in layout.dated else variable
