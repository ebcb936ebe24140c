"""Observations of fields as series: means over their pixels by weight, added up part by part of a cube. No model."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from core.bands import CHANNELS, NDVI, OPTICAL_NAMES, Floats, channel
from core.cube import Series
from core.timeline import Days

CLEAR_SHARE = 0.5
"""Share of a field from which a date counts as clear: less may be one corner of it."""
MEASURED = tuple(channel(n) for n in (*OPTICAL_NAMES, NDVI.name))
"""Channels of which a mean is taken; radar means would be of power, and no forecast reads them."""
Doubles = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class History:
    """What was seen of F fields."""

    series: Series
    """One series for each field; a date that is not clear enough is unseen."""
    std: Floats
    """(F, T) standard deviation of NDVI within the field, by weight; NaN where the date is unseen."""
    clear_share: Floats
    """(F, T) share of the field, by weight, that is clear on each date, 0..1."""

    @property
    def ndvi(self) -> Floats:
        """(F, T) mean NDVI."""
        return self.series.values[..., channel(NDVI.name)]


class Sums:
    """Running sums over the pixels of a cube, for F fields and T dates."""

    def __init__(self, days: Days, fields: int) -> None:
        """Begin with nothing.

        Args:
            days: (T,) of the cube.
            fields: F.
        """
        self._days = days
        self._total = np.zeros((fields, len(days), len(MEASURED)))
        self._weight = np.zeros_like(self._total)
        self._square = np.zeros((fields, len(days)))

    def add(self, values: Floats, weights: sparse.csr_matrix) -> None:
        """Add P pixels.

        Args:
            values: (P, T, C) as of a Series; NaN = unseen.
            weights: (F, P).
        """
        measured = values[..., MEASURED].astype(np.float64)
        is_seen = np.isfinite(measured)
        measured[~is_seen] = 0
        self._total += _product(weights, measured)
        self._weight += _product(weights, is_seen)
        self._square += _product(weights, measured[..., -1] ** 2)

    def history(self, ids: NDArray[np.str_], weight: Doubles) -> History:
        """Return the means.

        Args:
            ids: (F,) of the fields.
            weight: (F,) sum of the weights of all pixels of each field.
        """
        seen = self._weight[..., -1]
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where(weight[:, None] > 0, seen / weight[:, None], 0).astype(np.float32)
            mean = self._total / self._weight
            std = np.sqrt(np.maximum(self._square / seen - mean[..., -1] ** 2, 0))
        is_clear = (share >= CLEAR_SHARE - 1e-6) & (seen > 0)
        values = np.full((*share.shape, len(CHANNELS)), np.nan, np.float32)
        values[..., MEASURED] = np.where(is_clear[..., None], mean, np.nan)
        days = np.broadcast_to(self._days, share.shape)
        return History(
            series=Series(ids=ids, days=days, values=values),
            std=np.where(is_clear, std, np.nan).astype(np.float32),
            clear_share=np.clip(share, 0, 1),
        )


class ClassSums:
    """Running sums of the layers of a class map over pixels, for F fields."""

    def __init__(self, fields: int, layers: int, classes: int) -> None:
        """Begin with nothing."""
        self._total, self._weight = np.zeros((fields, layers)), np.zeros(fields)
        self._of_class = np.zeros((fields, classes))

    def add(self, values: Floats, weights: sparse.csr_matrix) -> None:
        """Add P pixels.

        Args:
            values: (P, L), the class first; NaN = unseen, in all layers of a pixel.
            weights: (F, P).
        """
        is_seen = np.isfinite(values[:, 0])
        self._weight += weights @ is_seen.astype(np.float64)
        self._total += weights @ np.where(is_seen[:, None], values, 0).astype(np.float64)
        codes = np.arange(self._of_class.shape[1])
        self._of_class += weights @ (values[:, :1] == codes).astype(np.float64)

    def weight(self) -> Floats:
        """Return (F,) the weight of the pixels that were seen."""
        return self._weight.astype(np.float32)

    def means(self) -> Floats:
        """Return (F, L) means; NaN of a field none of whose pixels was seen."""
        return self._over_weight(self._total)

    def shares(self) -> Floats:
        """Return (F, K) the share of the field that is mapped as each class; NaN likewise."""
        return self._over_weight(self._of_class)

    def _over_weight(self, sums: Doubles) -> Floats:
        with np.errstate(divide="ignore", invalid="ignore"):
            return (sums / self._weight[:, None]).astype(np.float32)


def _product(weights: sparse.csr_matrix, values: NDArray[np.generic]) -> Doubles:
    """Return (F, ...) weighted sums of (P, ...) values."""
    flat = values.reshape(len(values), -1).astype(np.float64, copy=False)
    return np.asarray(weights @ flat).reshape(weights.shape[0], *values.shape[1:])
