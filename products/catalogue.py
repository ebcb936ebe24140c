"""The catalogue: every product that can be ordered. Adding one is one file and one line here."""

from core.errors import UnknownProduct
from core.product import Product
from products.canopy import Canopy
from products.crop import Crop
from products.forecast import NdviForecast

PRODUCTS: dict[str, Product] = {p.id: p for p in (NdviForecast(), Canopy(), Crop())}


def find_product(product_id: str) -> Product:
    """Return a product by its process id.

    Raises:
        UnknownProduct: there is none; the sentence lists those there are.
    """
    if product_id not in PRODUCTS:
        raise UnknownProduct(product_id, PRODUCTS)
    return PRODUCTS[product_id]
