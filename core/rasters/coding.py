"""How the numbers in a file stand for values: scale, offset, nodata. All that reads pixels of a result asks here."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from core.bands import Floats

DTYPE, NODATA, LARGEST = "int16", -32768, 32767
"""Type of stored forecasts; what stands for nodata; the largest number, as its negative the smallest."""


class Stored(Protocol):
    """What a raster says of its bands, as an open one of rasterio does."""

    @property
    def dtypes(self) -> Sequence[str]:
        """Type of each band."""
        ...

    @property
    def nodata(self) -> float | None:
        """Number of the first band that stands for nodata; those of the others are the same."""
        ...

    @property
    def scales(self) -> Sequence[float]:
        """What the numbers of each band are multiplied by."""
        ...

    @property
    def offsets(self) -> Sequence[float]:
        """What is added to them then."""
        ...


@dataclass(frozen=True, kw_only=True)
class Coding:
    """How the numbers of one band stand for values."""

    dtype: str
    """Type of the numbers."""
    nodata: float = float("nan")
    """Number that stands for nodata; NaN of floats, and of bands that have none."""
    scale: float = 1.0
    offset: float = 0.0
    """value = number * scale + offset."""

    @property
    def is_plain(self) -> bool:
        """Whether the numbers are the values: codes, percents and counts as bytes, and floats."""
        return self.scale == 1 and self.offset == 0 and self.dtype in ("uint8", "float32", "float64")

    def values(self, numbers: NDArray[Any]) -> Floats:
        """Return what numbers stand for, float32; NaN = nodata."""
        unseen = np.isnan(numbers) if np.isnan(self.nodata) else numbers == self.nodata
        return np.where(unseen, np.nan, numbers * np.float64(self.scale) + self.offset).astype(np.float32)

    def numbers(self, values: Floats) -> NDArray[np.int16]:
        """Return the nearest int16 numbers of values; NaN is nodata, and what lies beyond the ends becomes an end."""
        steps = np.rint((values.astype(np.float64) - self.offset) / self.scale)
        return np.where(np.isnan(values), NODATA, np.clip(steps, -LARGEST, LARGEST)).astype(np.int16)

    def beyond(self, values: Floats) -> int:
        """Return how many values lie beyond the ends of `numbers`, infinite ones among them."""
        return int((np.abs(values.astype(np.float64) - self.offset) > (LARGEST + 0.5) * self.scale).sum())


def coding_of(raster: Stored, band: int) -> Coding:
    """Return how a band of an open raster is stored.

    Args:
        raster: as rasterio opens it.
        band: from 1.
    """
    nodata = float("nan") if raster.nodata is None else float(raster.nodata)
    at = band - 1
    scale, offset = float(raster.scales[at]), float(raster.offsets[at])
    return Coding(dtype=raster.dtypes[at], nodata=nodata, scale=scale, offset=offset)
