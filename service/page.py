"""The landing page: a map page for browsers, links for programs; and the static files of the map page."""

from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, FastAPI, Header, Query, Response
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from xstatic.pkg import leaflet

from service.definition.routes import definition_links
from service.links import BaseUrl, link
from service.schemas import Conformance, Landing
from service.stac.routes import CONFORMS_TO as STAC_CONFORMS_TO

router = APIRouter(tags=["Service"])

PAGE = Path(__file__).parent / "page"
_OGC = "http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/"
_CLASSES = ("core", "ogc-process-description", "json", "job-list", "callback", "dismiss")
CONFORMS_TO = [f"{_OGC}{name}" for name in _CLASSES]
_REL = "http://www.opengis.net/def/rel/ogc/1.0/"
CONTENT_SECURITY_POLICY = "default-src 'self'; img-src 'self' data:; object-src 'none'; frame-ancestors 'self'"
"""The page loads nothing from elsewhere and runs no inline script."""


@router.get(
    "/",
    summary="Landing page",
    response_model=Landing,
    responses={200: {"content": {"text/html": {}}, "description": "Links, or the map page for browsers."}},
)
def landing(
    base: BaseUrl,
    f: Annotated[
        Literal["html", "json"] | None, Query(description="Representation; takes precedence over `Accept`.")
    ] = None,
    accept: Annotated[str, Header(description="`text/html`, as browsers send it, gives the map page.")] = "",
) -> Response:
    """Return links to all resources, or the map page."""
    if f == "html" or (f is None and "text/html" in accept):
        headers = {"Content-Security-Policy": CONTENT_SECURITY_POLICY, "Vary": "Accept", "Cache-Control": "no-cache"}
        return FileResponse(PAGE / "index.html", media_type="text/html; charset=utf-8", headers=headers)
    return JSONResponse(_links(base).model_dump(exclude_none=True), headers={"Vary": "Accept"})


@router.get("/conformance", summary="Conformance classes")
async def conformance() -> Conformance:
    """Return the conformance classes that the service implements."""
    return Conformance(conformsTo=[*CONFORMS_TO, *STAC_CONFORMS_TO])


def mount_static(app: FastAPI) -> None:
    """Serve the page's own files and Leaflet's, as its PyPI package carries them."""
    app.mount("/page/leaflet", StaticFiles(directory=leaflet.BASE_DIR), name="leaflet")
    app.mount("/page", StaticFiles(directory=PAGE), name="page")


def _links(base: str) -> Landing:
    return Landing(
        title="landcast",
        description="NDVI forecasts, tree canopy and crop maps from Sentinel-1/2.",
        links=[
            link(f"{base}/", "self"),
            link(f"{base}/?f=html", "alternate", kind="text/html", title="Map page"),
            *definition_links(base),
            link(f"{base}/conformance", _REL + "conformance", title="Conformance classes"),
            link(f"{base}/conformance", "conformance", title="Conformance classes"),
            link(f"{base}/processes", _REL + "processes", title="Products"),
            link(f"{base}/jobs", _REL + "job-list", title="Jobs"),
            link(f"{base}/archives", "related", title="Archives"),
            link(f"{base}/stac", "search", title="STAC API over all results"),
        ],
    )
