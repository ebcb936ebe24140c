"""The landing page: a map page for browsers, links for programs; and the static files of the map page."""

import re
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, FastAPI, Header, Query, Response
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from xstatic.pkg import leaflet

from core.settings import Settings
from service.definition.routes import definition_links
from service.links import BaseUrl, link
from service.schemas import Conformance, Landing
from service.stac.routes import CONFORMS_TO as STAC_CONFORMS_TO
from service.state import CurrentSettings

router = APIRouter(tags=["Service"])

PAGE = Path(__file__).parent / "page"
_OGC = "http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/"
_CLASSES = ("core", "ogc-process-description", "json", "job-list", "callback", "dismiss")
CONFORMS_TO = [f"{_OGC}{name}" for name in _CLASSES]
_REL = "http://www.opengis.net/def/rel/ogc/1.0/"


@router.get(
    "/",
    summary="Landing page",
    response_model=Landing,
    responses={200: {"content": {"text/html": {}}, "description": "Links, or the map page for browsers."}},
)
def landing(
    base: BaseUrl,
    settings: CurrentSettings,
    f: Annotated[
        Literal["html", "json"] | None, Query(description="Representation; takes precedence over `Accept`.")
    ] = None,
    accept: Annotated[str, Header(description="`text/html`, as browsers send it, gives the map page.")] = "",
) -> Response:
    """Return links to all resources, or the map page."""
    if f == "html" or (f is None and "text/html" in accept):
        policy = content_security_policy(settings)
        headers = {"Content-Security-Policy": policy, "Vary": "Accept", "Cache-Control": "no-cache"}
        return FileResponse(PAGE / "index.html", media_type="text/html; charset=utf-8", headers=headers)
    return JSONResponse(_links(base).model_dump(exclude_none=True), headers={"Vary": "Accept"})


@router.get("/conformance", summary="Conformance classes")
async def conformance() -> Conformance:
    """Return the conformance classes that the service implements."""
    return Conformance(conformsTo=[*CONFORMS_TO, *STAC_CONFORMS_TO])


@router.get("/page/base-map.json", include_in_schema=False)
async def base_map(settings: CurrentSettings) -> dict[str, str]:
    """Return the template and the credit of the tiles below the map, both empty where there are none."""
    return {"template": settings.http.base_map, "attribution": settings.http.base_map_attribution}


def content_security_policy(settings: Settings) -> str:
    """Return what browsers let the page do: it runs no inline script, and loads from elsewhere only base map tiles."""
    host = re.match(r"https?://[^/]+", settings.http.base_map)
    tiles = f" {host[0].replace('{s}', '*')}" if host else ""
    return f"default-src 'self'; img-src 'self' data:{tiles}; object-src 'none'; frame-ancestors 'self'"


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
            link(f"{base}/edr", "related", title="Values of results at a place or in an area (OGC API - EDR)"),
        ],
    )
