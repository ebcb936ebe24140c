"""STAC collections: one per product, its extent that of its items."""

from datetime import UTC, datetime
from typing import Any

from core.errors import UnknownResult
from core.product import Product
from products.catalogue import PRODUCTS
from service.links import GEOJSON, keywords_of, link
from service.schemas import StacDocument
from workers.queue.items import Extent

STAC_VERSION = "1.1.0"


def find_collection(collection_id: str) -> Product[Any]:
    """Return the product of a collection.

    Raises:
        UnknownResult: there is no such collection.
    """
    if collection_id not in PRODUCTS:
        raise UnknownResult(collection_id, PRODUCTS)
    return PRODUCTS[collection_id]


def collection_of(product: Product[Any], extent: Extent | None, base: str) -> StacDocument:
    """Return the collection of a product; without an extent it has no items and covers the whole globe."""
    here = f"{base}/stac/collections/{product.id}"
    document = {
        "type": "Collection",
        "stac_version": STAC_VERSION,
        "id": product.id,
        "title": product.title,
        "description": product.description,
        "keywords": keywords_of(product),
        "license": "other",
        "extent": {"spatial": {"bbox": [_bbox(extent)]}, "temporal": {"interval": [_interval(extent)]}},
        "links": [
            link(here, "self"),
            link(f"{base}/stac", "root"),
            link(f"{base}/stac", "parent"),
            link(f"{here}/items", "items", kind=GEOJSON),
            link(f"{base}/processes/{product.id}", "about"),
        ],
    }
    return StacDocument.model_validate(document)


def _bbox(extent: Extent | None) -> list[float]:
    if extent is None:
        return [-180.0, -90.0, 180.0, 90.0]
    west, south, east, north = extent.bbox
    return [-180.0, south, 180.0, north] if east > 180 else [west, south, east, north]


def _interval(extent: Extent | None) -> list[str | None]:
    if extent is None:
        return [None, None]
    return [f"{datetime.fromtimestamp(t, UTC):%Y-%m-%dT%H:%M:%SZ}" for t in (extent.start, extent.end)]
