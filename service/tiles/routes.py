"""XYZ tiles, TileJSON and WMTS of a finished job's layers, in web Mercator (OGC's WebMercatorQuad)."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Request, Response

from core.errors import InvalidOption, UnknownResult
from core.job import Job
from core.product import Layer
from products.catalogue import find_product
from service.access.shares import PARAMETER, token_of
from service.answers.caching import cache_control
from service.errors import refusals
from service.layers import first_layer, layers_of
from service.links import BaseUrl
from service.preview import PICTURE, bounds_of, item_of
from service.results import find_file
from service.state import CurrentItems, CurrentSettings, FinishedMap
from service.tiles.draw import draw_tile
from service.tiles.schemas import TileJson
from service.tiles.wmts import WMTS, capabilities
from service.tiles.zoom import MAX_ZOOM, deepest_zoom

router = APIRouter(prefix="/jobs", tags=["Jobs"])

REFUSALS = refusals(
    {
        400: "There is no such tile; the detail gives the reason.",
        404: "There is no such job or layer, or the job has not finished.",
        500: "The job failed; the detail gives the reason.",
    }
)
LayerName = Annotated[str | None, Query(description="Name of the layer; default: the first one.")]
Zoom = Annotated[int, Path(ge=0, le=MAX_ZOOM)]
Number = Annotated[int, Path(ge=0, lt=2**MAX_ZOOM)]


@router.get("/{job_id}/tiles/{layer}/{z}/{x}/{y}.png", summary="Map tile of a layer", responses={**REFUSALS, **PICTURE})
def tile(job: FinishedMap, settings: CurrentSettings, layer: str, z: Zoom, x: Number, y: Number) -> Response:
    """Return a PNG of 256 x 256 pixels; where the map shows nothing it is transparent."""
    if max(x, y) >= 2**z:
        raise InvalidOption("x and y", f"{x}, {y}", f"zoom {z} has columns and rows 0 to {2**z - 1}")
    cog = find_file(settings, job, f"{job.order.product}.tif")
    png = draw_tile(cog, _layer(job, layer), z, x, y)
    return Response(png, media_type="image/png", headers={"Cache-Control": cache_control(job)})


@router.get("/{job_id}/tilejson.json", summary="TileJSON of a layer", responses=REFUSALS)
def tilejson(
    job: FinishedMap, items: CurrentItems, base: BaseUrl, request: Request, layer: LayerName = None
) -> TileJson:
    """Return where the tiles of a layer are, for MapLibre, Leaflet, OpenLayers, QGIS (TileJSON 3.0)."""
    chosen = _layer(job, layer or first_layer(job))
    item = item_of(job, items)
    west, south, east, north = bounds_of(item)
    deepest = deepest_zoom(item)
    return TileJson(
        name=f"{find_product(job.order.product).title}: {chosen.description or chosen.name}",
        attribution=str(item["properties"].get("landcast:attribution", "")),
        tiles=[tile_url(base, job, chosen.name, request, z="{z}", x="{x}", y="{y}")],
        bounds=[west, south, east, north],
        center=[(west + east) / 2, (south + north) / 2, max(0, deepest - 2)],
        minzoom=0,
        maxzoom=deepest,
    )


@router.get("/{job_id}/wmts", summary="WMTS of all layers", responses={**REFUSALS, **WMTS}, response_class=Response)
def wmts(job: FinishedMap, items: CurrentItems, base: BaseUrl, request: Request) -> Response:
    """Return the capabilities of a WMTS 1.0.0 whose layers are the job's; QGIS and GDAL open this address."""
    _check_wmts(request)
    item = item_of(job, items)
    urls = {
        layer.name: tile_url(base, job, layer.name, request, z="{TileMatrix}", x="{TileCol}", y="{TileRow}")
        for layer in layers_of(job)
    }
    document = capabilities(find_product(job.order.product).title, layers_of(job), urls, item)
    return Response(document, media_type="application/xml", headers={"Cache-Control": cache_control(job)})


def _check_wmts(request: Request) -> None:
    """Check that the capabilities are wanted, if a query says what is; names of WMTS are not case-sensitive.

    QGIS asks for those of a WMS and reads what it gets.

    Raises:
        InvalidOption: a tile by a query in place of a path.
    """
    given = {name.lower(): value for name, value in request.query_params.items()}
    name, only = "request", "GetCapabilities"
    if given.get(name, only).lower() != only.lower():
        advice = f"this address answers {only}; tiles have addresses of their own, which the capabilities name"
        raise InvalidOption(name, given[name][:80], advice)


def tile_url(base: str, job: Job, layer: str, request: Request, **place: str) -> str:
    """Return the URL of tiles; the token of a share link stays in it."""
    token = token_of(request.scope)
    path = f"{base}/jobs/{job.id}/tiles/{layer}/{place['z']}/{place['x']}/{place['y']}.png"
    return f"{path}?{PARAMETER}={quote(token)}" if token else path


def _layer(job: Job, name: str) -> Layer:
    layers = {layer.name: layer for layer in layers_of(job)}
    if name not in layers:
        raise UnknownResult(name, list(layers))
    return layers[name]
