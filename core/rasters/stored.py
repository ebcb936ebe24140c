"""Which numbers forecasts are stored as: 16-bit integers in steps that are finer than any forecast is sure of.

Earlier files have floats; what numbers stand for is read by coding.py.
"""

from collections.abc import Sequence

from core.product import Layer, Variable
from core.quantities import QUANTITIES
from core.rasters.coding import DTYPE, LARGEST, NODATA, Coding

STEP = 1e-4
"""Of NDVI and what else lies within 3.2767 of 0; wider quantities have a step of ten times that, and so on."""
_COUNTS = (Variable.CLEAR_COUNT, Variable.POOLED_OVER, Variable.DAYS_TO_CLEAR)


def is_compact(layers: Sequence[Layer]) -> bool:
    """Return whether a raster of these layers is stored as integers: it has quantiles, and its pixels are floats."""
    return any(layer.quantile is not None for layer in layers) and all(layer.dtype == "float32" for layer in layers)


def coding_for(layer: Layer) -> Coding:
    """Return how a layer of a forecast is stored. All layers of a variable are stored alike."""
    if layer.variable in _COUNTS:
        return Coding(dtype=DTYPE, nodata=NODATA)
    known = QUANTITIES.get(layer.variable)
    largest = max(map(abs, known.limits)) if known else 1.0
    step = STEP
    while largest > LARGEST * step:
        step *= 10
    return Coding(dtype=DTYPE, nodata=NODATA, scale=step)
