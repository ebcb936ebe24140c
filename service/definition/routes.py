"""`/openapi.json`: the API's own description, with the URL under which users reach it."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import JSONResponse

from service.definition.version_30 import as_version_30
from service.links import OPENAPI, OPENAPI_30, BaseUrl, link
from service.schemas import Link

router = APIRouter(include_in_schema=False)

Version = Literal["3.0", "3.1"]
KINDS: dict[Version, str] = {"3.1": OPENAPI, "3.0": OPENAPI_30}


@router.get("/openapi.json")
def openapi_json(
    request: Request,
    base: BaseUrl,
    version: Annotated[Version, Query(description="Version of OpenAPI.")] = "3.1",
) -> JSONResponse:
    """Return the OpenAPI document of the service, of the version that the caller reads."""
    document: dict[str, Any] = {**request.app.openapi(), "servers": [{"url": base}]}
    return JSONResponse(document if version == "3.1" else as_version_30(document), media_type=KINDS[version])


def definition_links(base: str) -> list[Link]:
    """Return links to the definition, one a version; the one that this service is generated from comes first."""
    return [
        link(f"{base}/openapi.json", "service-desc", kind=OPENAPI, title="API definition (OpenAPI 3.1)"),
        link(f"{base}/openapi.json?version=3.0", "service-desc", kind=OPENAPI_30, title="The same as OpenAPI 3.0"),
    ]
