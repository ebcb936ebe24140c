"""Where the service is reached, and links below it. Every absolute URL that leaves the service is made here."""

from typing import Annotated

from fastapi import Depends, Request

from core.settings import Settings
from service.schemas import Link

JSON = "application/json"
GEOJSON = "application/geo+json"
COG = "image/tiff; application=geotiff; profile=cloud-optimized"
OPENAPI = "application/vnd.oai.openapi+json;version=3.1"


def base_url(request: Request) -> str:
    """Return the URL below which users reach the service, without a slash at its end.

    LANDCAST_PUBLIC_URL comes first; without it, scheme, host and root path of the request speak.
    """
    settings: Settings = request.app.state.settings
    return (settings.public_url or str(request.base_url)).rstrip("/")


BaseUrl = Annotated[str, Depends(base_url)]


def link(href: str, rel: str, *, kind: str = JSON, title: str | None = None) -> Link:
    """Return a link object."""
    return Link(href=href, rel=rel, type=kind, title=title)


def file_url(base: str, job_id: str, name: str) -> str:
    """Return the URL of one result file."""
    return f"{base}/files/{job_id}/{name}"
