"""Scales of colours of continuous layers, for programs that have colour maps of these names."""

from core.product import Layer, Variable
from core.quantities import QUANTITIES

_SCALES: dict[str, tuple[float, float, str]] = {
    Variable.ANOMALY: (-0.5, 0.5, "brbg"),
    Variable.DEPARTURE: (-0.5, 0.5, "brbg"),
    Variable.PERCENTILE: (0, 100, "brbg"),
    Variable.DAYS_TO_CLEAR: (0, 60, "viridis"),
    Variable.DISSIMILARITY: (0, 2, "viridis"),
    Variable.CLEAR_COUNT: (0, 100, "viridis"),
}
"""Least and greatest value, colour map (names of rio-tiler and matplotlib, lower case) of variables."""
_PERCENT, _SHARE, _INDEX = (0, 100, "viridis"), (0, 1, "viridis"), (0, 1, "ylgn")


def scale_of(layer: Layer) -> tuple[float, float, str]:
    """Return least and greatest value and colour map of a continuous layer; the name is one of rio-tiler's."""
    if layer.unit == "%":
        return _PERCENT
    if layer.variable in (Variable.PROBABILITY, Variable.SIGNIFICANCE):
        return _SHARE
    known = QUANTITIES.get(layer.variable)
    if known is None or layer.variable in _SCALES:
        return _SCALES.get(layer.variable, _INDEX)
    return (*known.shown, "ylgn" if known.factor > 0 else "viridis")
