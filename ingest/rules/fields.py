"""What a field may be: how many, how large, named by what. Files of fields are read in ingest/field_file.py."""

import math

import numpy as np
from pyproj import Geod
from shapely.geometry.base import BaseGeometry
from shapely.validation import explain_validity

from core.region import unwrap

MAX_FIELDS = 10_000
"""A land register of a district."""
MAX_FIELD_KM2 = 100.0
"""A field of a million pixels is a region to be mapped."""
MAX_REACH_KM = 25.0
"""What is read of a field is the rectangle around it: a thin or scattered one would have a huge one."""
DEGREE_KM = 111.2
"""Of latitude."""
GEOD = Geod(ellps="WGS84")
"""Areas on the ellipsoid: a projection made for each field would take 5 ms."""
ID_COLUMNS = ("id", "name")
RESERVED = ("geometry", "fid")
"""Further names that no column of ids can have in vector files."""
ROW_NUMBER = "id"
"""Name of the column of ids where the file has none."""


def defect_of(geometry: BaseGeometry | None, own: BaseGeometry | None) -> str:
    """Return why a field cannot be measured, a clause; empty if it can.

    Args:
        geometry: its polygons in WGS84; None = it has none.
        own: what the file holds.
    """
    if own is None or own.is_empty:
        return "it has no geometry"
    if geometry is None:
        return f"it is a {own.geom_type}, and only polygons have pixels"
    if not np.isfinite(geometry.bounds).all():
        return "its coordinates lie outside the range of its CRS"
    if not geometry.is_valid:
        return f"its outline crosses itself or is flat ({explain_validity(geometry)})"
    area = area_km2(geometry)
    if area > MAX_FIELD_KM2:
        return f"it covers {area:,.0f} km2, and a field at most {MAX_FIELD_KM2:.0f} km2; map it as a region"
    reach = _reach_km(geometry)
    if reach > MAX_REACH_KM:
        return f"it reaches over {reach:,.0f} km, and a field over {MAX_REACH_KM:.0f} km at most; divide it"
    return ""


def area_km2(geometry: BaseGeometry) -> float:
    """Return the area of a polygon in WGS84 on the ellipsoid."""
    return float(abs(GEOD.geometry_area_perimeter(geometry)[0])) / 1e6


def _reach_km(geometry: BaseGeometry) -> float:
    """Return about how far a polygon in WGS84 reaches from west to east, or from south to north if that is more."""
    west, south, east, north = unwrap(geometry).bounds
    shrunk = math.cos(math.radians((south + north) / 2))
    return max((east - west) * shrunk, north - south) * DEGREE_KM
