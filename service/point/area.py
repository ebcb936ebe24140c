"""Reading the pixels of a finished job's raster that belong to an area. No HTTP; a single pixel: read.py."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidOption
from core.grid import Window
from core.job import Job
from core.product import Layer
from core.region import Region
from core.settings import Settings
from service.results import find_file

MOST_VALUES = 500_000
"""Values in one answer: pixels of the rectangle around the area, times layers. As JSON they are about 4 MB."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """A rectangle of pixels of some layers."""

    window: Window
    layers: tuple[Layer, ...]
    values: NDArray[np.float64]
    """(L, Y, X) in the units of the layers; NaN = unseen, or outside the area."""


def read_block(settings: Settings, job: Job, region: Region, names: Collection[str]) -> Block | None:
    """Return some layers of the pixels that belong to an area; None if no pixel of the raster does.

    Args:
        settings: where results lie.
        job: finished.
        region: the area; pixels belong to it as those of an order belong to its region.
        names: of the layers.

    Raises:
        InvalidOption: it has more values than one answer may have.
        UnknownResult, StoreUnavailable: as `service.results.find_file`.
    """
    from outputs.cog import open_cog

    raster = open_cog(find_file(settings, job, f"{job.order.product}.tif"))
    part = _part(raster.window, region)
    if part is None:
        return None
    rows, columns = part
    chosen = [n for n, layer in enumerate(raster.layers) if layer.name in names]
    window = _cut(raster.window, rows, columns)
    _check_size(window, len(chosen))
    belongs = window.mask(region)
    if not belongs.any():
        return None
    stored = raster.read_stored(chosen, rows, columns)
    found = np.stack([raster.coding(n).values(numbers) for n, numbers in zip(chosen, stored, strict=True)])
    values = np.where(belongs, np.round(found.astype(np.float64), 6), np.nan)
    return Block(window=window, layers=tuple(raster.layers[n] for n in chosen), values=values)


def _part(window: Window, region: Region) -> tuple[slice, slice] | None:
    """Return rows and columns of a raster around an area, as far as they lie in it."""
    west, south, east, north = region.to_crs(window.crs).bounds
    (left, top), (right, low) = ~window.transform * (west, north), ~window.transform * (east, south)
    rows = _range(top, low, window.shape_yx[0])
    columns = _range(left, right, window.shape_yx[1])
    return (rows, columns) if rows is not None and columns is not None else None


def _range(first: float, last: float, size: int) -> slice | None:
    start, stop = max(0, int(np.floor(first))), min(size, int(np.floor(last)) + 1)
    return slice(start, stop) if start < stop else None


def _cut(window: Window, rows: slice, columns: slice) -> Window:
    moved = window.transform * window.transform.translation(columns.start, rows.start)
    shape_yx = (rows.stop - rows.start, columns.stop - columns.start)
    return Window(crs=window.crs, transform=moved, shape_yx=shape_yx)


def _check_size(window: Window, layers: int) -> None:
    height, width = window.shape_yx
    if height * width * layers > MOST_VALUES:
        given = f"{width:,} x {height:,} pixels of {layers:,} layers"
        allowed = (
            f"one answer has {MOST_VALUES:,} values at most; ask for a smaller area, for fewer parameters or times, "
            "or read the GeoTIFF of the job"
        )
        raise InvalidOption("coords", given, allowed)
