"""One group of fields measured: the pixels of its cube averaged to series and classified. Forecasts: answer.py."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from core.bands import CHANNELS, Floats
from core.cube import Cube, Series
from core.product import Layer, Variable
from core.timeline import to_day
from products.fields.coverage import Coverage
from products.fields.flags import MIN_SEEN
from products.fields.means import ClassSums, History, Sums
from workers.fields.order import Part

BLOCK_PIXELS = 2048
"""Pixels averaged and classified at once."""
LEFT_OVER = ("non_crop", "none")
"""Classes whose probability follows from the others."""
STRIP_BYTES = 192 * 2**20
"""Series of whole rows of a cube that are held at once: a large cube reads its chunks again for each strip."""


@dataclass(frozen=True, kw_only=True)
class Classified:
    """Means of one class map over F fields."""

    part: Part
    layers: tuple[Layer, ...]
    means: Floats
    """(F, L); NaN of fields without a pixel that was seen."""
    shares: Floats
    """(F, K) share of the field that is mapped as each class."""
    seen: Floats
    """(F,) share of the field's pixels that are mapped at all, 0..1."""

    def figures(self) -> dict[str, Floats]:
        """Return (F,) by column: `p_crop`, `crop_share`, ...; the class of what is left over has none.

        NaN where less than half of a field was seen: what a part shows says little of the field.
        """
        named, enough = [v for v in self.layers if v.class_name], self.seen >= MIN_SEEN
        found: dict[str, Floats] = {}
        for k, v in enumerate(named):
            if v.class_name not in LEFT_OVER:
                found[f"p_{v.class_name}"] = np.where(enough, self.means[:, self.layers.index(v)], np.nan)
                found[f"{v.class_name}_share"] = np.where(enough, self.shares[:, k], np.nan)
        return found

    def dissimilarity(self) -> Floats | None:
        """Return (F,) the mean dissimilarity; None where the model cannot tell it."""
        at = next((n for n, v in enumerate(self.layers) if v.variable == Variable.DISSIMILARITY), None)
        return None if at is None else self.means[:, at]

    def is_outside(self, number: int) -> bool:
        """Tell whether a field lies outside the model's area of applicability, by its mean dissimilarity."""
        index, limit = self.dissimilarity(), getattr(self.part.options, "dissimilarity_limit", None)
        return index is not None and limit is not None and bool(index[number] > limit)


def measure(
    cube: Cube, coverage: Coverage, ids: NDArray[np.str_], maps: Sequence[Part]
) -> tuple[History, list[Classified]]:
    """Average and classify the pixels of a cube.

    Args:
        cube: observations of the order's period.
        coverage: weights of its pixels for F fields.
        ids: (F,) of the fields.
        maps: class maps to make; of at most `MOST_CLASSED` pixels a field.
    """
    thin = coverage.thinned()
    sums: Sums | None = None
    layers = [p.product.layers(p.options) for p in maps]
    classes = [ClassSums(len(ids), len(v), sum(1 for one in v if one.class_name)) for v in layers]
    for series, at in _blocks(cube, coverage.is_wanted()):
        sums = sums or Sums(series.days[0], len(ids))
        sums.add(series.values, coverage.weights[:, at])
        for part, own in zip(maps, classes, strict=True):
            _classify(series, thin[:, at], part, own)
    weight = np.asarray(coverage.weights.sum(axis=1)).ravel()
    history = (sums or Sums(np.zeros(1, np.int32), len(ids))).history(ids, weight)
    looked_at = np.maximum(np.asarray(thin.sum(axis=1)).ravel(), np.finfo(np.float32).tiny)
    return history, [
        Classified(part=p, layers=v, means=c.means(), shares=c.shares(), seen=c.weight() / looked_at)
        for p, v, c in zip(maps, layers, classes, strict=True)
    ]


def _blocks(cube: Cube, wanted: NDArray[np.bool_]) -> Iterator[tuple[Series, NDArray[np.int64]]]:
    """Yield the wanted pixels of a cube as series, some at a time, with their flat numbers."""
    height, width = cube.shape_yx
    dates = sum(len(cube.axis_days(axis)) for axis in ("time", "time_s1", "time_weather"))
    step = max(1, STRIP_BYTES // (4 * len(CHANNELS) * max(dates, 1) * width))
    for first in range(0, height, step):
        last = min(first + step, height)
        chosen = np.nonzero(wanted[first * width : last * width])[0]
        if not len(chosen):
            continue
        strip = _at_least_one_day(cube.series(slice(first, last)))
        for begin in range(0, len(chosen), BLOCK_PIXELS):
            part = chosen[begin : begin + BLOCK_PIXELS]
            yield strip.take(part), part + first * width


def _at_least_one_day(series: Series) -> Series:
    """Return series with a day on which nothing was seen, where they have no day at all."""
    if series.days.shape[1]:
        return series
    values = np.full((len(series), 1, series.values.shape[2]), np.nan, np.float32)
    return Series(ids=series.ids, days=np.zeros((len(series), 1), np.int32), values=values)


def _classify(series: Series, weights: sparse.csr_matrix, part: Part, sums: ClassSums) -> None:
    """Classify the pixels that have a weight, and add them."""
    chosen = np.nonzero(np.asarray(weights.sum(axis=0)).ravel() > 0)[0]
    days = part.options.days
    ends = (np.full(len(chosen), to_day(day), np.int32) for day in (days.start, days.end))
    seen = series.take(chosen).only(part.product.bands).between(*ends)
    is_seen = np.isfinite(seen.values).any(axis=(1, 2))
    if not is_seen.any():
        return
    rows = np.nonzero(is_seen)[0]
    values = part.product.predict(seen.take(rows), [part.options] * len(rows), part.checkpoint)
    sums.add(values, weights[:, chosen[rows]])
