"""openapi.yaml: made from the code, written or compared. Run as `python -m service.openapi [--check]`."""

import argparse
import sys
from pathlib import Path
from typing import Any

import yaml
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from core.settings import Settings

PATH = Path(__file__).parent.parent / "openapi.yaml"
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


def text() -> str:
    """Return openapi.yaml as the code of this moment makes it."""
    from service.app import create_app

    document = describe(create_app(Settings(), reconcile=False))
    document["info"]["version"] = document["info"]["version"].split("+")[0]
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)


def main() -> int:
    """Write openapi.yaml, or with --check tell whether it is current (exit code 1 if not)."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--write", action="store_true", help="write the file (also without any option)")
    choice.add_argument("--check", action="store_true", help="compare the file")
    if not parser.parse_args().check:
        PATH.write_text(text(), encoding="utf-8")
        return 0
    if PATH.is_file() and PATH.read_text(encoding="utf-8") == text():
        return 0
    print("openapi.yaml is not what the code generates; run: python -m service.openapi --write", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
