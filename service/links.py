"""Where the service is reached, and links below it. Links and URLs of files are made here only."""

from typing import Annotated, Any

from fastapi import Depends, Request

from core.bands import RADAR_NAMES
from core.product import Product
from core.settings import Settings
from service.schemas import Link

JSON = "application/json"
GEOJSON = "application/geo+json"
COG = "image/tiff; application=geotiff; profile=cloud-optimized"
OPENAPI = "application/vnd.oai.openapi+json;version=3.1"
OPENAPI_30 = "application/vnd.oai.openapi+json;version=3.0"


def base_url(request: Request) -> str:
    """Return the URL below which users reach the service, without a slash at its end.

    It is LANDCAST_PUBLIC_URL if that is set, otherwise scheme, host and root path of the request.
    """
    settings: Settings = request.app.state.settings
    return (settings.http.public_url or str(request.base_url)).rstrip("/")


async def _base_url(request: Request) -> str:
    """Return the same; what is not `async` would wait for a thread."""
    return base_url(request)


BaseUrl = Annotated[str, Depends(_base_url)]


def link(href: str, rel: str, *, kind: str = JSON, **further: Any) -> Link:
    """Return a link; `further` are title, method, body, merge."""
    return Link(href=href, rel=rel, type=kind, **further)


def file_url(base: str, job_id: str, name: str) -> str:
    """Return the URL of one result file."""
    return f"{base}/files/{job_id}/{name}"


def keywords_of(product: Product[Any]) -> list[str]:
    """Return what a product is found by: the sensors that it reads, and its task."""
    sensors = ["Sentinel-2", *(["Sentinel-1"] if set(RADAR_NAMES) & set(product.bands) else [])]
    return [*sensors, *([product.task] if product.task else [])]
