"""Previews of a finished job's layers for the map page: drawn from the COG on demand, in web Mercator."""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from affine import Affine
from fastapi import APIRouter, Query, Response
from numpy.typing import NDArray
from pyproj import Transformer

from core.bands import Floats
from core.errors import UnknownResult
from core.grid import Window
from core.job import Job
from core.product import Layer
from core.rasters.coding import coding_of
from core.region import unwrap
from products.catalogue import find_product
from products.evidence import evidence_line
from service.answers.caching import cache_control
from service.errors import refusals
from service.layers import first_layer, layers_of, ramp_of, view_of
from service.results import find_file
from service.schemas import LayerList
from service.stac.items import is_simulated
from service.state import CurrentItems, CurrentSettings, FinishedMap
from workers.queue.item_rows import Item
from workers.queue.items import Items

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

router = APIRouter(prefix="/jobs", tags=["Jobs"])

Bounds = tuple[float, float, float, float]

EDGE_PX = 1024
"""Longer edge of a preview: sharp on the page at 1280 x 800, about 50 kB for a class map."""
MERCATOR = "EPSG:3857"
REFUSALS = refusals(
    {
        404: "There is no such job or layer, or the job has not finished.",
        500: "The job failed; the detail gives the reason.",
    }
)
PICTURE: dict[int | str, dict[str, Any]] = {200: {"content": {"image/png": {}}, "description": "The picture."}}


@dataclass(frozen=True, kw_only=True)
class Frame:
    """Where a preview lies: a rectangle of web Mercator, which is a rectangle of longitude and latitude too."""

    bounds_mercator: Bounds
    """West, south, east, north in metres of EPSG:3857."""
    shape_yx: tuple[int, int]
    """Rows, columns."""


@router.get("/{job_id}/layers", summary="Layers of a result", responses=REFUSALS)
def layers(job: FinishedMap, items: CurrentItems) -> LayerList:
    """Return layers with legends, and the bounds of their previews."""
    item = item_of(job, items)
    stated = item["properties"]
    return LayerList(
        title=find_product(job.order.product).title,
        product=job.order.product,
        simulated=is_simulated(item),
        bounds=list(bounds_of(item)),
        start=first_layer(job),
        evidence=evidence_line(stated.get("landcast:evidence", {})),
        notes=stated.get("landcast:notes", []),
        areas=stated.get("landcast:areas"),
        clear_share=stated.get("landcast:clear_share"),
        completeness=stated.get("landcast:completeness"),
        layers=[view_of(x) for x in layers_of(job)],
    )


@router.get("/{job_id}/preview.png", summary="Picture of a layer", responses={**REFUSALS, **PICTURE})
def preview(
    job: FinishedMap,
    items: CurrentItems,
    settings: CurrentSettings,
    layer: Annotated[str | None, Query(description="Name of the layer.")] = None,
) -> Response:
    """Return a transparent PNG over the bounds that `layers` names; rows are spaced as in web Mercator."""
    name = layer or first_layer(job)
    chosen = next((x for x in layers_of(job) if x.name == name), None)
    if chosen is None:
        raise UnknownResult(name, [x.name for x in layers_of(job)])
    cog = find_file(settings, job, f"{job.order.product}.tif")
    png = draw(cog, chosen, frame_of(bounds_of(item_of(job, items))))
    return Response(png, media_type="image/png", headers={"Cache-Control": cache_control(job)})


def item_of(job: Job, items: Items) -> Item:
    """Return the STAC item of a job; UnknownResult if there is none."""
    item = items.find(job.order.product, job.id)
    if item is None:
        raise UnknownResult(f"{job.order.product}.json")
    return item


def bounds_of(item: Item) -> Bounds:
    """Return west, south, east, north in degrees of the whole raster that an item describes; beyond 180 across it."""
    found = item["properties"] | item["assets"]["data"]  # at the raster; of items before version 0.2, at the item
    rows, columns = found["proj:shape"]
    transform = Affine(*found["proj:transform"][:6])
    window = Window(crs=found["proj:code"], transform=transform, shape_yx=(rows, columns))
    return unwrap(window.footprint_wgs84).bounds


def frame_of(bounds_wgs84: Sequence[float]) -> Frame:
    """Return the frame over west, south, east, north in degrees, its longer edge EDGE_PX pixels."""
    to_mercator = Transformer.from_crs("EPSG:4326", MERCATOR, always_xy=True).transform
    (west, east), (south, north) = to_mercator(bounds_wgs84[::2], bounds_wgs84[1::2])
    width, height = east - west, north - south
    pixel = max(width, height) / EDGE_PX
    return Frame(
        bounds_mercator=(west, south, east, north),
        shape_yx=(max(1, round(height / pixel)), max(1, round(width / pixel))),
    )


def draw(cog: Path, layer: Layer, frame: Frame) -> bytes:
    """Return a PNG of one layer of a COG; nodata is transparent."""
    from PIL import Image

    values = _warp(cog, layer.name, frame)
    hidden = np.isnan(values)
    rgba = np.zeros((*values.shape, 4), np.uint8)
    rgba[..., :3] = paint(values, layer)
    rgba[..., 3] = np.where(hidden, 0, 255)
    out = BytesIO()
    Image.fromarray(rgba).save(out, format="png", compress_level=3)
    return out.getvalue()


def paint(values: NDArray[Any], layer: Layer) -> NDArray[np.uint8]:
    """Return (Y, X, 3) colours of (Y, X) values: the legend's, or the ramp's of the layer's unit."""
    if layer.legend:
        table = np.zeros((256, 3), np.uint8)
        for entry in layer.legend:
            table[entry.value] = entry.colour
        return np.asarray(table[np.nan_to_num(values, nan=255).astype(np.uint8)])
    ramp = ramp_of(layer)
    channels = np.array(ramp.colours, np.float64).T
    finite = np.nan_to_num(values.astype(np.float64))
    return np.stack([np.interp(finite, ramp.values, c) for c in channels], axis=-1).astype(np.uint8)


def _warp(cog: Path, name: str, frame: Frame) -> Floats:
    """Return (Y, X) values of one band over the frame, nearest neighbour; NaN = nodata."""
    import rasterio
    from rasterio.transform import from_bounds
    from rasterio.warp import Resampling, reproject

    with rasterio.open(cog) as source:
        band = source.descriptions.index(name) + 1
        pixels, transform = _read(source, band)
        nodata = float(source.nodata)
        rows, columns = frame.shape_yx
        target = np.full(frame.shape_yx, nodata, pixels.dtype)
        reproject(
            pixels,
            target,
            src_transform=transform,
            src_crs=source.crs,
            src_nodata=nodata,
            dst_transform=from_bounds(*frame.bounds_mercator, columns, rows),
            dst_crs=MERCATOR,
            dst_nodata=nodata,
            resampling=Resampling.nearest,
        )
        return coding_of(source, band).values(target)


def _read(source: "DatasetReader", band: int) -> tuple[NDArray[Any], Any]:
    """Return one band at no more than twice the preview's resolution, from overviews where it has them."""
    factor = max(1, max(source.height, source.width) // (2 * EDGE_PX))
    shape_yx = (-(-source.height // factor), -(-source.width // factor))
    scale = source.transform.scale(source.width / shape_yx[1], source.height / shape_yx[0])
    return source.read(band, out_shape=shape_yx), source.transform * scale
