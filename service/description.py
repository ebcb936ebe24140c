"""The OpenAPI document of an application: its words, and every refusal as a problem. Files are not written here."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

DESCRIPTION = """\
NDVI forecasts, tree canopy and crop maps from Sentinel-1/2, ordered as jobs.

The service speaks OGC API - Processes 1.0 (core, job list, dismiss): post an order to a process, follow the job, fetch
its results. Results are Cloud Optimized GeoTIFFs described by STAC items; `/stac` is a STAC API 1.0 over all of them.
Errors are problem details (RFC 9457) with one clear sentence.
"""
TAGS = [
    {"name": "Service", "description": "Landing page, health, version."},
    {"name": "Processes", "description": "What can be ordered, and orders."},
    {"name": "Jobs", "description": "Orders being carried out, and their results."},
    {"name": "Files", "description": "Result files; they answer HEAD and Range."},
    {"name": "Archives", "description": "Where the observations come from."},
    {"name": "STAC", "description": "STAC API 1.0 over all finished results."},
]
_OWN_SCHEMAS_ONLY = ("HTTPValidationError", "ValidationError")


def describe(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document of the application; every refusal is a problem document and none is a 422."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title, version=app.version, description=DESCRIPTION, routes=app.routes, tags=TAGS
        )
        document["info"]["license"] = {"name": "Apache-2.0", "identifier": "Apache-2.0"}
        for operations in document["paths"].values():
            for operation in operations.values():
                _refuse_by_problem(operation["responses"])
        for name in _OWN_SCHEMAS_ONLY:
            document["components"]["schemas"].pop(name, None)
        app.openapi_schema = document
    return app.openapi_schema


def _refuse_by_problem(responses: dict[str, Any]) -> None:
    """Turn FastAPI's 422 into our 400, and give every refusal the media type it has."""
    if responses.pop("422", None) is not None:
        responses.setdefault("400", {"description": "Bad Request"})
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for status, response in responses.items():
        if int(status) >= 400:
            response["content"] = problem
