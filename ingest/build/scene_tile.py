"""Plates: the prepared pixels of one scene in one cell, and the stacks that cubes are made of. No archive, no cache."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from xarray.backends import BackendArray
from xarray.core import indexing

from core.bands import RADAR_NAMES, Floats
from core.grid import Window
from ingest.preprocess.decode import to_db

Mask = NDArray[np.bool_]


class Plate(Protocol):
    """Pixels of one scene in one window: masked reflectance, linear power. May be read from several threads."""

    @property
    def window(self) -> Window:
        """Where it lies."""
        ...

    @property
    def bands(self) -> tuple[str, ...]:
        """Bands that it holds."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """What preparing it has noticed."""
        ...

    def block(self, bands: Sequence[str], rows: slice, columns: slice) -> Floats:
        """Return (C, Y, X) of some bands, rows and columns; NaN = unseen or not clear.

        Raises:
            ReadFailed: the pixels are kept somewhere and can no longer be read.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class MemoryPlate:
    """A plate that is kept in memory. Implements `Plate`."""

    window: Window
    values: Mapping[str, Floats]
    """(Y, X) by band."""
    notes: tuple[str, ...] = ()

    @property
    def bands(self) -> tuple[str, ...]:
        """Bands that it holds."""
        return tuple(self.values)

    def block(self, bands: Sequence[str], rows: slice, columns: slice) -> Floats:
        """Return (C, Y, X) of some bands, rows and columns."""
        return np.stack([self.values[band][rows, columns] for band in bands])


@dataclass(frozen=True, kw_only=True)
class Slot:
    """One date of a time axis (and one orbit direction): all plates of it, in the order in which they count."""

    day: int
    """Days since 1970-01-01."""
    orbit: str
    """`ascending`, `descending` or empty."""
    plates: tuple[Plate, ...]

    def fill(self, out: Floats, bands: Sequence[str], window: Window, asked: Mask | None) -> None:
        """Write the slot into (C, Y, X) of a window, NaN before; the first clear value of a pixel counts.

        Args:
            out: filled in place; linear power becomes dB.
            bands: the C axis; those a plate lacks stay as they are.
            window: where `out` lies, on the lattice of the plates.
            asked: (Y, X), True where pixels are wanted; None = everywhere.
        """
        for plate in self.plates:
            held = [b for b in bands if b in plate.bands]
            here, there = _overlap(window, plate.window)
            if not held or here is None or there is None:
                continue
            block = plate.block(held, *there)
            for band, values in zip(held, block, strict=True):
                target = out[bands.index(band)][here]
                np.copyto(target, values, where=np.isnan(target))
        if asked is not None:
            out[:, ~asked] = np.nan
        for number, band in enumerate(bands):
            if band in RADAR_NAMES:
                out[number] = to_db(out[number])


class Stack(BackendArray):
    """One band of a cube, (T, Y, X), read when it is indexed: a year of a large tile does not fit in memory."""

    def __init__(self, slots: Sequence[Slot], band: str, window: Window, asked: Mask | None) -> None:
        self._slots, self._band, self._window, self._asked = tuple(slots), band, window, asked
        self.shape = (len(self._slots), *window.shape_yx)
        self.dtype = np.dtype(np.float32)

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        """Return what an xarray indexer asks for."""
        return indexing.explicit_indexing_adapter(key, self.shape, indexing.IndexingSupport.BASIC, self._get)

    def _get(self, key: tuple[int | slice, ...]) -> Floats:
        times, rows, columns = (_whole(k, n) for k, n in zip(key, self.shape, strict=True))
        part = _cut(self._window, rows, columns)
        asked = None if self._asked is None else self._asked[rows, columns]
        slots = self._slots[times]
        out = np.full((len(slots), *part.shape_yx), np.nan, np.float32)
        for values, slot in zip(out, slots, strict=True):
            slot.fill(values[None], [self._band], part, asked)
        flat = tuple(0 if isinstance(k, int | np.integer) else slice(None) for k in key)
        return np.asarray(out[flat], np.float32)


def _whole(key: int | slice, size: int) -> slice:
    """Return a slice with step 1 for an int or slice that xarray's adapter has made basic."""
    if isinstance(key, slice):
        start, stop, step = key.indices(size)
        if step != 1:
            raise NotImplementedError("only steps of 1")
        return slice(start, max(start, stop))
    return slice(int(key) % size, int(key) % size + 1)


def _cut(window: Window, rows: slice, columns: slice) -> Window:
    moved = window.transform * window.transform.translation(columns.start, rows.start)
    shape = (rows.stop - rows.start, columns.stop - columns.start)
    return Window(crs=window.crs, transform=moved, shape_yx=shape)


def _overlap(window: Window, plate: Window) -> tuple[tuple[slice, slice], tuple[slice, slice]] | tuple[None, None]:
    """Return the rows and columns common to both, as counted in the window and in the plate."""
    row, column = plate.offset_in(window)
    first, left = max(row, 0), max(column, 0)
    last = min(row + plate.shape_yx[0], window.shape_yx[0])
    right = min(column + plate.shape_yx[1], window.shape_yx[1])
    if first >= last or left >= right:
        return None, None
    here = (slice(first, last), slice(left, right))
    return here, (slice(first - row, last - row), slice(left - column, right - column))
