"""Scene tiles: prepared pixels of one scene in one read block, and the stacks that make a cube. No archive or cache."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from xarray.backends import BackendArray
from xarray.core import indexing

from core.bands import RADAR_NAMES, Floats
from core.grid import Window
from ingest.cubes.pixels import cut_window
from ingest.rules.numbers import to_db

Mask = NDArray[np.bool_]


class SceneTile(Protocol):
    """Pixels of one scene in one window: masked reflectance, linear power. Safe to read from several threads."""

    @property
    def window(self) -> Window:
        """Its place."""
        ...

    @property
    def bands(self) -> tuple[str, ...]:
        """Bands that it holds."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """Remarks of its preparation."""
        ...

    @property
    def mask(self) -> str:
        """What hid its clouds, as `core.cube.SceneRecord.mask`."""
        ...

    def read(self, bands: Sequence[str], rows: slice, columns: slice) -> Floats:
        """Return (C, Y, X) of some bands, rows and columns; NaN = unseen or not clear.

        Raises:
            ReadFailed: the stored pixels can no longer be read.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class MemorySceneTile:
    """A scene tile that is kept in memory. Implements `SceneTile`."""

    window: Window
    values: Mapping[str, Floats]
    """(Y, X) by band."""
    notes: tuple[str, ...] = ()
    mask: str = ""

    @property
    def bands(self) -> tuple[str, ...]:
        """Bands that it holds."""
        return tuple(self.values)

    def read(self, bands: Sequence[str], rows: slice, columns: slice) -> Floats:
        """Return (C, Y, X) of some bands, rows and columns."""
        return np.stack([self.values[band][rows, columns] for band in bands])


@dataclass(frozen=True, kw_only=True)
class TimeStep:
    """One date of a time axis (and one orbit direction): its scene tiles in order of precedence."""

    day: int
    """Days since 1970-01-01."""
    orbit: str
    """`ascending`, `descending` or empty."""
    scene_tiles: tuple[SceneTile, ...]

    def fill(self, out: Floats, bands: Sequence[str], window: Window, wanted: Mask | None) -> None:
        """Write the time step into (C, Y, X) of a window, NaN before; the first clear value of a pixel counts.

        Args:
            out: filled in place; linear power becomes dB.
            bands: the C axis; bands that a scene tile lacks stay as they are.
            window: where `out` lies, on the lattice of the scene_tiles.
            wanted: (Y, X), True where pixels are wanted; None = everywhere.
        """
        for scene_tile in self.scene_tiles:
            held = [b for b in bands if b in scene_tile.bands]
            here, there = _overlap(window, scene_tile.window)
            if not held or here is None or there is None:
                continue
            block = scene_tile.read(held, *there)
            for band, values in zip(held, block, strict=True):
                target = out[bands.index(band)][here]
                np.copyto(target, values, where=np.isnan(target))
        if wanted is not None:
            out[:, ~wanted] = np.nan
        for number, band in enumerate(bands):
            if band in RADAR_NAMES:
                out[number] = to_db(out[number])


class Stack(BackendArray):
    """Bands of a cube, (C, T, Y, X), read when they are indexed: a year of a large tile does not fit in memory."""

    def __init__(self, steps: Sequence[TimeStep], bands: Sequence[str], window: Window, wanted: Mask | None) -> None:
        self._steps, self._bands, self._window, self._wanted = tuple(steps), tuple(bands), window, wanted
        self.shape = (len(self._bands), len(self._steps), *window.shape_yx)
        self.dtype = np.dtype(np.float32)

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        """Return the values at an xarray indexer."""
        return indexing.explicit_indexing_adapter(key, self.shape, indexing.IndexingSupport.BASIC, self._get)

    def band(self, name: str) -> indexing.LazilyIndexedArray:
        """Return one band, (T, Y, X), read when it is indexed; `core.cube.Cube.loaded` reads several at once."""
        every = slice(None)
        return indexing.LazilyIndexedArray(self, indexing.BasicIndexer((self._bands.index(name), every, every, every)))

    def _get(self, key: tuple[int | slice, ...]) -> Floats:
        chosen, times, rows, columns = (_whole(k, n) for k, n in zip(key, self.shape, strict=True))
        part = cut_window(self._window, (rows, columns))
        wanted = None if self._wanted is None else self._wanted[rows, columns]
        bands, steps = self._bands[chosen], self._steps[times]
        out = np.full((len(bands), len(steps), *part.shape_yx), np.nan, np.float32)
        for number, step in enumerate(steps):
            step.fill(out[:, number], bands, part, wanted)
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


def _overlap(window: Window, scene_tile: Window) -> tuple[tuple[slice, slice], tuple[slice, slice]] | tuple[None, None]:
    """Return the rows and columns common to both, as counted in the window and in the scene_tile."""
    row, column = scene_tile.offset_in(window)
    first, left = max(row, 0), max(column, 0)
    last = min(row + scene_tile.shape_yx[0], window.shape_yx[0])
    right = min(column + scene_tile.shape_yx[1], window.shape_yx[1])
    if first >= last or left >= right:
        return None, None
    here = (slice(first, last), slice(left, right))
    return here, (slice(first - row, last - row), slice(left - column, right - column))
