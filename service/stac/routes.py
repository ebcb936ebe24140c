"""STAC API 1.0 over all finished results: core, collections, features, item search. Opens no file of a job."""

from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi import Query as Param

from core.errors import UnknownResult
from products.catalogue import PRODUCTS
from service.errors import refusals
from service.links import GEOJSON, OPENAPI, BaseUrl, link
from service.results import is_job_id
from service.schemas import CollectionList, Conformance, ItemCollection, Link, Search, StacDocument
from service.stac.collections import STAC_VERSION, collection_of, find_collection
from service.stac.items import published
from service.stac.search_request import item_search, read_token, split_numbers, split_words, token_of
from service.state import CurrentItems
from workers.queue.item_rows import Item
from workers.queue.items import Items

router = APIRouter(prefix="/stac", tags=["STAC"])

CONFORMS_TO = [
    "https://api.stacspec.org/v1.0.0/core",
    "https://api.stacspec.org/v1.0.0/collections",
    "https://api.stacspec.org/v1.0.0/ogcapi-features",
    "https://api.stacspec.org/v1.0.0/item-search",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
]
MAX_PAGE = 1000
"""Most items in one answer; a larger limit is lowered to it, as OGC API - Features prescribes."""

INVALID = refusals({400: "The search is not valid; the detail gives the reason."})
UNKNOWN = refusals({404: "There is no such collection or item."})

BBoxText = Annotated[
    str | None, Param(alias="bbox", description="west,south,east,north in degrees.", examples=["10.9,47.9,11.1,48.1"])
]
TimeText = Annotated[
    str | None,
    Param(alias="datetime", description="A time, or an interval with `/`; `..` = open.", examples=["2024-01-01/.."]),
]
Words = Annotated[str | None, Param(description="Separated by commas.")]
Limit = Annotated[int, Param(ge=1, le=10_000, description="Most items in one answer.")]
Token = Annotated[str | None, Param(description="Where the next page begins, from a `next` link.")]
NextLink = Callable[[str, str, Request], Link]
"""URL of the search, token, request -> link to the next page."""


@router.get("", summary="STAC landing page", response_model_exclude_none=True)
def catalog(base: BaseUrl) -> StacDocument:
    """Return the root catalogue."""
    stac = f"{base}/stac"
    links = [
        link(stac, "self"),
        link(stac, "root"),
        link(f"{base}/openapi.json", "service-desc", kind=OPENAPI),
        link(f"{base}/", "service-doc", kind="text/html"),
        link(f"{stac}/conformance", "conformance"),
        link(f"{stac}/collections", "data"),
        link(f"{stac}/search", "search", kind=GEOJSON, method="GET"),
        link(f"{stac}/search", "search", kind=GEOJSON, method="POST"),
    ]
    children = [link(f"{stac}/collections/{p.id}", "child", title=p.title) for p in PRODUCTS.values()]
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
def collections(items: CurrentItems, base: BaseUrl) -> CollectionList:
    """Return one collection per product."""
    extents = items.extents()
    return CollectionList(
        collections=[collection_of(p, extents.get(p.id), base) for p in PRODUCTS.values()],
        links=[link(f"{base}/stac/collections", "self"), link(f"{base}/stac", "root")],
    )


@router.get(
    "/collections/{collection_id}", summary="One collection", responses=UNKNOWN, response_model_exclude_none=True
)
def collection(collection_id: str, items: CurrentItems, base: BaseUrl) -> StacDocument:
    """Return the collection of a product, its extent that of its items."""
    product = find_collection(collection_id)
    return collection_of(product, items.extents().get(product.id), base)


@router.get("/collections/{collection_id}/items", summary="Items of a collection", responses={**UNKNOWN, **INVALID})
def collection_items(
    collection_id: str,
    request: Request,
    items: CurrentItems,
    base: BaseUrl,
    bbox: BBoxText = None,
    time: TimeText = None,
    limit: Limit = 10,
    token: Token = None,
) -> dict[str, Any]:
    """Return a page of a collection's items, newest first."""
    product = find_collection(collection_id)
    search = _search(bbox=bbox, datetime=time, limit=limit, token=token, collections=product.id)
    return _answer(items, search, request, base, f"/stac/collections/{product.id}/items", _get_link)


@router.get("/collections/{collection_id}/items/{item_id}", summary="One item", responses=UNKNOWN)
def collection_item(collection_id: str, item_id: str, items: CurrentItems, base: BaseUrl) -> dict[str, Any]:
    """Return an item, its assets by absolute URLs."""
    product = find_collection(collection_id)
    item = items.find(product.id, item_id) if is_job_id(item_id) else None
    if item is None:
        raise UnknownResult(item_id)
    return published(item, base)


@router.get("/search", summary="Search items", responses=INVALID)
def search_get(
    request: Request,
    items: CurrentItems,
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
    return _answer(items, search, request, base, "/stac/search", _get_link)


@router.post("/search", summary="Search items", responses={**INVALID, **refusals({413: "The body is too large."})})
def search_post(search: Search, request: Request, items: CurrentItems, base: BaseUrl) -> dict[str, Any]:
    """Return a page of items, newest first."""
    return _answer(items, search, request, base, "/stac/search", _post_link)


def _search(**given: Any) -> Search:
    """Return the search in query parameters, without the empty ones; `limit` is lowered to the most allowed."""
    return Search.model_construct(
        bbox=split_numbers("bbox", given.get("bbox") or None),
        intersects=given.get("intersects") or None,
        datetime=given["datetime"] or None,
        collections=split_words(given.get("collections")),
        ids=split_words(given.get("ids")),
        limit=min(given["limit"], MAX_PAGE),
        token=given["token"] or None,
    )


def _answer(items: Items, search: Search, request: Request, base: str, path: str, next_link: NextLink) -> Item:
    page = items.search(item_search(search), limit=search.limit, after=read_token(search.token))
    links = [link(f"{base}/stac", "root")]
    if page.last is not None:
        links.append(next_link(f"{base}{path}", token_of(page.last), request))
    answer = ItemCollection(features=[], links=links, numberMatched=page.matched, numberReturned=len(page.items))
    return {**answer.model_dump(exclude_none=True), "features": [published(item, base) for item in page.items]}


def _get_link(href: str, token: str, request: Request) -> Link:
    query = urlencode({**request.query_params, "token": token})
    return link(f"{href}?{query}", "next", kind=GEOJSON, method="GET")


def _post_link(href: str, token: str, request: Request) -> Link:
    return link(href, "next", kind=GEOJSON, method="POST", body={"token": token}, merge=True)
