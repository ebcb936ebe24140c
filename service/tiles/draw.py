"""One tile of a map: classes by the nearest pixel in the colours of the legend, others interpolated, nodata clear.

GDAL warps from the overview that suits the zoom, to the 256 x 256 pixels of the tile and no more: whatever the zoom, a
tile costs about the same.
"""

import math
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.product import Layer
from core.rasters.coding import coding_of
from service.preview import MERCATOR, paint
from service.tiles.readers import READERS
from service.tiles.zoom import EQUATOR_M, TILE_PX, pixel_at

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

Bounds = tuple[float, float, float, float]


def draw_tile(cog: Path, layer: Layer, z: int, x: int, y: int) -> bytes:
    """Return the PNG of a tile of WebMercatorQuad; outside of the map it is transparent."""
    bounds = tile_bounds(z, x, y)
    pixel_m = pixel_at(z, (bounds[1] + bounds[3]) / 2)
    dataset = READERS.of(cog, pixel_m=pixel_m)
    if not _overlap(bounds, _bounds_mercator(dataset)):
        return clear_tile()
    whole = READERS.of(cog)  # overviews alone have no descriptions
    band = whole.descriptions.index(layer.name) + 1
    pixels, mask = _warp(dataset, band, bounds, smooth=not layer.legend)
    return _png(paint(coding_of(whole, band).values(pixels), layer), mask) if mask.any() else clear_tile()


def tile_bounds(z: int, x: int, y: int) -> Bounds:
    """Return west, south, east, north of a tile in metres of EPSG:3857."""
    edge = EQUATOR_M / 2**z
    west, north = x * edge - EQUATOR_M / 2, EQUATOR_M / 2 - y * edge
    return west, north - edge, west + edge, north


def _warp(
    dataset: "DatasetReader", band: int, bounds: Bounds, *, smooth: bool
) -> tuple[NDArray[np.generic], NDArray[np.bool_]]:
    from rasterio.enums import Resampling
    from rasterio.transform import from_bounds
    from rasterio.vrt import WarpedVRT

    way = Resampling.bilinear if smooth else Resampling.nearest
    place = from_bounds(*bounds, TILE_PX, TILE_PX)
    with WarpedVRT(
        dataset, crs=MERCATOR, transform=place, width=TILE_PX, height=TILE_PX, resampling=way, warp_mem_limit=64
    ) as vrt:
        return vrt.read(band), vrt.read_masks(band) > 0


def _bounds_mercator(dataset: "DatasetReader") -> Bounds:
    from rasterio.warp import transform_bounds

    west, south, east, north = transform_bounds(dataset.crs, MERCATOR, *dataset.bounds)
    return (west, south, east, north) if west <= east else (-math.inf, south, math.inf, north)


def _overlap(one: Bounds, other: Bounds) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


@cache
def clear_tile() -> bytes:
    """Return the PNG of a tile with nothing on it."""
    return _png(np.zeros((TILE_PX, TILE_PX, 3), np.uint8), np.zeros((TILE_PX, TILE_PX), np.bool_))


def _png(colours: NDArray[np.uint8], mask: NDArray[np.bool_]) -> bytes:
    from PIL import Image

    out = BytesIO()
    alpha = np.where(mask, 255, 0).astype(np.uint8)
    Image.fromarray(np.dstack([colours, alpha])).save(out, format="png", compress_level=1)
    return out.getvalue()
