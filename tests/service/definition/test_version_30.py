"""OpenAPI 3.1 as 3.0."""

from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV30SpecValidator

from core.settings import Settings
from service.app import create_app
from service.definition.version_30 import as_version_30
from service.description import describe


def schema_of(schema: dict[str, Any]) -> dict[str, Any]:
    document = {"openapi": "3.1.0", "info": {}, "components": {"schemas": {"A": schema}}}
    found: dict[str, Any] = as_version_30(document)["components"]["schemas"]["A"]
    return found


def test_the_document_of_the_service_is_valid() -> None:
    document = describe(create_app(Settings(), reconcile=False))
    found = as_version_30(document)
    OpenAPIV30SpecValidator(found).validate()
    assert found["paths"].keys() == document["paths"].keys()
    assert document["openapi"].startswith("3.1"), "the original stays as it was"


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (
            {"anyOf": [{"type": "string"}, {"type": "null"}], "title": "T"},
            {"type": "string", "title": "T", "nullable": True},
        ),
        ({"anyOf": [{"$ref": "#/x"}, {"type": "null"}]}, {"allOf": [{"$ref": "#/x"}], "nullable": True}),
        (
            {"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}]},
            {"anyOf": [{"type": "string"}, {"type": "integer"}], "nullable": True},
        ),
        ({"type": "null", "title": "T"}, {"type": "string", "enum": [None], "nullable": True, "title": "T"}),
        ({"const": "a", "type": "string"}, {"enum": ["a"], "type": "string"}),
        ({"examples": [1, 2]}, {"example": 1}),
        ({"exclusiveMinimum": 0}, {"minimum": 0, "exclusiveMinimum": True}),
        ({"propertyNames": {"enum": ["a"]}, "type": "object"}, {"type": "object"}),
        (
            {"properties": {"const": {"const": 1}, "examples": {"type": "array", "items": {"const": 2}}}},
            {"properties": {"const": {"enum": [1]}, "examples": {"type": "array", "items": {"enum": [2]}}}},
        ),
    ],
)
def test_schemas_are_written_as_3_0_has_them(schema: dict[str, Any], expected: dict[str, Any]) -> None:
    assert schema_of(schema) == expected
