"""OGC API - Processes 1.0: products, estimates and orders. Orders are checked in workers/accept.py."""

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends

from core.product import Product
from core.settings import Settings
from core.version import software_version
from models.registry import is_usable, list_checkpoints
from products.catalogue import PRODUCTS, find_product
from service.fields import describe as fields
from service.links import BaseUrl, keywords_of, link
from service.ordering.submission import CurrentSubmission
from service.ordering.values import (
    CONFLICT,
    OF_THE_JOB,
    REFUSALS,
    UNKNOWN,
    WAITED,
    input_description,
    output_description,
    plain_values,
)
from service.results import outputs_for
from service.schemas import (
    Estimate,
    Execute,
    InputDescription,
    Link,
    Process,
    ProcessList,
    ProcessSummary,
    StatusInfo,
)
from service.state import CurrentDependencies, CurrentSettings
from workers import accept

router = APIRouter(prefix="/processes", tags=["Processes"])


def _known_product(process_id: str) -> Product[Any]:
    return find_product(process_id)


KnownProduct = Annotated[Product[Any], Depends(_known_product)]
"""The product that `{process_id}` of the path names, looked up before the body is; UnknownProduct if there is none."""


@router.get("", summary="List products", response_model_exclude_none=True)
def processes(base: BaseUrl) -> ProcessList:
    """Return every product that can be ordered, and the process of fields."""
    found = [*(_summary(p, base) for p in PRODUCTS.values()), fields.summary(base)]
    return ProcessList(processes=found, links=[link(f"{base}/processes", "self")])


@router.get("/{process_id}", summary="Describe a product", responses=UNKNOWN, response_model_exclude_none=True)
def process(product: KnownProduct, settings: CurrentSettings, base: BaseUrl) -> Process:
    """Return the inputs of a product, each with a JSON schema, and its outputs."""
    return Process(
        **dict(_summary(product, base)),
        inputs=_inputs(product, settings),
        outputs={o.id: output_description(o.title, o.kind) for o in outputs_for(product)},
    )


@router.post(
    "/{process_id}/estimate", summary="Estimate an order", responses=REFUSALS, response_model_exclude_none=True
)
def estimate(
    product: KnownProduct, order: Execute, settings: CurrentSettings, dependencies: CurrentDependencies
) -> Estimate:
    """Check an order and return its size and expected run time; nothing is ordered."""
    return Estimate.model_validate(accept.estimate(product.id, plain_inputs(product, order), settings, dependencies))


@router.post(
    "/{process_id}/execution",
    status_code=201,
    summary="Order a product",
    responses={**WAITED, **REFUSALS, **CONFLICT},
    response_model_exclude_none=True,
)
def execute(
    product: KnownProduct,
    order: Execute,
    settings: CurrentSettings,
    dependencies: CurrentDependencies,
    submission: CurrentSubmission,
) -> StatusInfo:
    """Check an order and accept it as a job, carried out in the background; `Location` is the URL of the job."""
    found = accept.check(product.id, plain_inputs(product, order), settings, dependencies)
    return submission.submit(order, replace(found.order, outputs=tuple(order.outputs or ())), pixels=found.pixels)


def plain_inputs(product: Product[Any], order: Execute) -> dict[str, Any]:
    """Return the inputs of an order, unwrapped if they are qualified values of OGC API - Processes.

    Raises:
        InvalidOption: an input by reference, or an output that the product does not have, or not in this way.
    """
    return plain_values(order, product.id, {o.id: o.kind for o in outputs_for(product)})


def _summary(product: Product[Any], base: str) -> ProcessSummary:
    here = f"{base}/processes/{product.id}"
    links: list[Link] = [
        link(here, "self", title="Description"),
        link(f"{here}/execution", "http://www.opengis.net/def/rel/ogc/1.0/execute", title="Order it"),
        link(f"{base}/stac/collections/{product.id}", "collection", title="Finished results"),
    ]
    return ProcessSummary(
        id=product.id,
        title=product.title,
        description=product.description,
        version=software_version(),
        keywords=keywords_of(product),
        jobControlOptions=["async-execute", "dismiss"],
        outputTransmission=["reference"],
        links=links,
    )


def _inputs(product: Product[Any], settings: Settings) -> dict[str, InputDescription]:
    models = [c.name for c in list_checkpoints(settings) if c.task == product.task and is_usable(c)]
    schemas: dict[str, dict[str, Any]] = {
        "region": {
            "title": "Region",
            "description": "GeoJSON Polygon, MultiPolygon, Feature or FeatureCollection, WGS84 longitude/latitude.",
            "type": "object",
            "contentMediaType": "application/geo+json",
            "format": "geojson-geometry",
        },
        "archive": {
            "title": "Archive",
            "description": "Where the observations come from; without it, the service's own choice.",
            "type": "string",
        },
        "model": {
            "title": "Model",
            "description": "Name of the weights; without it, the default of the product.",
            "type": "string",
            **({"enum": models} if models else {}),
        },
        "fail_on_gaps": {
            "title": "Fail on gaps",
            "description": "True = a tile that cannot be made fails the job; else the map is delivered with a gap.",
            "type": "boolean",
            "default": False,
        },
        **OF_THE_JOB,
    }
    schemas |= product.options.schemas()
    return {name: input_description(name, schema, needed="region") for name, schema in schemas.items()}
