"""The catalogue: every product that can be ordered. Adding one is one file and one line here.

A product is imported when it is first needed: the command line lists the products without loading any.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from core.errors import UnknownProduct

if TYPE_CHECKING:
    from core.product import Product


@dataclass(frozen=True)
class Entry:
    """One product: its names, its module, and its line in the help of the command line."""

    id: str
    """Process id, as orders and results carry it."""
    command: str
    """Name of the command `landcast COMMAND`."""
    place: str
    """`module:Class`."""
    summary: str


ENTRIES: tuple[Entry, ...] = (
    Entry("ndvi-forecast", "forecast", "products.forecast:NdviForecast", "Forecast NDVI with its uncertainty."),
    Entry("ndvi-gap-fill", "gap-fill", "products.gap_fill:NdviGapFill", "Fill the gaps of NDVI between observations."),
    Entry("ndvi-anomaly", "anomaly", "products.anomaly:NdviAnomaly", "Compare the last NDVI with what was expected."),
    Entry("canopy", "canopy", "products.canopy:Canopy", "Map tree canopy (none, conifer, broadleaf) or its change."),
    Entry("crop", "crop", "products.crop:Crop", "Map temporary crops of a season, or crop types."),
)


def entries() -> tuple[Entry, ...]:
    """Return all entries, in the order of lists."""
    return ENTRIES


class Catalogue(Mapping[str, "Product[Any]"]):
    """The products by their ids, in the order of the entries."""

    def __getitem__(self, product_id: str) -> "Product[Any]":
        """Return a product; the first call imports it."""
        if product_id not in list(self):
            raise KeyError(product_id)
        return find_product(product_id)

    def __iter__(self) -> Iterator[str]:
        """Yield the ids."""
        return iter([e.id for e in ENTRIES])

    def __len__(self) -> int:
        """Return the number of products."""
        return len(ENTRIES)


PRODUCTS = Catalogue()


def find_product(product_id: str) -> "Product[Any]":
    """Return a product by its process id.

    Raises:
        UnknownProduct: there is none; the sentence lists the known ids.
    """
    return _load(find_entry(product_id).place)


def find_entry(product_id: str) -> Entry:
    """Return the entry of a product.

    Raises:
        UnknownProduct: there is none.
    """
    found = next((e for e in ENTRIES if e.id == product_id), None)
    if found is None:
        raise UnknownProduct(product_id, PRODUCTS)
    return found


@cache
def _load(place: str) -> "Product[Any]":
    module, name = place.split(":")
    product: Product[Any] = getattr(import_module(module), name)()
    return product
