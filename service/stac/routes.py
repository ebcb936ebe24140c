"""STAC API 1.0 over all finished results: core, collections, features, item search. Opens no file of a job."""

from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi import Query as Param
from fastapi.responses import JSONResponse

from core.errors import UnknownResult
from products.catalogue import PRODUCTS
from service.definition.routes import definition_links
from service.errors import refusals
from service.links import GEOJSON, BaseUrl, link
from service.results import is_job_id
from service.schemas import CollectionList, Conformance, ItemCollection, Link, Search, StacDocument
from service.stac.collections import STAC_VERSION, TITLE, collection_of, find_collection
from service.stac.items import published
from service.stac.search_request import check_parameters, item_search, read_token, split_numbers, split_words, token_of
from service.stac.series import CurrentSeries, series_of
from service.state import CurrentItems
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
OF_ITEMS = ("bbox", "datetime", "limit", "token", "collections")
OF_SEARCH = ("bbox", "intersects", "datetime", "collections", "ids", "limit", "token")
"""Query parameters; others are refused."""
PAGE_OF_ITEMS: dict[int | str, dict[str, Any]] = {
    200: {"model": ItemCollection, "description": "A page of items, newest first."}
}

INVALID = refusals({400: "The search is not valid; the detail gives the reason."})
UNKNOWN = refusals({404: "There is no such collection or item."})

BBoxText = Annotated[
    str | None, Param(alias="bbox", description="west,south,east,north in degrees.", examples=["10.9,47.9,11.1,48.1"])
]
TimeText = Annotated[
    str | None,
    Param(
        alias="datetime",
        description="A time (RFC 3339), or an interval with `/`; `..` = open.",
        examples=["2024-01-01T00:00:00Z/.."],
    ),
]
Words = Annotated[str | None, Param(description="Separated by commas.")]
Limit = Annotated[int, Param(ge=1, description=f"Most items in one answer, {MAX_PAGE} at most.")]
Token = Annotated[str | None, Param(description="Where the next page begins, from a `next` link.")]
PageLink = Callable[[str | None], Link]
"""Token -> link to the page that it names; None -> link to the page itself."""


class GeoJson(JSONResponse):
    """Items and pages of them; what they hold was checked when it was written."""

    media_type = GEOJSON


@router.get("", summary="STAC landing page", response_model_exclude_none=True)
def catalog(base: BaseUrl) -> StacDocument:
    """Return the root catalogue."""
    stac = f"{base}/stac"
    links = [
        link(stac, "self", title=TITLE),
        link(stac, "root", title=TITLE),
        *definition_links(base),
        link(f"{base}/?f=html", "service-doc", kind="text/html", title="Map page"),
        link(f"{stac}/conformance", "conformance", title="Conformance classes"),
        link(f"{stac}/collections", "data", title="Collections"),
        link(f"{stac}/search", "search", kind=GEOJSON, method="GET", title="Search by GET"),
        link(f"{stac}/search", "search", kind=GEOJSON, method="POST", title="Search by POST"),
    ]
    children = [link(f"{stac}/collections/{p.id}", "child", title=p.title) for p in PRODUCTS.values()]
    document = {
        "type": "Catalog",
        "id": "landcast",
        "title": TITLE,
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
def collections(items: CurrentItems, series: CurrentSeries, base: BaseUrl) -> CollectionList:
    """Return one collection per product, and one per standing order of the caller's party."""
    extents = items.extents()
    return CollectionList(
        collections=[
            *(collection_of(p, extents.get(p.id), base) for p in PRODUCTS.values()),
            *(series_of(order, items.extent_of(order.id), base) for order in series.all()),
        ],
        links=[link(f"{base}/stac/collections", "self"), link(f"{base}/stac", "root")],
    )


@router.get(
    "/collections/{collection_id}", summary="One collection", responses=UNKNOWN, response_model_exclude_none=True
)
def collection(collection_id: str, items: CurrentItems, series: CurrentSeries, base: BaseUrl) -> StacDocument:
    """Return the collection of a product or standing order, its extent that of its items."""
    if (order := series.find(collection_id)) is not None:
        return series_of(order, items.extent_of(order.id), base)
    product = find_collection(collection_id)
    return collection_of(product, items.extents().get(product.id), base)


@router.get(
    "/collections/{collection_id}/items",
    summary="Items of a collection",
    responses={**PAGE_OF_ITEMS, **UNKNOWN, **INVALID},
    response_class=GeoJson,
)
def collection_items(
    collection_id: str,
    request: Request,
    items: CurrentItems,
    series: CurrentSeries,
    base: BaseUrl,
    bbox: BBoxText = None,
    time: TimeText = None,
    limit: Limit = 10,
    token: Token = None,
    collections: Annotated[
        str | None, Param(description="Changes nothing; clients of STAC repeat the collection's id here.")
    ] = None,
) -> GeoJson:
    """Return a page of a collection's items, newest first."""
    order = series.find(collection_id)
    collection = order.id if order else find_collection(collection_id).id
    check_parameters(request.query_params, OF_ITEMS)
    search = _search(bbox=bbox, datetime=time, limit=limit, token=token, collections=collection)
    pages = _get_pages(f"{base}/stac/collections/{collection}/items", request)
    return _answer(items, search, pages, base, collection=collection)


@router.get(
    "/collections/{collection_id}/items/{item_id}",
    summary="One item",
    responses={200: {"model": StacDocument, "description": "The item."}, **UNKNOWN},
    response_class=GeoJson,
)
def collection_item(
    collection_id: str, item_id: str, items: CurrentItems, series: CurrentSeries, base: BaseUrl
) -> GeoJson:
    """Return an item, its assets by absolute URLs."""
    order = series.find(collection_id)
    collection = order.id if order else find_collection(collection_id).id
    item = items.find(collection, item_id) if is_job_id(item_id) else None
    if item is None:
        raise UnknownResult(item_id)
    return GeoJson(published(item, base, collection))


@router.get("/search", summary="Search items", responses={**PAGE_OF_ITEMS, **INVALID}, response_class=GeoJson)
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
) -> GeoJson:
    """Return a page of items, newest first."""
    check_parameters(request.query_params, OF_SEARCH)
    search = _search(
        bbox=bbox, intersects=intersects, datetime=time, collections=collections, ids=ids, limit=limit, token=token
    )
    return _answer(items, search, _get_pages(f"{base}/stac/search", request), base)


@router.post(
    "/search",
    summary="Search items",
    responses={**PAGE_OF_ITEMS, **INVALID, **refusals({413: "The body is too large."})},
    response_class=GeoJson,
)
def search_post(search: Search, items: CurrentItems, base: BaseUrl) -> GeoJson:
    """Return a page of items, newest first."""
    return _answer(items, search, _posted_pages(f"{base}/stac/search", search), base)


def _search(**given: Any) -> Search:
    """Return the search in query parameters, without the empty ones."""
    return Search.model_construct(
        bbox=split_numbers("bbox", given.get("bbox") or None),
        intersects=given.get("intersects") or None,
        datetime=given["datetime"] or None,
        collections=split_words(given.get("collections")),
        ids=split_words(given.get("ids")),
        limit=given["limit"],
        token=given["token"] or None,
    )


def _answer(items: Items, search: Search, page_link: PageLink, base: str, *, collection: str = "") -> GeoJson:
    limit = min(search.limit, MAX_PAGE)
    page = items.search(item_search(search), limit=limit, after=read_token(search.token))
    links = [page_link(None), link(f"{base}/stac", "root")]
    if page.last is not None:
        links.append(page_link(token_of(page.last)))
    answer = ItemCollection(features=[], links=links, numberMatched=page.matched, numberReturned=len(page.items))
    return GeoJson(
        {**answer.model_dump(exclude_none=True), "features": [published(i, base, collection) for i in page.items]}
    )


def _get_pages(href: str, request: Request) -> PageLink:
    """Return the links between pages that are read by GET."""

    def page_link(token: str | None) -> Link:
        query = urlencode({**request.query_params, **({"token": token} if token else {})})
        url = f"{href}?{query}" if query else href
        return link(url, "next" if token else "self", kind=GEOJSON, method="GET" if token else None)

    return page_link


def _posted_pages(href: str, search: Search) -> PageLink:
    """Return the links between pages that are read by POST."""

    def page_link(token: str | None) -> Link:
        if token:
            return link(href, "next", kind=GEOJSON, method="POST", body={"token": token}, merge=True)
        body = search.model_dump(exclude_none=True, exclude_unset=True)
        return link(href, "self", kind=GEOJSON, method="POST", body=body)

    return page_link
