"""Footprints of STAC items, also across the antimeridian. No pixels."""

from collections.abc import Mapping
from typing import Any

from shapely import box
from shapely.errors import GEOSException
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from core.errors import InvalidArchive
from core.grid import OUTLINE_M
from core.region import WGS84, reproject
from ingest.archive import Bounds

WIDEST_DEGREES = 10.0
"""Wider footprints of one scene are wrong: a Sentinel-2 granule spans 8 degrees only beyond 82 degrees north, and a
Sentinel-1 scene 250 km. Those near 180 degrees match half the world (Element84/earth-search#39)."""


def find_footprint(document: Mapping[str, Any], place: str, *, crs: str) -> BaseGeometry:
    """Return the footprint of an item in longitude/latitude; from its raster's extent if the stated one is implausible.

    Args:
        document: the item as JSON.
        place: path or URL it was read from, for messages.
        crs: of its rasters; empty = not stated.

    Raises:
        InvalidArchive: it has no usable footprint.
    """
    try:
        stated = shape(document["geometry"])
    except (KeyError, TypeError, ValueError, AttributeError, GEOSException):
        stated = None
    if stated is not None and not stated.is_empty and _width(stated) <= WIDEST_DEGREES:
        return stated
    extent = _extent(document)
    if stated is None and extent is None:
        raise InvalidArchive(place, "the item has no usable geometry")
    if extent is None or not crs:
        raise InvalidArchive(
            place, f"the item's footprint is wider than {WIDEST_DEGREES:g} degrees, which is implausible"
        )
    return reproject(box(*extent).segmentize(OUTLINE_M), crs, WGS84)


def _width(geometry: BaseGeometry) -> float:
    """Return the widest part, in degrees: one that was split at 180 degrees properly is narrow."""
    parts = getattr(geometry, "geoms", [geometry])
    return float(max(p.bounds[2] - p.bounds[0] for p in parts))


def _extent(document: Mapping[str, Any]) -> Bounds | None:
    """Return west, south, east, north of the raster in its own reference system."""
    for stated in (document.get("properties") or {}, *(document.get("assets") or {}).values()):
        if len(stated.get("proj:bbox") or ()) == 4:
            west, south, east, north = map(float, stated["proj:bbox"])
            return west, south, east, north
        if len(stated.get("proj:transform") or ()) >= 6 and len(stated.get("proj:shape") or ()) == 2:
            a, _, x, _, e, y = map(float, stated["proj:transform"][:6])
            rows, columns = stated["proj:shape"]
            return x, y + e * rows, x + a * columns, y
    return None
