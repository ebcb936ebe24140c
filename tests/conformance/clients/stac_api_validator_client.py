"""stac-api-validator: all its tests of core, collections, features and item search.

It fetches the schemas of STAC. Here they are those that pystac carries; those of extensions are in no package, so
documents are not checked against them.
"""

import json
import logging
from pathlib import Path
from typing import Any

import pystac
from stac_api_validator.validations import QueryConfig, validate_api
from stac_validator import utilities

from tests.conformance.clients.report import Report, Service, run

SCHEMAS = Path(pystac.__file__).parent / "validation" / "jsonschemas"
CLASSES = ["core", "collections", "features", "item-search"]
OPEN = {"$schema": "http://json-schema.org/draft-07/schema#"}
"""Takes every document."""
ADVICE = ("stac-check recommendations", "returned 0 results")
"""Warnings that are a matter of taste, or of what the region of the sample holds."""


def schema(url: str) -> dict[str, Any]:
    """Return a schema without asking for it."""
    name = url.rpartition("/")[2].partition("#")[0]
    path = SCHEMAS / ("geojson" if "geojson.org" in url else "stac-spec/v1.1.0") / name
    if "stac-extensions" in url or not path.is_file():
        return OPEN
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def examine(service: Service, report: Report) -> None:
    """Carry out all tests."""
    logging.disable(logging.INFO)
    utilities._schema_cache = schema
    config = QueryConfig(*[None] * 13)
    warnings, errors = validate_api(
        root_url=f"{service.url}/stac",
        ccs_to_validate=CLASSES,
        collection="canopy",  # it has two items, as pages need
        geometry=json.dumps(service.region),
        auth_bearer_token=None,
        auth_query_parameter=None,
        fields_nested_property=None,
        validate_pagination=True,
        query_config=config,
        transaction_collection=None,
        headers={},
    )
    report.note("errors", [str(e) for e in errors])
    report.note("warnings", [str(w) for w in warnings if not any(text in str(w) for text in ADVICE)])


if __name__ == "__main__":
    run("stac-api-validator", examine)
