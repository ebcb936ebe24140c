"""Region: the polygon a user asked about, and the one function that reads it. No tiles here."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyproj import Transformer
from shapely import transform, union_all
from shapely.errors import GEOSException
from shapely.geometry import mapping, shape
from shapely.geometry.base import BaseGeometry
from shapely.validation import explain_validity

from core.errors import InvalidRegion

RegionLike = str | Path | dict[str, Any]
"""A GeoJSON object, its text, or the path of a GeoJSON file."""

MAX_FILE_BYTES = 16 * 1024 * 1024
MAX_AREA_KM2 = 20_000.0
"""About two Sentinel-2 granules: larger orders are split by the caller."""
MAX_SPAN_DEGREES = 12.0
"""Two UTM zones: one job has one grid. Also keeps parts on both sides of the antimeridian apart."""


@dataclass(frozen=True, kw_only=True)
class Region:
    """A valid polygon or multi-polygon with an area, in WGS84 longitude/latitude (degrees)."""

    geometry: BaseGeometry
    """Shapely Polygon or MultiPolygon, EPSG:4326, x = longitude."""

    @property
    def bounds_wgs84(self) -> tuple[float, float, float, float]:
        """West, south, east, north in degrees."""
        west, south, east, north = self.geometry.bounds
        return west, south, east, north

    @property
    def area_km2(self) -> float:
        """Area in an equal-area projection centred on the region."""
        return float(self.to_crs(_equal_area(self.geometry)).area / 1e6)

    def to_crs(self, crs: str) -> BaseGeometry:
        """Return the polygon in another CRS, vertices transformed one by one."""
        return reproject(self.geometry, "EPSG:4326", crs)

    def to_geojson(self) -> dict[str, Any]:
        """Return the polygon as a GeoJSON geometry."""
        return dict(mapping(self.geometry))


def reproject(geometry: BaseGeometry, source: str, target: str) -> BaseGeometry:
    """Return a geometry of one CRS in another, vertices transformed one by one, x before y in both."""
    transformer = Transformer.from_crs(source, target, always_xy=True)

    def move(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(transformer.transform(points[:, 0], points[:, 1]))

    return transform(geometry, move)


def parse_region(region: RegionLike) -> Region:
    """Read a region from GeoJSON: a geometry, Feature or FeatureCollection (its polygons are united).

    Raises:
        InvalidRegion: not GeoJSON, no polygon, empty, self-crossing, outside the range of degrees, or too large.
    """
    geometry = union_all([_polygon(g) for g in _geometries(_load(region))])
    _check_range(geometry)
    parsed = Region(geometry=geometry)
    _check_size(parsed)
    return parsed


def _load(region: RegionLike) -> dict[str, Any]:
    if isinstance(region, dict):
        return region
    text = str(region)
    if not text.lstrip().startswith("{"):
        text = _read(Path(region))
    try:
        loaded = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidRegion(f"it is not JSON ({error})") from None
    if not isinstance(loaded, dict):
        raise InvalidRegion("it is JSON but not a GeoJSON object")
    return loaded


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise InvalidRegion(f"the file '{path}' is larger than {MAX_FILE_BYTES // 1024**2} MiB")
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise InvalidRegion(f"the file '{path}' cannot be read ({error.__class__.__name__})") from None


def _geometries(document: dict[str, Any]) -> list[dict[str, Any]]:
    match document.get("type"):
        case "FeatureCollection":
            features = document.get("features")
            found = [f.get("geometry") for f in features if isinstance(f, dict)] if isinstance(features, list) else []
        case "Feature":
            found = [document.get("geometry")]
        case "Polygon" | "MultiPolygon":
            found = [document]
        case kind:
            raise InvalidRegion(f"its type is '{kind}', not Polygon, MultiPolygon, Feature or FeatureCollection")
    geometries = [g for g in found if isinstance(g, dict)]
    if not geometries:
        raise InvalidRegion("it holds no geometry")
    return geometries


def _polygon(geometry: dict[str, Any]) -> BaseGeometry:
    if geometry.get("type") not in ("Polygon", "MultiPolygon"):
        raise InvalidRegion(f"it holds a {geometry.get('type')}, and only polygons have an area to map")
    try:
        polygon = shape(geometry)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, GEOSException) as error:
        raise InvalidRegion(f"its coordinates do not form a polygon ({error})") from None
    if polygon.is_empty:
        raise InvalidRegion("the polygon is empty")
    if not polygon.is_valid:
        raise InvalidRegion(f"the polygon crosses itself or is flat ({explain_validity(polygon)})")
    return polygon


def _check_range(geometry: BaseGeometry) -> None:
    west, south, east, north = geometry.bounds
    if not (-180 <= west and east <= 180 and -90 <= south and north <= 90):
        raise InvalidRegion(f"coordinates from {west:.1f}, {south:.1f} to {east:.1f}, {north:.1f} are not degrees")


def _check_size(region: Region) -> None:
    west, south, east, north = region.bounds_wgs84
    if max(east - west, north - south) > MAX_SPAN_DEGREES:
        reason = f"it spans {max(east - west, north - south):.1f} degrees and at most {MAX_SPAN_DEGREES:.0f}"
        raise InvalidRegion(f"{reason} are taken at once; order its parts one by one")
    if region.area_km2 > MAX_AREA_KM2:
        raise InvalidRegion(f"it covers {region.area_km2:.0f} km2 and at most {MAX_AREA_KM2:.0f} km2 are taken at once")


def _equal_area(geometry: BaseGeometry) -> str:
    centre = geometry.centroid
    return f"+proj=laea +lat_0={centre.y:.6f} +lon_0={centre.x:.6f} +datum=WGS84 +units=m"
