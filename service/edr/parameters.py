"""Parameters of EDR and CoverageJSON: what layers of a result are of, whatever their dates. No values."""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from core.bands import NDVI
from core.product import Layer
from core.timeline import parse_period
from products.catalogue import find_product
from workers.queue.item_rows import Item

UCUM = "http://www.opengis.net/def/uom/UCUM/"
UNITS = {"1": ("1", "1"), "%": ("%", "per cent"), "days": ("d", "days"), "count": ("1", "count")}
"""Symbol of UCUM and name, by the unit of a layer."""
STANDARD = {NDVI.name: "http://vocab.nerc.ac.uk/standard_name/normalized_difference_vegetation_index/"}
"""Identifiers of the CF conventions, by variable."""
OBSERVED = Layer(name="ndvi", description="NDVI of a clear observation", variable=NDVI.name, unit="1")
"""What the history of a pixel is of."""
_ANY_YEARS = parse_period("2019-01-01/2023-12-31")
"""Period by which defaults of products are resolved, where only the kinds of layers matter."""

Text = Callable[[str], Any]
"""How texts for people are written: EDR has them plain, CoverageJSON by language."""


def plain(text: str) -> str:
    """Return a text as EDR has it."""
    return text


def in_english(text: str) -> dict[str, str]:
    """Return a text as CoverageJSON has it."""
    return {"en": text}


def key_of(layer: Layer) -> str:
    """Return the name of the parameter that a layer is of: its own, without its date."""
    return layer.name.replace(f"_{layer.date}", "") if layer.date else layer.name


def parameters_of(layers: Iterable[Layer]) -> dict[str, Layer]:
    """Return the parameters of layers by name, each with its first layer."""
    found: dict[str, Layer] = {}
    for layer in layers:
        found.setdefault(key_of(layer), layer)
    return found


def layers_of_item(item: Item) -> tuple[Layer, ...]:
    """Return the layers of a result, as its STAC item states how it was ordered."""
    stated = item["properties"]
    product = find_product(stated["landcast:product"])
    return product.layers(product.options.read(stated["landcast:params"]))


@cache
def default_layers(product_id: str) -> tuple[Layer, ...]:
    """Return layers that a product has by default; their dates mean nothing."""
    product = find_product(product_id)
    return product.layers(product.resolve(product.options(), available=_ANY_YEARS))


def described(layers: Mapping[str, Layer], about: str, text: Text, *, dated: bool) -> dict[str, Any]:
    """Return parameters as documents, by name.

    Args:
        layers: by name of their parameter.
        about: URL of the product, which identifiers of its own begin with.
        text: how texts are written.
        dated: whether to give descriptions, which may name dates of one result.
    """
    return {key: _described(key, layer, about, text, dated=dated) for key, layer in layers.items()}


def _described(key: str, layer: Layer, about: str, text: Text, *, dated: bool) -> dict[str, Any]:
    name = STANDARD.get(str(layer.variable), f"{about}#{layer.variable or key}")
    observed: dict[str, Any] = {"id": name, "label": text(_label(key, layer))}
    found: dict[str, Any] = {"type": "Parameter", "id": key, "observedProperty": observed}
    if dated and layer.description:
        found["description"] = text(
            layer.description.replace(f" on {layer.date}", "") if layer.date else layer.description
        )
    if not layer.legend:
        symbol, title = UNITS.get(layer.unit, (layer.unit or "1", layer.unit or "1"))
        found["unit"] = {"label": text(title), "symbol": {"value": symbol, "type": UCUM}}
        return found
    codes = {f"{about}#{layer.variable}-{e.value}": e for e in layer.legend}
    observed["categories"] = [{"id": code, "label": text(e.label)} for code, e in codes.items()]
    found["categoryEncoding"] = {code: e.value for code, e in codes.items()}
    return found


def _label(key: str, layer: Layer) -> str:
    name = str(layer.variable or key).replace("_", " ")
    if layer.quantile is not None:
        return f"{name}: {round(100 * layer.quantile)} % of outcomes lie below"
    return f"{name} of {layer.class_name}" if layer.class_name else name
