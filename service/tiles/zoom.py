"""Zoom levels of web Mercator: which one shows a map at its own resolution."""

import math

from service.preview import bounds_of
from workers.queue.item_rows import Item

MAX_ZOOM = 24
"""Most that web maps use: pixels of a centimetre."""
EQUATOR_M = 40_075_016.685578488
RADIUS_M = EQUATOR_M / math.tau
TILE_PX = 256


def pixel_at(z: int, y_m: float) -> float:
    """Return the edge of a tile's pixel on the ground in metres, `y_m` metres of EPSG:3857 north of the equator."""
    return EQUATOR_M / TILE_PX / float(2**z) / math.cosh(y_m / RADIUS_M)


def deepest_zoom(item: Item) -> int:
    """Return the first zoom whose pixels are as small as those of the raster that an item describes."""
    _, south, _, north = bounds_of(item)
    found = item["properties"] | item["assets"]["data"]
    resolution_m = abs(float(found["proj:transform"][0])) / math.cos(math.radians((south + north) / 2))
    return min(MAX_ZOOM, max(0, math.ceil(math.log2(EQUATOR_M / TILE_PX / resolution_m) - 1e-9)))
