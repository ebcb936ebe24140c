"""STAC API 1.0 over all finished results: core, collections, features, item search. What fits: shelf.py."""

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi import Query as Param

from core.errors import UnknownResult
from core.product import Product
from products.catalogue import PRODUCTS
from service.links import GEOJSON, JSON, OPENAPI, BaseUrl, file_url
from service.schemas import CollectionList, Conformance, ItemCollection, Problem, Search, SearchLink, StacDocument
from service.stac.items import Item, items, times_of
from service.stac.search_request import page_after, query_of, split_numbers, split_words

router = APIRouter(prefix="/stac", tags=["STAC"])

STAC_VERSION = "1.1.0"
CONFORMS_TO = [
    "https://api.stacspec.org/v1.0.0/core",
    "https://api.stacspec.org/v1.0.0/collections",
    "https://api.stacspec.org/v1.0.0/ogcapi-features",
    "https://api.stacspec.org/v1.0.0/item-search",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
]
MAX_PAGE = 1000
"""Items in one answer; larger limits are lowered to it, as OGC API - Features has it."""

INVALID: dict[int | str, dict[str, Any]] = {400: {"model": Problem, "description": "The search is not usable."}}
UNKNOWN: dict[int | str, dict[str, Any]] = {404: {"model": Problem, "description": "No such collection or item."}}

BBoxText = Annotated[
    str | None, Param(alias="bbox", description="west,south,east,north in degrees.", examples=["10.9,47.9,11.1,48.1"])
]
TimeText = Annotated[
    str | None,
    Param(alias="datetime", description="A time, or an interval with `/`; `..` = open.", examples=["2024-01-01/.."]),
]
Words = Annotated[str | None, Param(description="Separated by commas.")]
Limit = Annotated[int, Param(ge=1, le=10_000, description="Most items in one answer.")]
Token = Annotated[str | None, Param(description="Where to go on, from a `next` link.")]


@router.get("", summary="STAC landing page", response_model_exclude_none=True)
def catalog(base: BaseUrl) -> StacDocument:
    """Return the root catalogue."""
    stac = f"{base}/stac"
    links = [
        SearchLink(href=stac, rel="self", type=JSON),
        SearchLink(href=stac, rel="root", type=JSON),
        SearchLink(href=f"{base}/openapi.json", rel="service-desc", type=OPENAPI),
        SearchLink(href=f"{base}/", rel="service-doc", type="text/html"),
        SearchLink(href=f"{stac}/conformance", rel="conformance", type=JSON),
        SearchLink(href=f"{stac}/collections", rel="data", type=JSON),
        SearchLink(href=f"{stac}/search", rel="search", type=GEOJSON, method="GET"),
        SearchLink(href=f"{stac}/search", rel="search", type=GEOJSON, method="POST"),
    ]
    children = [
        SearchLink(href=f"{stac}/collections/{p.id}", rel="child", type=JSON, title=p.title) for p in PRODUCTS.values()
    ]
    document = {
        "type": "Catalog",
        "id": "landcast",
        "title": "landcast results",
        "description": "NDVI forecasts, tree canopy and crop maps that have been ordered here.",
        "stac_version": STAC_VERSION,
        "conformsTo": CONFORMS_TO,
        "links": [*links, *children],
    }
    return StacDocument.model_validate(document)


@router.get("/conformance", summary="STAC API conformance")
async def stac_conformance() -> Conformance:
    """Return the conformance classes of the STAC API."""
    return Conformance(conformsTo=CONFORMS_TO)


@router.get("/collections", summary="List collections", response_model_exclude_none=True)
def collections(request: Request, base: BaseUrl) -> CollectionList:
    """Return one collection per product."""
    found = items(request.app.state.ledger, request.app.state.settings)
    links = [
        SearchLink(href=f"{base}/stac/collections", rel="self", type=JSON),
        SearchLink(href=f"{base}/stac", rel="root", type=JSON),
    ]
    return CollectionList(collections=[_collection(p, found, base) for p in PRODUCTS.values()], links=links)


@router.get(
    "/collections/{collection_id}", summary="One collection", responses=UNKNOWN, response_model_exclude_none=True
)
def collection(collection_id: str, request: Request, base: BaseUrl) -> StacDocument:
    """Return the collection of a product, its extent that of its items."""
    found = items(request.app.state.ledger, request.app.state.settings)
    return _collection(_product(collection_id), found, base)


@router.get("/collections/{collection_id}/items", summary="Items of a collection", responses={**UNKNOWN, **INVALID})
def collection_items(
    collection_id: str,
    request: Request,
    base: BaseUrl,
    bbox: BBoxText = None,
    time: TimeText = None,
    limit: Limit = 10,
    token: Token = None,
) -> dict[str, Any]:
    """Return a page of a collection's items, newest first."""
    search = _search(bbox=bbox, datetime=time, limit=limit, token=token, collections=_product(collection_id).id)
    return _answer(search, request, base, f"/stac/collections/{collection_id}/items", _get_link)


@router.get("/collections/{collection_id}/items/{item_id}", summary="One item", responses=UNKNOWN)
def collection_item(collection_id: str, item_id: str, request: Request, base: BaseUrl) -> dict[str, Any]:
    """Return an item, its assets by absolute URLs."""
    product = _product(collection_id)
    for item in items(request.app.state.ledger, request.app.state.settings):
        if item["id"] == item_id and item["collection"] == product.id:
            return published(item, base)
    raise UnknownResult(item_id)


@router.get("/search", summary="Search items", responses=INVALID)
def search_get(
    request: Request,
    base: BaseUrl,
    bbox: BBoxText = None,
    intersects: Annotated[str | None, Param(description="GeoJSON geometry.")] = None,
    time: TimeText = None,
    collections: Words = None,
    ids: Words = None,
    limit: Limit = 10,
    token: Token = None,
) -> dict[str, Any]:
    """Return a page of items, newest first."""
    search = _search(
        bbox=bbox, intersects=intersects, datetime=time, collections=collections, ids=ids, limit=limit, token=token
    )
    return _answer(search, request, base, "/stac/search", _get_link)


@router.post("/search", summary="Search items", responses={**INVALID, 413: {"model": Problem}})
def search_post(search: Search, request: Request, base: BaseUrl) -> dict[str, Any]:
    """Return a page of items, newest first."""
    return _answer(search, request, base, "/stac/search", _post_link)


def published(item: Item, base: str) -> Item:
    """Return an item as others read it: links of this API, assets by absolute URLs."""
    here = f"{base}/stac/collections/{item['collection']}"
    links = [
        {"rel": "self", "href": f"{here}/items/{item['id']}", "type": GEOJSON},
        {"rel": "root", "href": f"{base}/stac", "type": JSON},
        {"rel": "parent", "href": here, "type": JSON},
        {"rel": "collection", "href": here, "type": JSON},
        {"rel": "via", "href": f"{base}/jobs/{item['id']}", "type": JSON, "title": "The job that made it"},
    ]
    assets = {
        key: {**asset, "href": file_url(base, item["id"], asset["href"].rsplit("/", 1)[-1])}
        for key, asset in item["assets"].items()
    }
    return {**item, "links": links, "assets": assets}


def _search(**given: Any) -> Search:
    """Return the search that query parameters ask for, empty ones left out; `limit` is lowered to the most given."""
    return Search.model_construct(
        bbox=split_numbers("bbox", given.get("bbox") or None),
        intersects=given.get("intersects") or None,
        datetime=given["datetime"] or None,
        collections=split_words(given.get("collections")),
        ids=split_words(given.get("ids")),
        limit=min(given["limit"], MAX_PAGE),
        token=given["token"] or None,
    )


def _answer(search: Search, request: Request, base: str, path: str, next_link: Any) -> Item:
    query = query_of(search)
    found = [i for i in items(request.app.state.ledger, request.app.state.settings) if query.fits(i)]
    rest = page_after(found, search.token)
    shown = rest[: search.limit]
    links = [SearchLink(href=f"{base}/stac", rel="root", type=JSON)]
    if len(rest) > len(shown):
        links.append(next_link(f"{base}{path}", shown[-1]["id"], request))
    answer = ItemCollection(features=[], links=links, numberMatched=len(found), numberReturned=len(shown))
    return {**answer.model_dump(exclude_none=True), "features": [published(i, base) for i in shown]}


def _get_link(href: str, token: str, request: Request) -> SearchLink:
    query = urlencode({**request.query_params, "token": token})
    return SearchLink(href=f"{href}?{query}", rel="next", type=GEOJSON, method="GET")


def _post_link(href: str, token: str, request: Request) -> SearchLink:
    return SearchLink(href=href, rel="next", type=GEOJSON, method="POST", body={"token": token}, merge=True)


def _product(collection_id: str) -> Product[Any]:
    if collection_id not in PRODUCTS:
        raise UnknownResult(collection_id, PRODUCTS)
    return PRODUCTS[collection_id]


def _collection(product: Product[Any], found: list[Item], base: str) -> StacDocument:
    mine = [i for i in found if i["collection"] == product.id]
    here = f"{base}/stac/collections/{product.id}"
    document = {
        "type": "Collection",
        "stac_version": STAC_VERSION,
        "id": product.id,
        "title": product.title,
        "description": product.description,
        "keywords": ["Sentinel-2", "Sentinel-1", product.task],
        "license": "other",
        "extent": {"spatial": {"bbox": [_bbox(mine)]}, "temporal": {"interval": [_interval(mine)]}},
        "links": [
            {"rel": "self", "href": here, "type": JSON},
            {"rel": "root", "href": f"{base}/stac", "type": JSON},
            {"rel": "parent", "href": f"{base}/stac", "type": JSON},
            {"rel": "items", "href": f"{here}/items", "type": GEOJSON},
            {"rel": "about", "href": f"{base}/processes/{product.id}", "type": JSON},
        ],
    }
    return StacDocument.model_validate(document)


def _bbox(mine: list[Item]) -> list[float]:
    if not mine:
        return [-180.0, -90.0, 180.0, 90.0]
    west, south, east, north = zip(*(i["bbox"] for i in mine), strict=True)
    if any(w > e for w, e in zip(west, east, strict=True)):  # an item across 180 degrees (RFC 7946, section 5.2)
        return [-180.0, min(south), 180.0, max(north)]
    return [min(west), min(south), max(east), max(north)]


def _interval(mine: list[Item]) -> list[str | None]:
    if not mine:
        return [None, None]
    first, last = zip(*(times_of(i) for i in mine), strict=True)
    return [f"{t:%Y-%m-%dT%H:%M:%SZ}" for t in (min(first), max(last))]
