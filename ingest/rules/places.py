"""Places: where things lie, whether longitude and latitude are swapped, and which CRS a text names. No files."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS
from pyproj.exceptions import CRSError
from shapely import contains_xy, intersects_xy
from shapely.geometry.base import BaseGeometry

from ingest.rules.refusal import Refused

SWAPPED = "longitude and latitude seem to be swapped"
"""Where the places fit only the other way round."""
Bounds = tuple[float, float, float, float]
KINDS = ("type", "$schema")
"""Members of what states a CRS that say in which form it does."""
WGS84_NAME = re.compile(r"(?:[^,+]*[:/#])?(?:CRS84h?|4326|4979)|(?:GCS[ _])?WGS[ _]?(?:19)?84", re.IGNORECASE)
"""Name of a CRS that is longitude and latitude of WGS84, with height or without: a code, or the plain name."""


def in_words(bounds: Sequence[float]) -> str:
    """Return west, south, east, north in degrees for a sentence."""
    west, south, east, north = bounds
    return f"{west:.4f} to {east:.4f} degrees east and {south:.4f} to {north:.4f} degrees north"


def are_degrees(bounds: Sequence[float]) -> bool:
    """Tell whether west, south, east, north are degrees."""
    west, south, east, north = bounds
    return -360 <= west and east <= 360 and -90 <= south and north <= 90


def are_swapped_degrees(bounds: Sequence[float]) -> bool:
    """Tell whether west, south, east, north are degrees only after x and y are swapped."""
    west, south, east, north = bounds
    return not are_degrees(bounds) and are_degrees((south, west, north, east))


def swapped_hint(points: NDArray[np.float64], footprint: BaseGeometry) -> str:
    """Return the beginning of a hint where places outside a footprint lie inside with x and y swapped, else nothing.

    Args:
        points: (N, 2) x, y in degrees.
        footprint: in WGS84.
    """
    fits = contains_xy(footprint, points[:, 1], points[:, 0]) | intersects_xy(footprint, points[:, 1], points[:, 0])
    return f"; {SWAPPED}" if fits.any() else ""


def parse_crs(text: str) -> CRS:
    """Read the CRS that a user states, such as `EPSG:25832`.

    Raises:
        Refused: it is not known.
    """
    try:
        return CRS.from_user_input(text)
    except CRSError:
        raise Refused(f"--crs {text}: it is no CRS; write it as EPSG:25832") from None


def foreign_crs(stated: Any) -> str:
    """Return what the member `crs` of a GeoJSON object of 2008 names, if it is not WGS84; empty if it is, or nothing.

    RFC 7946 knows no such member. Coordinates of another CRS may look like degrees, or be some metres or hundreds of
    metres beside those of WGS84. So what is in no known form counts as another CRS, by the first text or number in it.
    """
    waiting = [stated]
    while waiting:
        found = waiting.pop(0)
        if isinstance(found, dict):
            waiting += [value for key, value in found.items() if key not in KINDS]
        elif isinstance(found, list):
            waiting += found
        elif found is not None and (name := str(found).strip()):
            return "" if WGS84_NAME.fullmatch(name) else name[:80]
    return ""


def member_crs(found: dict[str, Any]) -> Any:
    """Return the member `crs` of a GeoJSON object, in capitals too, as GDAL reads it; None = it has none."""
    return next((value for name, value in found.items() if name.lower() == "crs"), None)


def foreign_crs_in(document: Any) -> str:
    """Return the first CRS other than WGS84 that a GeoJSON object states, or a feature or geometry in it."""
    waiting = [document]
    while waiting:
        found = waiting.pop()
        if isinstance(found, list):
            waiting += found
        elif isinstance(found, dict):
            if name := foreign_crs(member_crs(found)):
                return name
            waiting += [found[member] for member in ("features", "geometry", "geometries") if member in found]
    return ""
