"""openapi.yaml: current, valid, and kept by the running service."""

from typing import Any

import yaml
from openapi_spec_validator import validate

from core.settings import Settings
from service.app import create_app
from service.description import describe
from service.openapi import PATH, text


def document() -> dict[str, Any]:
    return describe(create_app(Settings(), reconcile=False))


def test_the_file_is_what_the_code_generates() -> None:
    assert PATH.read_text(encoding="utf-8") == text()


def test_the_file_does_not_depend_on_the_machine(tmp_path: Any, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LANDCAST_ARCHIVE", str(tmp_path))
    assert PATH.read_text(encoding="utf-8") == text()


def test_the_document_is_valid_openapi() -> None:
    validate(yaml.safe_load(text()))


def test_every_refusal_is_a_problem_document_and_none_is_a_422() -> None:
    for path, operations in document()["paths"].items():
        for method, operation in operations.items():
            for status, response in operation["responses"].items():
                assert status != "422", (method, path)
                if int(status) >= 400:
                    assert list(response["content"]) == ["application/problem+json"]


def test_every_operation_and_parameter_is_explained() -> None:
    for path, operations in document()["paths"].items():
        for method, operation in operations.items():
            assert operation["summary"], (method, path)
            assert operation["tags"], (method, path)
            for parameter in operation.get("parameters", []):
                assert parameter["in"] == "path" or parameter["description"], (path, parameter["name"])


def test_operation_ids_are_unique() -> None:
    ids = [o["operationId"] for operations in document()["paths"].values() for o in operations.values()]
    assert len(ids) == len(set(ids))
