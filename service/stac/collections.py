"""STAC collections: one per product, its extent that of its items."""

from datetime import UTC, datetime
from typing import Any

from core.bands import RADAR_NAMES
from core.errors import UnknownResult
from core.product import Product
from outputs.stac_extensions import LEVEL
from products.catalogue import PRODUCTS
from service.links import GEOJSON, keywords_of, link
from service.results import outputs_for
from service.schemas import StacDocument
from workers.queue.items import Extent

STAC_VERSION = "1.1.0"
TITLE = "landcast results"
"""Of the catalogue of all collections."""
RESOLUTION_M = 10
LICENCE = "https://sentinels.copernicus.eu/documents/247904/690755/Sentinel_Data_Legal_Notice"
"""Results are computed from Sentinel data, and those who pass them on have to name the source as this page says."""
ASSETS: dict[str, tuple[str, list[str]]] = {
    "geotiff": ("data", ["data"]),
    "quicklook": ("thumbnail", ["thumbnail", "overview"]),
    "plot": ("plot", ["overview"]),
    "netcdf": ("netcdf", ["data"]),
    "style": ("style", ["metadata", "style"]),
    "definition": ("definition", ["metadata", "style"]),
    "legend": ("legend", ["metadata", "legend"]),
}
"""Key and roles of the asset that an output is in its item."""


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
        "itemType": "feature",  # OGC API - Features; OWSLib looks for it
        "description": product.description,
        "keywords": keywords_of(product),
        "license": "other",
        "providers": [{"name": "landcast", "roles": ["processor", "host"], "url": f"{base}/"}],
        "summaries": _summaries(product),
        "item_assets": _item_assets(product),
        "extent": {"spatial": {"bbox": [_bbox(extent)]}, "temporal": {"interval": [_interval(extent)]}},
        "links": [
            link(here, "self", title=product.title),
            link(f"{base}/stac", "root", title=TITLE),
            link(f"{base}/stac", "parent", title=TITLE),
            link(f"{here}/items", "items", kind=GEOJSON, title="Items"),
            link(f"{base}/processes/{product.id}", "about", title="Order it"),
            link(LICENCE, "license", kind="text/html", title="Terms of Copernicus Sentinel data"),
        ],
    }
    return StacDocument.model_validate(document)


def _summaries(product: Product[Any]) -> dict[str, Any]:
    """Return what holds for all items of a product; where the observations come from, each item says itself."""
    has_radar = bool(set(RADAR_NAMES) & set(product.bands))
    return {
        "gsd": [RESOLUTION_M],
        "constellation": ["sentinel-2", *(["sentinel-1"] if has_radar else [])],
        "instruments": ["msi", *(["c-sar"] if has_radar else [])],
        "processing:level": [LEVEL],
    }


def _item_assets(product: Product[Any]) -> dict[str, Any]:
    """Return the assets that items of a product may have, by their keys."""
    return {
        ASSETS[output.id][0]: {"title": output.title, "type": output.kind, "roles": ASSETS[output.id][1]}
        for output in outputs_for(product)
        if output.id in ASSETS
    }


def _bbox(extent: Extent | None) -> list[float]:
    if extent is None:
        return [-180.0, -90.0, 180.0, 90.0]
    west, south, east, north = extent.bbox
    return [-180.0, south, 180.0, north] if east > 180 else [west, south, east, north]


def _interval(extent: Extent | None) -> list[str | None]:
    if extent is None:
        return [None, None]
    return [f"{datetime.fromtimestamp(t, UTC):%Y-%m-%dT%H:%M:%SZ}" for t in (extent.start, extent.end)]
