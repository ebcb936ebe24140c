"""Layers of a finished job as people look at them: kind, colours, legend. No pixels; those are drawn in preview.py."""

from dataclasses import dataclass

from core.job import Job
from core.product import Layer, Variable
from core.quantities import QUANTITIES, Quantity
from products.catalogue import find_product
from service.schemas import LayerView, LegendStop

Colour = tuple[int, int, int]


@dataclass(frozen=True, kw_only=True)
class Ramp:
    """Colours of a continuous layer, interpolated between stops."""

    values: tuple[float, ...]
    """Ascending; beyond the ends the end colours hold."""
    colours: tuple[Colour, ...]
    """One per value."""


NDVI_RAMP = Ramp(
    values=(-0.2, 0.0, 0.2, 0.4, 0.6, 0.8, 1.0),
    colours=(
        (74, 98, 138),
        (196, 178, 150),
        (233, 219, 170),
        (190, 205, 118),
        (120, 168, 76),
        (48, 122, 58),
        (8, 72, 42),
    ),
)
"""Water blue, soil brown, then greens; lightness falls from 0.2 on, so it reads in grey too."""
PERCENT_RAMP = Ramp(
    values=(0, 25, 50, 75, 100),
    colours=((247, 244, 236), (214, 214, 190), (150, 178, 140), (74, 132, 104), (14, 78, 74)),
)
ANOMALY_RAMP = Ramp(
    values=(-0.5, -0.25, 0.0, 0.25, 0.5),
    colours=((110, 66, 16), (202, 164, 96), (245, 245, 245), (104, 180, 170), (0, 84, 74)),
)
"""Brown below what is usual, green above it."""
PERCENTILE_RAMP = Ramp(values=(0, 25, 50, 75, 100), colours=ANOMALY_RAMP.colours)
COUNT_RAMP = Ramp(
    values=(0, 10, 25, 50, 100, 200),
    colours=((250, 241, 224), (244, 214, 164), (226, 160, 110), (184, 104, 92), (118, 62, 84), (58, 34, 70)),
)
SHARE_RAMP = Ramp(values=(0, 0.25, 0.5, 0.75, 1), colours=PERCENT_RAMP.colours)
_RAMPS = {"1": NDVI_RAMP, "%": PERCENT_RAMP}
_SHARES = (Variable.PROBABILITY, Variable.SIGNIFICANCE, Variable.DISSIMILARITY)


def layers_of(job: Job) -> tuple[Layer, ...]:
    """Return the layers of a job's raster, in the order of its bands; classes written as floats have a legend too."""
    product = find_product(job.order.product)
    return product.layers(product.options.read(job.order.params))


def first_layer(job: Job) -> str:
    """Return the layer to show first: the classes, or the median of the first date."""
    layers = layers_of(job)
    shown = find_product(job.order.product).shown(layers) or layers
    return str(shown[0].name)


def ramp_of(layer: Layer) -> Ramp:
    """Return the colours of a continuous layer, by its variable and unit."""
    if layer.variable in (Variable.ANOMALY, Variable.DEPARTURE):
        return ANOMALY_RAMP
    if layer.variable == Variable.PERCENTILE:
        return PERCENTILE_RAMP
    if layer.variable in _SHARES and layer.unit == "1":
        return SHARE_RAMP
    known = QUANTITIES.get(layer.variable)
    return _RAMPS.get(layer.unit, COUNT_RAMP) if known is None else _ramp_of_quantity(known)


def _ramp_of_quantity(quantity: Quantity) -> Ramp:
    """Return the colours of NDVI in the units of another quantity; of one that falls with vegetation, turned round."""
    values = [round(v / quantity.factor + quantity.shift, 4) for v in NDVI_RAMP.values]
    stops = sorted(zip(values, NDVI_RAMP.colours, strict=True))
    return Ramp(values=tuple(v for v, _ in stops), colours=tuple(c for _, c in stops))


def view_of(layer: Layer) -> LayerView:
    """Return a layer with its legend."""
    if layer.legend:
        stops = [LegendStop(value=e.value, label=e.label, colour=_css(e.colour)) for e in layer.legend]
    else:
        stops = _stops(ramp_of(layer), layer.unit)
    return LayerView(
        name=layer.name,
        description=layer.description,
        unit=layer.unit,
        date=layer.date,
        kind="classes" if layer.legend else "ramp",
        legend=stops,
    )


def _stops(ramp: Ramp, unit: str) -> list[LegendStop]:
    sign = " %" if unit == "%" else ""
    return [
        LegendStop(value=v, label=f"{v:g}{sign}", colour=_css(c))
        for v, c in zip(ramp.values, ramp.colours, strict=True)
    ]


def _css(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
