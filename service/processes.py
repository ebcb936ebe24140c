"""OGC API - Processes 1.0: products, estimates and orders. Orders are checked in workers/accept.py."""

import uuid
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request, Response

from core.errors import InvalidOption
from core.job import Priority
from core.product import Product
from core.settings import Settings
from core.version import software_version
from models.registry import is_usable, list_checkpoints
from products.catalogue import PRODUCTS, find_product
from service.answers.prefer import MAX_WAIT_S, read_preferences
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
    Reference,
    StatusInfo,
    Wanted,
)
from service.state import CurrentCaller, CurrentDependencies, CurrentKeys, CurrentQuotas, CurrentSettings
from service.webhooks.subscribe import also_subscribe, read_subscriber
from workers import accept
from workers.accept import MAX_TITLE
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
WAITED: dict[int | str, dict[str, Any]] = {
    200: {"model": dict[str, Reference], "description": "The results, where `Prefer: wait=N` was met in time."}
}
PREFER = (
    "`respond-async`: answer at once. `wait=N`: if the region is small and its job ends within N seconds "
    f"({MAX_WAIT_S} at most), answer 200 with its results; else 201. `Preference-Applied` names what was met."
)


def _known_product(process_id: str) -> Product[Any]:
    return find_product(process_id)


KnownProduct = Annotated[Product[Any], Depends(_known_product)]
"""The product that `{process_id}` of the path names, looked up before the body is; UnknownProduct if there is none."""


@router.get("", summary="List products", response_model_exclude_none=True)
def processes(base: BaseUrl) -> ProcessList:
    """Return every product that can be ordered."""
    found = [_summary(p, base) for p in PRODUCTS.values()]
    return ProcessList(processes=found, links=[link(f"{base}/processes", "self")])


@router.get("/{process_id}", summary="Describe a product", responses=UNKNOWN, response_model_exclude_none=True)
def process(product: KnownProduct, settings: CurrentSettings, base: BaseUrl) -> Process:
    """Return the inputs of a product, each with a JSON schema, and its outputs."""
    return Process(
        **dict(_summary(product, base)),
        inputs=_inputs(product, settings),
        outputs={o.id: _output(o.title, o.kind) for o in outputs_for(product)},
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
    request: Request,
    response: Response,
    settings: CurrentSettings,
    dependencies: CurrentDependencies,
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
    prefer: Annotated[str | None, Header(description=PREFER)] = None,
) -> StatusInfo:
    """Check an order and accept it as a job, carried out in the background; `Location` is the URL of the job."""
    found = accept.check(product.id, plain_inputs(product, order), settings, dependencies)
    accepted = replace(found.order, outputs=tuple(order.outputs or ()))
    given = _digest(product, order)
    subscriber = read_subscriber(order.subscriber, settings)
    new_id = uuid.uuid4().hex[:12]
    job_id = keys.reserve(idempotency_key, given, party=caller.party) if idempotency_key else new_id
    admit = also_subscribe(quotas.admit(caller), subscriber, job_id=job_id, base=base, caller=caller.id)
    job = dispatch.submit(accepted, settings, pixels=found.pixels, job_id=job_id, party=caller.party, admit=admit)
    request.state.pixels = found.pixels  # for answers/wait.py: whether it is small enough to wait for
    response.headers["Location"] = f"{base}/jobs/{job.id}"
    if read_preferences(prefer).respond_async:
        response.headers["Preference-Applied"] = "respond-async"
    return status_info(job, base, settings)


def plain_inputs(product: Product[Any], order: Execute) -> dict[str, Any]:
    """Return the inputs of an order, unwrapped if they are qualified values of OGC API - Processes.

    Raises:
        InvalidOption: an input by reference, or an output that the product does not have, or not in this way.
    """
    known = {o.id: o.kind for o in outputs_for(product)}
    for name, wanted in (order.outputs or {}).items():
        if name not in known:
            raise InvalidOption("outputs", name, f"'{product.id}' has {', '.join(known)}")
        if wanted.transmissionMode != "reference":
            raise InvalidOption("transmissionMode", wanted.transmissionMode, "results are links; leave it out")
        _check_format(wanted, known[name])
    return {name: _plain(name, value) for name, value in order.inputs.items()}


def _check_format(wanted: Wanted, kind: str) -> None:
    """Refuse a format that the output does not have; parameters of a media type may be left out.

    Raises:
        InvalidOption: names the format that it has.
    """
    asked = (wanted.model_extra or {}).get("format")
    asked = asked.get("mediaType") if isinstance(asked, dict) else asked
    if asked is not None and str(asked).partition(";")[0].strip().lower() != kind.partition(";")[0]:
        raise InvalidOption("format", asked, f"this output is {kind}")


def _digest(product: Product[Any], order: Execute) -> str:
    """Return the digest of an order; that of one for all outputs is the same as before there was a choice."""
    if order.subscriber is not None:
        return body_sha256(product.id, [order.inputs, sorted(order.outputs or ()), order.subscriber.model_dump()])
    return body_sha256(product.id, [order.inputs, sorted(order.outputs)] if order.outputs else order.inputs)


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


OF_THE_JOB: dict[str, dict[str, Any]] = {
    "title": {
        "title": "Title",
        "description": "Your own name for the result, shown in the list of jobs.",
        "type": "string",
        "maxLength": MAX_TITLE,
    },
    "priority": {
        "title": "Priority",
        "description": "Among the jobs of the same party; it changes nothing for other parties.",
        "type": "string",
        "enum": list(Priority),
        "default": Priority.NORMAL.value,
    },
    "max_seconds": {
        "title": "Seconds at most",
        "description": "Seconds of workers after which no further tile is begun; what is done is delivered.",
        "type": "number",
        "minimum": 0.001,  # exclusiveMinimum is a number in JSON Schema, but a boolean in the standard's own schema
    },
}
"""Inputs that change no pixel: what a job is called, how soon it is carried out, and when it stops."""


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
