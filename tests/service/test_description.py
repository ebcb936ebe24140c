from typing import Any

import pytest
from fastapi import FastAPI

from core.settings import Settings
from service.app import create_app
from service.description import TAGS, describe


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return describe(create_app(Settings(), reconcile=False))


def test_a_route_that_checks_its_input_refuses_with_400_and_never_422() -> None:
    app = FastAPI()

    @app.get("/twice")
    def twice(number: int) -> int:
        return 2 * number

    responses = describe(app)["paths"]["/twice"]["get"]["responses"]
    assert responses.keys() == {"200", "400", "401", "403", "429"}
    assert list(responses["400"]["content"]) == ["application/problem+json"]


def test_schemas_of_errors_that_we_never_send_are_left_out(document: dict[str, Any]) -> None:
    assert {"HTTPValidationError", "ValidationError"}.isdisjoint(document["components"]["schemas"])
    assert "Problem" in document["components"]["schemas"]


def test_every_tag_is_explained_and_used(document: dict[str, Any]) -> None:
    used = {t for operations in document["paths"].values() for o in operations.values() for t in o["tags"]}
    assert used == {tag["name"] for tag in TAGS}


def test_the_document_is_made_once() -> None:
    app = create_app(Settings(), reconcile=False)
    assert describe(app) is describe(app)
