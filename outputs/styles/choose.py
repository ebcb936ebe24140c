"""Which layers of a raster are drawn: one when it is opened, and few more that are worth a layer of their own."""

from collections.abc import Sequence

from core.product import Layer

MOST_MEDIANS = 3


def first_drawn(layers: Sequence[Layer]) -> Layer:
    """Return the layer that is drawn first: the first one, or of a forecast its first median."""
    return layers[0] if layers[0].legend else next((layer for layer in layers if layer.is_median), layers[0])


def worth_drawing(layers: Sequence[Layer]) -> tuple[Layer, ...]:
    """Return the layer that is drawn first, all others with a legend, and of a forecast its first medians to its last.

    Of many dates these are the first, the middle and the last one.
    """
    first = first_drawn(layers)
    medians = [layer for layer in layers if layer.is_median and layer.variable == first.variable]
    step = max(1, (len(medians) - 1) // (MOST_MEDIANS - 1))
    some = medians[::step][:MOST_MEDIANS]
    some = [*some[:-1], medians[-1]] if len(some) > 1 else some
    return tuple(layer for layer in layers if layer is first or layer.legend or any(layer is m for m in some))
