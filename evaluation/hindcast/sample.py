"""Which series or pixels of a source a hindcast forecasts again, and the independent places they lie in."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.bands import NDVI, channel
from core.cube import Series
from core.errors import NoClearObservation
from core.source import Source
from core.timeline import Period
from products.forecast import NdviForecast
from products.order import require_ndvi

PLACE_PIXELS = 10
"""Edge of the blocks of pixels that are resampled as a whole: neighbouring pixels repeat each other."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Series to forecast again, and the places that make them independent."""

    name: str
    """Of the table, cube or region."""
    series: Series
    places: NDArray[np.str_]
    """(N,) the series itself, or the 10 x 10 pixels that it lies in."""
    unit: str
    """`series` or `pixels`."""
    total: int
    """How many there are, of which these were drawn."""
    is_simulated: bool = False


def draw_sample(source: Source, period: Period, limit: int) -> Sample:
    """Draw series or pixels among those ever seen in a period.

    Args:
        source: series of a table are places of their own; of pixels, blocks of 10 x 10 are.
        limit: most series drawn.

    Raises:
        MissingBand: the source shows no NDVI.
        NoClearObservation: nothing was ever seen.
    """
    name = f"region of {source.name}" if source.kind == "region" else source.name
    require_ndvi(source.bands, name)
    seen = np.concatenate([is_seen(block) for block in source.blocks(period)])
    rows, parts, first = _draw(seen, limit, name), [], 0
    for block in source.blocks(period):
        here = rows[(rows >= first) & (rows < first + len(block))] - first
        if len(here):
            parts.append(block.take(here).only(NdviForecast.bands))
        first += len(block)
    series = _joined(parts)
    return Sample(
        name=name,
        series=series,
        places=series.ids if source.shape_yx is None else _blocks(rows, source.shape_yx[1]),
        unit="series" if source.shape_yx is None else "pixels",
        total=int(seen.sum()),
        is_simulated=source.is_simulated,
    )


def is_seen(series: Series) -> NDArray[np.bool_]:
    """Return (N,) whether NDVI was ever seen."""
    return np.asarray(np.isfinite(series.values[..., channel(NDVI.name)]).any(axis=1))


def _joined(parts: list[Series]) -> Series:
    statics = [p.static for p in parts if p.static is not None]
    return Series(
        ids=np.concatenate([p.ids for p in parts]),
        days=np.concatenate([p.days for p in parts]),
        values=np.concatenate([p.values for p in parts]),
        static=np.concatenate(statics) if statics else None,
    )


def _blocks(pixels: NDArray[np.int64], width: int) -> NDArray[np.str_]:
    """Return the names of the blocks that flat pixel numbers lie in."""
    row, column = np.divmod(pixels, width)
    return np.array([f"{r}_{c}" for r, c in zip(row // PLACE_PIXELS, column // PLACE_PIXELS, strict=True)])


def _draw(seen: NDArray[np.bool_], limit: int, name: str) -> NDArray[np.int64]:
    rows = np.flatnonzero(seen)
    if not len(rows):
        raise NoClearObservation(f"'{name}'", "the whole of its period")
    if len(rows) <= limit:
        return rows
    return np.sort(np.random.default_rng(0).choice(rows, limit, replace=False))
