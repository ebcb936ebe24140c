"""OGC API - Environmental Data Retrieval 1.1: landing page, collections and instances. Queries: queries.py."""

from typing import Annotated

from fastapi import APIRouter, Query

from core.errors import UnknownResult
from products.catalogue import PRODUCTS
from service.definition.routes import definition_links
from service.edr.collections import of_instance, of_observed, of_product
from service.edr.find import OBSERVED_ID, check_collection, products_of
from service.edr.schemas import EdrCollection, EdrCollections, EdrInstances
from service.errors import refusals
from service.links import BaseUrl, link
from service.preview import item_of
from service.schemas import Conformance, Landing
from service.stac.search_request import read_token, token_of
from service.state import CurrentItems, FinishedJob
from workers.queue.items import Items, ItemSearch

router = APIRouter(prefix="/edr", tags=["EDR"])

CONFORMS_TO = [
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-common-2/1.0/conf/collections",
    *(
        f"http://www.opengis.net/spec/ogcapi-edr-1/1.1/conf/{name}"
        for name in ("core", "collections", "json", "covjson", "queries")
    ),
]
NEWEST = 10
"""Results whose parameters and CRSs the description of a collection lists."""
MAX_PAGE = 100
UNKNOWN = refusals({404: "There is no such collection or instance."})


@router.get("", summary="EDR landing page", response_model_exclude_none=True)
async def edr(base: BaseUrl) -> Landing:
    """Return links to the collections."""
    here = f"{base}/edr"
    return Landing(
        title="landcast EDR",
        description="Values of finished results at a place or in an area, as CoverageJSON or CSV.",
        links=[
            link(here, "self"),
            *definition_links(base),
            link(f"{base}/", "service-doc", kind="text/html"),
            link(f"{here}/conformance", "conformance"),
            link(f"{here}/collections", "data"),
        ],
    )


@router.get("/conformance", summary="EDR conformance")
async def edr_conformance() -> Conformance:
    """Return the conformance classes of this API."""
    return Conformance(conformsTo=CONFORMS_TO)


@router.get("/collections", summary="List EDR collections", response_model_exclude_none=True)
def edr_collections(items: CurrentItems, base: BaseUrl) -> EdrCollections:
    """Return one collection for each product, and one of what archives show."""
    found = [_collection(name, items, base) for name in (*PRODUCTS, OBSERVED_ID)]
    return EdrCollections(collections=found, links=[link(f"{base}/edr/collections", "self"), link(base + "/edr", "up")])


@router.get(
    "/collections/{collection_id}", summary="One EDR collection", responses=UNKNOWN, response_model_exclude_none=True
)
def edr_collection(collection_id: str, items: CurrentItems, base: BaseUrl) -> EdrCollection:
    """Return what a collection has, and what can be asked of it."""
    check_collection(collection_id)
    return _collection(collection_id, items, base)


@router.get(
    "/collections/{collection_id}/instances",
    summary="Instances of a collection",
    responses={**UNKNOWN, **refusals({400: "The token is not one of a `next` link."})},
    response_model_exclude_none=True,
)
def edr_instances(
    collection_id: str,
    items: CurrentItems,
    base: BaseUrl,
    limit: Annotated[int, Query(ge=1, description=f"Most instances in one answer, {MAX_PAGE} at most.")] = NEWEST,
    token: Annotated[str | None, Query(description="Where the next page begins, from a `next` link.")] = None,
) -> EdrInstances:
    """Return the finished results of a collection, newest first."""
    check_collection(collection_id)
    most = min(limit, MAX_PAGE)
    search = ItemSearch(collections=products_of(collection_id))
    page = items.search(search, limit=most, after=read_token(token or None))
    here = f"{base}/edr/collections/{collection_id}/instances"
    links = [link(here, "self"), link(f"{base}/edr/collections/{collection_id}", "collection")]
    if page.last is not None:
        links.append(link(f"{here}?limit={most}&token={token_of(page.last)}", "next"))
    return EdrInstances(instances=[of_instance(collection_id, item, base) for item in page.items], links=links)


@router.get(
    "/collections/{collection_id}/instances/{job_id}",
    summary="One instance",
    responses=UNKNOWN,
    response_model_exclude_none=True,
)
def edr_instance(collection_id: str, job: FinishedJob, items: CurrentItems, base: BaseUrl) -> EdrCollection:
    """Return one finished result: what it has, where and when."""
    check_instance(collection_id, job.id, job.order.product)
    return of_instance(collection_id, item_of(job, items), base)


def check_instance(collection_id: str, job_id: str, product_id: str) -> None:
    """Check that a job's result belongs to a collection.

    Raises:
        UnknownResult: it does not, or there is no such collection.
    """
    check_collection(collection_id)
    if product_id not in products_of(collection_id):
        raise UnknownResult(job_id)


def _collection(name: str, items: Items, base: str) -> EdrCollection:
    if name == OBSERVED_ID:
        return of_observed(base)
    newest = items.search(ItemSearch(collections=(name,)), limit=NEWEST).items
    return of_product(PRODUCTS[name], items.extents().get(name), newest, base)
