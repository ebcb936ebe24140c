"""Places of queries: Well-Known Text in the coordinate reference system (CRS) that the query names. Nothing is read."""

import math
import re
from dataclasses import dataclass
from functools import cache

import numpy as np
import shapely
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError
from shapely.errors import GEOSException
from shapely.geometry import Point, mapping
from shapely.geometry.base import BaseGeometry

from core.errors import InvalidOption, InvalidRegion
from core.region import WGS84, Region, reproject
from workers.region_limits import parse_limited_region

CRS84 = "CRS84"
"""WGS84, longitude before latitude."""
CRS84_URI = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
EPSG_URI = "http://www.opengis.net/def/crs/EPSG/0/"
_EPSG_NAMES = re.compile(r"(?:http://www\.opengis\.net/def/crs/EPSG/[\d.]+/|urn:ogc:def:crs:EPSG:[\d.]*:)(\d+)")
_CRS84_NAMES = ("CRS84", "OGC:CRS84", CRS84_URI, "urn:ogc:def:crs:OGC:1.3:CRS84", "urn:ogc:def:crs:OGC::CRS84")
_EPSG = re.compile(r"EPSG:(\d{4,6})")
MOST_CHARACTERS = 20_000
"""Of `coords`: a polygon of about a thousand vertices. Servers cut longer URLs off anyway."""
LONGEST_M = 4e7
"""Longest outline of an area in metres: the way around the globe."""
EDGE_M = 1000.0
"""Longest edge that is projected: straight in metres, it is a curve in degrees."""
_SHOWN = 60


@dataclass(frozen=True, kw_only=True)
class Place:
    """One place of a position query."""

    longitude: float
    latitude: float
    crs: str
    """In which it was given, and in which it is answered: CRS84 or `EPSG:CODE`."""

    @property
    def point(self) -> Point:
        """WGS84, longitude before latitude."""
        return Point(self.longitude, self.latitude)


def read_crs(text: str | None) -> str:
    """Return a CRS of `crs`: CRS84, or a projected one in metres, such as a UTM zone, as `EPSG:CODE`.

    Raises:
        InvalidOption: another one.
    """
    if not text or text in _CRS84_NAMES:
        return CRS84
    long = _EPSG_NAMES.fullmatch(text)
    name = f"EPSG:{long[1]}" if long else text.upper()
    code = _EPSG.fullmatch(name)
    if code is None or not _is_in_metres(int(code[1])):
        allowed = "it is CRS84 (longitude, latitude), or a projected one in metres, as EPSG:32632"
        raise InvalidOption("crs", text[:_SHOWN], allowed)
    return name


@cache
def _is_in_metres(code: int) -> bool:
    """Tell whether an EPSG code is of a projected CRS in metres."""
    try:
        found = CRS.from_epsg(code)
    except CRSError:
        return False
    return found.is_projected and all(axis.unit_name == "metre" for axis in found.axis_info[:2])


def uri_of(crs: str) -> str:
    """Return the URI of a CRS."""
    return CRS84_URI if crs == CRS84 else EPSG_URI + crs.removeprefix("EPSG:")


def read_place(text: str, crs: str) -> Place:
    """Return the place of `POINT(x y)`.

    Raises:
        InvalidOption: unreadable, another kind of geometry, not finite, or not on the globe.
    """
    found = _read(text, ("Point",), "POINT(11.05 48.2)")
    x, y = shapely.get_coordinates(found)[0].tolist()
    if crs != CRS84:
        x, y = Transformer.from_crs(crs, WGS84, always_xy=True).transform(x, y)
    if not (math.isfinite(x) and math.isfinite(y) and abs(x) <= 180 and abs(y) <= 90):
        raise InvalidOption("coords", short(text), _outside(crs))
    return Place(longitude=x, latitude=y, crs=crs)


def read_area(text: str, crs: str) -> Region:
    """Return the area of `POLYGON((x y, ...))` or of a MULTIPOLYGON.

    Raises:
        InvalidOption: unreadable, another kind of geometry, not finite, not on the globe, crossing itself, too complex.
    """
    found = _read(text, ("Polygon", "MultiPolygon"), "POLYGON((11 48, 11.1 48, 11.1 48.1, 11 48))")
    if crs != CRS84:
        if found.length > LONGEST_M:
            raise InvalidOption("coords", short(text), _outside(crs))
        found = reproject(found.segmentize(EDGE_M), crs, WGS84)
        if not all(map(math.isfinite, found.bounds)):
            raise InvalidOption("coords", short(text), _outside(crs))
    try:
        return parse_limited_region(dict(mapping(found)))
    except InvalidRegion as error:
        raise InvalidOption("coords", short(text), error.reason) from None


def other_readings(text: str, crs: str) -> list[tuple[BaseGeometry | None, str]]:
    """Return what coordinates that were read may be meant for where no result is, with what to tell the user.

    Returns:
        Places, WGS84, with advice that holds if a result meets them; None = it holds in any case.
    """
    given = shapely.from_wkt(text)
    swapped = shapely.transform(given, lambda xy: xy[:, ::-1])
    if crs == CRS84:
        advice = "longitude and latitude seem to be swapped: the other way round a result covers it"
        return [(swapped, advice)] if _are_degrees(swapped) else []
    if _are_degrees(given) or _are_degrees(swapped):
        return [(None, f"its numbers look like degrees, and {crs} has metres: leave out crs, or give metres")]
    place = reproject(swapped, crs, WGS84)
    advice = "eastings and northings seem to be swapped: the other way round a result covers it"
    return [(place, advice)] if _are_degrees(place) else []


def _are_degrees(geometry: BaseGeometry) -> bool:
    """Tell whether the coordinates of a geometry are longitudes and latitudes."""
    x, y = np.abs(shapely.get_coordinates(geometry)).max(axis=0, initial=0)
    return bool(x <= 180 and y <= 90)


def short(text: str) -> str:
    """Return coordinates as an error quotes them."""
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _read(text: str, kinds: tuple[str, ...], example: str) -> BaseGeometry:
    if len(text) > MOST_CHARACTERS:
        raise InvalidOption("coords", short(text), f"it has {len(text):,} characters, and may have {MOST_CHARACTERS:,}")
    try:
        with np.errstate(all="ignore"):  # 1e400 is infinite, which is refused below
            found = None if "\x00" in text else shapely.from_wkt(text)
    except GEOSException:
        found = None
    if found is None:
        raise InvalidOption("coords", short(text), f"write Well-Known Text, as {example}")
    if found.geom_type not in kinds or found.is_empty:
        given = f"an empty {found.geom_type.upper()}" if found.is_empty else f"a {found.geom_type.upper()}"
        raise InvalidOption("coords", short(text), f"it is {given}; this query takes one as {example}")
    if found.has_z or found.has_m:
        allowed = f"results have neither height nor measure; write two numbers a point, as {example}"
        raise InvalidOption("coords", short(text), allowed)
    if not all(map(math.isfinite, shapely.get_coordinates(found).ravel().tolist())):
        raise InvalidOption("coords", short(text), "its coordinates are not all finite numbers")
    return found


def _outside(crs: str) -> str:
    if crs == CRS84:
        return "write longitude (-180 to 180) before latitude (-90 to 90), in degrees"
    return f"it does not lie on the globe in {crs}, whose coordinates are metres eastwards and northwards"
