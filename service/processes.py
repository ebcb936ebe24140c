"""OGC API - Processes 1.0: products, estimates and orders. Orders are checked in workers/accept.py."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Response

from core.errors import InvalidOption
from core.product import Product
from core.settings import Settings
from core.version import software_version
from models.registry import is_usable, list_checkpoints
from products.catalogue import PRODUCTS, find_product
from service.errors import refusals
from service.idempotency import MAX_KEY, body_sha256
from service.jobs import status_info
from service.links import BaseUrl, keywords_of, link
from service.results import outputs_for
from service.schemas import (
    Estimate,
    Execute,
    InputDescription,
    Link,
    OutputDescription,
    Process,
    ProcessList,
    ProcessSummary,
    StatusInfo,
)
from service.state import CurrentCaller, CurrentKeys, CurrentQuotas, CurrentSettings
from workers import accept
from workers.queue import dispatch

router = APIRouter(prefix="/processes", tags=["Processes"])

UNKNOWN = refusals({404: "There is no such process."})
REFUSALS = refusals(
    {
        400: "The order is not valid; the detail gives the reason.",
        404: "There is no such process.",
        413: "The body is too large.",
        502: "The archive does not answer, or its scenes cannot be read.",
        503: "Jobs cannot be carried out now.",
    }
)
CONFLICT = refusals({409: "The Idempotency-Key was used with another order."})


@router.get("", summary="List products", response_model_exclude_none=True)
def processes(base: BaseUrl) -> ProcessList:
    """Return every product that can be ordered."""
    found = [_summary(p, base) for p in PRODUCTS.values()]
    return ProcessList(processes=found, links=[link(f"{base}/processes", "self")])


@router.get("/{process_id}", summary="Describe a product", responses=UNKNOWN, response_model_exclude_none=True)
def process(process_id: str, settings: CurrentSettings, base: BaseUrl) -> Process:
    """Return the inputs of a product, each with a JSON schema, and its outputs."""
    product = find_product(process_id)
    return Process(
        **dict(_summary(product, base)),
        inputs=_inputs(product, settings),
        outputs={o.id: _output(o.title, o.kind) for o in outputs_for(product)},
    )


@router.post(
    "/{process_id}/estimate", summary="Estimate an order", responses=REFUSALS, response_model_exclude_none=True
)
def estimate(process_id: str, order: Execute, settings: CurrentSettings) -> Estimate:
    """Check an order and return its size and expected run time; nothing is ordered."""
    product = find_product(process_id)
    return Estimate.model_validate(accept.estimate(product.id, plain_inputs(product, order), settings))


@router.post(
    "/{process_id}/execution",
    status_code=201,
    summary="Order a product",
    responses={**REFUSALS, **CONFLICT},
    response_model_exclude_none=True,
)
def execute(
    process_id: str,
    order: Execute,
    response: Response,
    settings: CurrentSettings,
    keys: CurrentKeys,
    caller: CurrentCaller,
    quotas: CurrentQuotas,
    base: BaseUrl,
    idempotency_key: Annotated[
        str | None,
        Header(
            min_length=1,
            max_length=MAX_KEY,
            pattern=r"^[\x21-\x7e]+$",
            description="Text of your choice; sending the same order with the same key again gives the same job.",
        ),
    ] = None,
) -> StatusInfo:
    """Check an order and accept it as a job, carried out in the background; `Location` is the URL of the job."""
    product = find_product(process_id)
    accepted, _, tiles = accept.accept(product.id, plain_inputs(product, order), settings)
    digest = body_sha256(product.id, order.inputs)
    job_id = keys.reserve(idempotency_key, digest, party=caller.party) if idempotency_key else None
    admit = quotas.admit(caller)
    job = dispatch.submit(accepted, tiles, settings, job_id=job_id, party=caller.party, admit=admit)
    response.headers["Location"] = f"{base}/jobs/{job.id}"
    response.headers["Preference-Applied"] = "respond-async"
    return status_info(job, base, settings)


def plain_inputs(product: Product[Any], order: Execute) -> dict[str, Any]:
    """Return the inputs of an order, unwrapped if they are qualified values of OGC API - Processes.

    Raises:
        InvalidOption: an input by reference, or an output that the product does not have.
    """
    known = [o.id for o in outputs_for(product)]
    for name in order.outputs or {}:
        if name not in known:
            raise InvalidOption("outputs", name, f"'{product.id}' has {', '.join(known)}")
    return {name: _plain(name, value) for name, value in order.inputs.items()}


def _plain(name: str, value: Any) -> Any:
    if not isinstance(value, dict) or ("type" in value and "coordinates" in value):
        return value
    if "href" in value:
        raise InvalidOption(name, value["href"], "inputs by reference are not supported; send the value itself")
    return value.get("value", value)


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
    }
    return {name: _input(name, schema) for name, schema in (schemas | product.options.schemas()).items()}


def _input(name: str, schema: dict[str, Any]) -> InputDescription:
    return InputDescription(
        title=schema.get("title", name),
        description=schema.get("description", ""),
        minOccurs=1 if name == "region" else 0,
        schema=schema,
    )


def _output(title: str, kind: str) -> OutputDescription:
    return OutputDescription(title=title, schema={"type": "string", "format": "uri", "contentMediaType": kind})
