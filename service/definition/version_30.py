"""OpenAPI 3.1 as 3.0.3, for clients that read no other (OWSLib, many generators). What 3.0 cannot say is left out."""

from collections.abc import Mapping
from typing import Any

VERSION = "3.0.3"
LEFT_OUT = ("propertyNames", "contentMediaType", "contentEncoding", "$schema", "$id", "$comment", "$defs")
"""Keywords of JSON Schema 2020-12 that OpenAPI 3.0 does not have."""
_BOUNDS = (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum"))
NULL = {"type": "null"}
"""Schema of nothing, which 3.0 says of others alone."""
_NAMED = ("properties", "patternProperties", "schemas")
"""Members that hold schemas by names, which are no keywords."""


def as_version_30(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return an OpenAPI 3.1 document as one of version 3.0.3."""
    found: dict[str, Any] = _plain(document)
    found["openapi"] = VERSION
    found["info"].get("license", {}).pop("identifier", None)
    found["components"]["schemas"] = {name: _schema(x) for name, x in found["components"]["schemas"].items()}
    return found


def _plain(node: Any) -> Any:
    """Return a part of a document with every `schema` in it as version 3.0 writes it."""
    if isinstance(node, list):
        return [_plain(item) for item in node]
    if not isinstance(node, Mapping):
        return node
    return {k: _schema(v) if k == "schema" and isinstance(v, Mapping) else _plain(v) for k, v in node.items()}


def _schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a JSON schema in the dialect of OpenAPI 3.0."""
    found = {k: _member(k, v) for k, v in schema.items() if k not in LEFT_OUT}
    if "const" in found:
        found["enum"] = [found.pop("const")]
    if "examples" in found:
        found["example"] = found.pop("examples")[0]
    for exclusive, inclusive in _BOUNDS:
        if exclusive in found:
            found[inclusive], found[exclusive] = found[exclusive], True
    return _nullable(found)


def _member(name: str, value: Any) -> Any:
    if name in _NAMED and isinstance(value, Mapping):
        return {key: _schema(item) for key, item in value.items()}
    if name in ("example", "examples", "default", "enum", "const"):
        return value
    if isinstance(value, list):
        return [_schema(item) if isinstance(item, Mapping) and item != NULL else item for item in value]
    return _schema(value) if isinstance(value, Mapping) else value


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema with `nullable` in the place of the type null."""
    if schema.get("type") == "null":
        return {**schema, "type": "string", "enum": [None], "nullable": True}
    options = schema.get("anyOf", [])
    others = [option for option in options if option != NULL]
    if len(others) == len(options):
        return schema
    rest = {k: v for k, v in schema.items() if k != "anyOf"}
    if len(others) == 1 and "$ref" not in others[0]:
        return {**others[0], **rest, "nullable": True}
    return {**rest, ("allOf" if len(others) == 1 else "anyOf"): others, "nullable": True}
