"""How sure a map is, in shares of its pixels: by probability, by width of the interval, by age of the observation."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.bands import NDVI, Floats
from core.product import Layer, Variable
from outputs.cog import RasterFile
from outputs.map_report.pixels import shares_between, step_of, values
from outputs.reports.numbers import percent
from products.evidence import FEW_OBSERVATIONS

Rows = tuple[tuple[str, str], ...]

PROBABILITY_EDGES = (0.5, 0.7, 0.9)
RANGES = ("below 50 %", "50 to 70 %", "70 to 90 %", "90 % or more")
CHANGES = ("none in sight: below 50 %", "possible: 50 to 70 %", "likely: 70 to 90 %", "clear: 90 % or more")
"""Names of the ranges between these."""
WIDTH_EDGES = (0.2, 0.4)
"""Of 90 % intervals of NDVI: what is narrower than the first tells a green field from a bare one with ease."""
AGE_EDGES = (5.5, 15.5)
"""Whole days."""


@dataclass(frozen=True, kw_only=True)
class Sureness:
    """A table of shares, and what it is of."""

    heading: str
    rows: Rows
    """Range and share of the pixels, the surest first."""


def sureness(raster: RasterFile) -> tuple[Sureness, ...]:
    """Return what the layers tell of how sure they are; the most important first, empty where they tell nothing."""
    found = (_of_classes(raster), _of_intervals(raster), _of_ages(raster), _of_counts(raster))
    return tuple(part for part in found if part)


def _of_classes(raster: RasterFile) -> Sureness | None:
    """Return how probable the mapped classes are, or how significant the likeliest changes."""
    step = step_of(raster)
    significance = next((v for v in raster.layers if v.variable == Variable.SIGNIFICANCE), None)
    if significance:
        rows = _rows(_share(raster, significance, step), PROBABILITY_EDGES, CHANGES)
        return Sureness(heading="Least probability of the likeliest change", rows=rows)
    classes = next((v for v in raster.layers if v.variable == Variable.CLASS), None)
    probabilities = [v for v in raster.layers if v.variable == Variable.PROBABILITY]
    if classes is None or not probabilities:
        return None
    found = _mapped_probability(raster, classes, probabilities, step)
    return Sureness(heading="Probability of the mapped class", rows=_rows(found, PROBABILITY_EDGES, RANGES))


def _mapped_probability(raster: RasterFile, classes: Layer, probabilities: Sequence[Layer], step: int) -> Floats:
    """Return (Y, X) the probability of the class that is mapped; one without a layer has what the others leave."""
    codes = values(raster, classes, step=step)
    shares = [_share(raster, layer, step) for layer in probabilities]
    found = np.where(np.isnan(codes), np.nan, np.clip(1 - np.sum(shares, axis=0), 0, 1))
    for layer, share in zip(probabilities, shares, strict=True):
        found = np.where(codes == layer.class_code, share, found)
    return found.astype(np.float32)


def _share(raster: RasterFile, layer: Layer, step: int) -> Floats:
    """Return (Y, X) probabilities 0..1."""
    return values(raster, layer, step=step) / np.float32(100 if layer.unit == "%" else 1)


def _of_intervals(raster: RasterFile) -> Sureness | None:
    """Return how wide the 90 % intervals of NDVI are on the last date."""
    bounds = [v for v in raster.layers if v.variable == NDVI.name and v.quantile in (0.05, 0.95)]
    if not bounds:
        return None
    last = max(v.date for v in bounds)
    ends = {v.quantile: v for v in bounds if v.date == last}
    if len(ends) < 2:
        return None
    step = step_of(raster)
    width = values(raster, ends[0.95], step=step) - values(raster, ends[0.05], step=step)
    names = ("narrower than 0.2", "0.2 to 0.4", "0.4 or wider")
    return Sureness(heading=f"90 % interval of NDVI on {last}", rows=_rows(width, WIDTH_EDGES, names, is_rising=True))


def _of_ages(raster: RasterFile) -> Sureness | None:
    """Return how many days lie between the last date and the nearest clear observation."""
    layers = [v for v in raster.layers if v.variable == Variable.DAYS_TO_CLEAR]
    if not layers:
        return None
    last = max(layers, key=lambda v: v.date)
    days = np.abs(values(raster, last, step=step_of(raster)))
    heading = f"Days from {last.date} to a clear observation" if last.date else "Days to a clear observation"
    names = ("5 or fewer", "6 to 15", "more than 15")
    return Sureness(heading=heading, rows=_rows(days, AGE_EDGES, names, is_rising=True))


def _of_counts(raster: RasterFile) -> Sureness | None:
    """Return how many clear observations the pixels have."""
    layer = next((v for v in raster.layers if v.variable == Variable.CLEAR_COUNT), None)
    if layer is None:
        return None
    count = values(raster, layer, step=step_of(raster))
    names = (f"fewer than {FEW_OBSERVATIONS}", f"{FEW_OBSERVATIONS} to 19", "20 or more")
    return Sureness(heading="Clear observations of a pixel", rows=_rows(count, (FEW_OBSERVATIONS, 20), names))


def _rows(found: Floats, edges: Sequence[float], names: Sequence[str], *, is_rising: bool = False) -> Rows:
    """Return names and shares; the last range first, unless the least values are the surest."""
    pairs = tuple(zip(names, (percent(s, decimals=0) for s in shares_between(found, edges)), strict=True))
    return pairs if is_rising else pairs[::-1]
