"""The OpenAPI document of an application: its texts, and a problem document for every refusal. Writes no file."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from service.access.caller import is_public

DESCRIPTION = """\
NDVI forecasts, tree canopy and crop maps from Sentinel-1/2, ordered as jobs.

The service implements OGC API - Processes 1.0 (core, job list, dismiss): send an order to a process, follow its job,
download its results. Results are Cloud Optimized GeoTIFFs with STAC items; `/stac` is a STAC API 1.0 over all results,
`/edr` an OGC API - Environmental Data Retrieval 1.1 of their values.
Errors are problem details (RFC 9457); `detail` names the cause in one sentence, and what to do about it.
"""
TAGS = [
    {"name": "Service", "description": "Landing page, health, version."},
    {"name": "Processes", "description": "Products, estimates and orders."},
    {"name": "Jobs", "description": "Accepted orders, their progress and their results."},
    {"name": "Standing orders", "description": "Orders that are carried out again and again."},
    {"name": "Files", "description": "Result files, with HEAD and Range."},
    {"name": "Archives", "description": "Where the observations come from."},
    {"name": "STAC", "description": "STAC API 1.0 over all finished results."},
    {"name": "EDR", "description": "OGC API - Environmental Data Retrieval 1.1: values at a place or in an area."},
    {"name": "openEO", "description": "openEO API 1.2: a process graph of one product as a job."},
]
SECURITY = {
    "key": {
        "type": "http",
        "scheme": "bearer",
        "description": "A key of `landcast keys create`. A service that only its own machine reaches needs none.",
    }
}
KEY_REFUSALS = {
    "401": "The key is missing, wrong, expired or revoked.",
    "403": "The key lacks the scope that the request needs.",
    "429": "A quota of the key or its party is used up; `Retry-After` says when to go on.",
}
_OWN_SCHEMAS_ONLY = ("HTTPValidationError", "ValidationError")


def describe(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document of the application; every refusal is a problem document, and none has status 422."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title, version=app.version, description=DESCRIPTION, routes=app.routes, tags=TAGS
        )
        document["info"]["license"] = {"name": "Apache-2.0", "identifier": "Apache-2.0"}
        document["components"]["securitySchemes"] = SECURITY
        for path, operations in document["paths"].items():
            for operation in operations.values():
                if not is_public(path):
                    _need_key(operation)
                _refuse_by_problem(operation["responses"])
        for name in _OWN_SCHEMAS_ONLY:
            document["components"]["schemas"].pop(name, None)
        app.openapi_schema = document
    return app.openapi_schema


def _need_key(operation: dict[str, Any]) -> None:
    """Say that an operation may need a key, and how it is refused without one."""
    operation["security"] = [{}, {"key": []}]
    for status, text in KEY_REFUSALS.items():
        operation["responses"].setdefault(status, {"description": text})


def _refuse_by_problem(responses: dict[str, Any]) -> None:
    """Replace FastAPI's 422 by our 400, and give every refusal the media type of problem details."""
    if responses.pop("422", None) is not None:
        responses.setdefault("400", {"description": "Bad Request"})
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for status, response in responses.items():
        if int(status) >= 400:
            response["content"] = problem
