"""Region: the polygon that an order is about, and the one function that reads it. No tiles, no formats but GeoJSON.

Geometries are kept as RFC 7946 wants them: longitudes within -180..180, cut at 180 where they cross it. Whatever is
measured or projected is unwrapped first, so that nothing ever spans the world the wrong way round.
"""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyproj import Transformer
from shapely import GeometryType, box, from_ragged_array, get_parts, get_type_id, to_ragged_array, transform, union_all
from shapely.affinity import translate
from shapely.errors import GEOSException
from shapely.geometry import mapping, shape
from shapely.geometry.base import BaseGeometry
from shapely.validation import explain_validity

from core.errors import InvalidRegion

Doubles = NDArray[np.float64]
RegionLike = str | Path | dict[str, Any]
"""A GeoJSON object, its text, or the path of a GeoJSON file."""

MAX_FILE_BYTES = 16 * 1024 * 1024
MAX_AREA_KM2 = 20_000.0
"""About two Sentinel-2 granules: larger orders are split by the caller."""
MAX_SPAN_DEGREES = 12.0
"""Two UTM zones: one job has one grid."""
SOUTH_END, NORTH_END = -80.0, 84.0
"""Latitudes where UTM ends (DMA TM 8358.2, section 2-1)."""
EDGE_DEGREES = 0.01
"""Longest edge that is projected as a straight line: it misses the true one by less than 0.1 m south of 80 N."""
WGS84 = "EPSG:4326"
UNREADABLE = (ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError, GEOSException)
"""What shapely and numpy raise for invalid coordinates."""
POLYGON = 3
"""Type of a polygon in shapely."""


@dataclass(frozen=True, kw_only=True)
class Region:
    """A valid polygon or multi-polygon with an area, in WGS84 longitude/latitude (degrees)."""

    geometry: BaseGeometry
    """Shapely Polygon or MultiPolygon, EPSG:4326, x = longitude within -180..180, cut where it crosses 180."""

    @cached_property
    def unwrapped(self) -> BaseGeometry:
        """The polygon in one piece across 180 degrees: longitudes may be greater than 180."""
        return unwrap(self.geometry)

    @property
    def bounds_wgs84(self) -> tuple[float, float, float, float]:
        """West, south, east, north in degrees; west > east where it crosses 180 degrees (RFC 7946, section 5.2)."""
        west, south, east, north = self.unwrapped.bounds
        return west, south, east - 360 if east > 180 else east, north

    @property
    def span_degrees(self) -> tuple[float, float]:
        """Extent from west to east and from south to north."""
        west, south, east, north = self.unwrapped.bounds
        return east - west, north - south

    @property
    def centroid(self) -> tuple[float, float]:
        """Longitude within -180..180, latitude."""
        centre = self.unwrapped.centroid
        return centre.x - 360 if centre.x > 180 else centre.x, centre.y

    @cached_property
    def area_km2(self) -> float:
        """Area in an equal-area projection centred on the region."""
        return float(self.to_crs(_equal_area(*self.centroid)).area / 1e6)

    def to_crs(self, crs: str) -> BaseGeometry:
        """Return the polygon in a projected CRS; its edges are straight in degrees (RFC 7946, section 3.1.1)."""
        if crs not in self._projected:
            self._projected[crs] = reproject(segmentize(self.unwrapped, EDGE_DEGREES), WGS84, crs)
        return self._projected[crs]

    @cached_property
    def _projected(self) -> dict[str, BaseGeometry]:
        """The polygon in the CRSs in which it was wanted: a mosaic asks for one of them at each tile."""
        return {}

    def to_geojson(self) -> dict[str, Any]:
        """Return the polygon as a GeoJSON geometry."""
        return dict(mapping(self.geometry))


@dataclass(frozen=True, kw_only=True)
class Field:
    """One polygon of many, with the user's own id; answered by lines of a table."""

    id: Any
    """As in the user's file, number or text; several fields may share one."""
    name: str = ""
    """Name in the user's file, besides the id; empty = it has none."""
    geometry: BaseGeometry | None = None
    """Polygon or MultiPolygon in WGS84, x = longitude; invalid ones as they are; None = there is none."""
    defect: str = ""
    """Why it cannot be measured, a clause: `its outline crosses itself`; empty = it can."""


def reproject(geometry: BaseGeometry, source: str, target: str) -> BaseGeometry:
    """Return a geometry of one CRS in another, vertices transformed one by one, x before y in both.

    To WGS84, what crosses 180 degrees is cut there (RFC 7946, section 3.1.9).
    """
    transformer = _transformer(source, target)

    def move(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(transformer.transform(points[:, 0], points[:, 1]))

    moved = transform(geometry, move)
    west, _, east, _ = moved.bounds if target == WGS84 and not moved.is_empty else (0, 0, 0, 0)
    if east - west <= 180:
        return moved
    return wrap(transform(moved, lambda points: np.column_stack([points[:, 0] % 360, points[:, 1]])))


@lru_cache(maxsize=64)
def _transformer(source: str, target: str) -> Transformer:
    """Return a transformer, which threads may share; making one takes 2 ms and more."""
    return Transformer.from_crs(source, target, always_xy=True)


def segmentize(geometry: BaseGeometry, longest: float) -> BaseGeometry:
    """Return a polygon or multi-polygon whose longer edges are cut into equal pieces.

    Shapely's own function checks each polygon, for seconds, while all threads wait, and ends the process at an empty
    hole (shapely 2.2, GEOS 3.14).
    """
    west, south, east, north = geometry.bounds
    is_small = math.hypot(east - west, north - south) <= longest and geometry.geom_type in ("Polygon", "MultiPolygon")
    if geometry.is_empty or is_small:  # no edge is longer than the diagonal of the bounds
        return geometry
    kind, points, offsets = to_ragged_array([geometry])
    if kind not in (GeometryType.POLYGON, GeometryType.MULTIPOLYGON):
        raise ValueError(f"only polygons are cut, and this is a {geometry.geom_type}")
    ring_starts, *others = offsets
    starts, edge, points = split_edges(points, longest)
    is_within = ~np.isin(edge, ring_starts[1:-1] - 1)  # no points between the end of a ring and the next one's start
    is_kept = is_within | (np.diff(edge, prepend=-1) > 0)
    positions = np.concatenate([[0], np.cumsum(is_kept)])
    moved = positions[np.append(starts, len(edge))[ring_starts]]
    cut: BaseGeometry = from_ragged_array(kind, points[is_kept], (moved, *others))[0]
    return cut


def split_edges(
    points: NDArray[np.float64], longest: float
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
    """Cut the edges of a line.

    Args:
        points: (N, 2) of the line.
        longest: greatest length of an edge.

    Returns:
        (N,) where each point is among the new ones, (M,) the old point at or before each new one, (M, 2) new points.
    """
    steps = np.diff(points, axis=0, append=points[-1:])
    counts = np.maximum(1, np.ceil(np.hypot(steps[:, 0], steps[:, 1]) / longest)).astype(np.intp)
    starts = np.cumsum(counts) - counts
    old = np.repeat(np.arange(len(points)), counts)
    share = (np.arange(len(old)) - starts[old]) / counts[old]
    return starts, old, points[old] + steps[old] * share[:, None]


def wrap(geometry: BaseGeometry) -> BaseGeometry:
    """Return polygons with longitudes within -180..180, cut at 180 degrees; those that lie there are left alone."""
    west, _, east, _ = geometry.bounds
    if -180 <= west and east <= 180:
        return geometry
    turns = range(math.floor((west + 180) / 360), math.floor((east + 180) / 360) + 1)
    return union_all([_on_turn(geometry, turn) for turn in turns])


def unwrap(geometry: BaseGeometry) -> BaseGeometry:
    """Return polygons that were cut at 180 degrees in one piece, with longitudes greater than 180; others as is."""
    west, _, east, _ = geometry.bounds
    if east - west <= 180:
        return geometry
    whole = union_all([translate(p, 360) if p.bounds[2] <= 0 else p for p in get_parts(geometry)])
    return whole if whole.bounds[2] - whole.bounds[0] < east - west else geometry


def _on_turn(geometry: BaseGeometry, turn: int) -> BaseGeometry:
    cut = geometry.intersection(box(360 * turn - 180, -90, 360 * turn + 180, 90))
    pieces = get_parts(cut)
    return translate(union_all(pieces[get_type_id(pieces) == POLYGON]), -360 * turn)


def parse_region(region: RegionLike) -> Region:
    """Read a region from GeoJSON: a geometry, Feature or FeatureCollection (its polygons are united).

    Raises:
        InvalidRegion: not GeoJSON, no polygon, empty, self-crossing, outside the range of degrees, near a pole, or too
            large.
    """
    return region_from(parse_polygons(region))


def parse_polygons(
    region: RegionLike, check: Callable[[Sequence[BaseGeometry]], None] | None = None
) -> list[BaseGeometry]:
    """Read the polygons of GeoJSON without uniting them.

    Args:
        region: as `parse_region` takes it.
        check: sees all polygons before anything is computed of them, and may refuse them.

    Raises:
        InvalidRegion: not GeoJSON, no polygon, empty or self-crossing.
    """
    try:
        polygons = [read_polygon(g) for g in _geometries(_load(region))]
    except RecursionError:
        raise InvalidRegion("its collections are nested too deeply") from None
    for polygon in polygons:
        _check_range(polygon)
    if check:
        check(polygons)
    for polygon in polygons:
        check_valid(polygon)
    return polygons


def region_from(polygons: Sequence[BaseGeometry]) -> Region:
    """Return the region of valid polygons in WGS84; across 180 degrees they may be cut, or go beyond 180.

    Raises:
        InvalidRegion: outside the range of degrees, near a pole, or too large.
    """
    for polygon in polygons:
        _check_range(polygon)
    parsed = Region(geometry=union_all([wrap(polygon) for polygon in polygons]))
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
        return path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise InvalidRegion(f"the file '{path}' cannot be read ({error.__class__.__name__})") from None


def _geometries(document: dict[str, Any]) -> list[dict[str, Any]]:
    match document.get("type"):
        case "FeatureCollection":
            features = document.get("features")
            found = [f.get("geometry") for f in features if isinstance(f, dict)] if isinstance(features, list) else []
        case "Feature":
            found = [document.get("geometry")]
        case "GeometryCollection":
            inner = document.get("geometries")
            found = inner if isinstance(inner, list) else []
        case "Polygon" | "MultiPolygon":
            found = [document]
        case kind:
            raise InvalidRegion(f"its type is '{kind}', not Polygon, MultiPolygon, Feature or FeatureCollection")
    geometries = [g for f in found if isinstance(f, dict) for g in _parts(f)]
    if not geometries:
        raise InvalidRegion("it holds no geometry")
    return geometries


def _parts(geometry: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the geometries of a collection, or the geometry itself."""
    return _geometries(geometry) if geometry.get("type") == "GeometryCollection" else [geometry]


def read_polygon(geometry: dict[str, Any]) -> BaseGeometry:
    """Return a Polygon or MultiPolygon of GeoJSON, valid or not.

    Raises:
        InvalidRegion: it is something else, empty, or its coordinates are no polygon or no finite numbers.
    """
    if geometry.get("type") not in ("Polygon", "MultiPolygon"):
        raise InvalidRegion(f"it holds a {geometry.get('type')}, and only polygons have an area to map")
    try:
        polygon = shape(geometry | {"coordinates": _as_arrays(geometry["coordinates"], geometry["type"])})
    except UNREADABLE as error:
        raise InvalidRegion(f"its coordinates do not form a polygon ({error})") from None
    if polygon.is_empty:
        raise InvalidRegion("the polygon is empty")
    return polygon


def _as_arrays(coordinates: Any, kind: str) -> Any:
    """Return coordinates with each ring as an array: of lists shapely takes 30 times as long, and no thread runs."""
    if kind == "MultiPolygon":
        return [_as_arrays(rings, "Polygon") for rings in coordinates]
    return [_as_array(ring) if len(ring) else ring for n, ring in enumerate(coordinates) if n == 0 or len(ring)]


def _as_array(ring: Any) -> NDArray[np.float64]:
    points = np.asarray(ring, np.float64)
    if not np.isfinite(points).all():
        raise ValueError("one of them is no finite number")
    return points


def check_valid(polygon: BaseGeometry) -> None:
    """Refuse a polygon that crosses itself: a projection would repair it and lose a part of its area.

    Raises:
        InvalidRegion: shows where.
    """
    if not polygon.is_valid:
        raise InvalidRegion(f"the polygon crosses itself or is flat ({explain_validity(polygon)})")


def _check_range(geometry: BaseGeometry) -> None:
    west, south, east, north = geometry.bounds
    if not _are_degrees(west, south, east, north):
        hint = ", and longitude and latitude seem to be swapped" if _are_degrees(south, west, north, east) else ""
        raise InvalidRegion(
            f"coordinates from {west:.1f}, {south:.1f} to {east:.1f}, {north:.1f} are not degrees{hint}"
        )


def _are_degrees(west: float, south: float, east: float, north: float) -> bool:
    return -360 <= west and east <= 360 and -90 <= south and north <= 90


def _check_size(region: Region) -> None:
    (width, height), (_, south, _, north) = region.span_degrees, region.bounds_wgs84
    if max(width, height) > MAX_SPAN_DEGREES:
        raise InvalidRegion(_too_wide(width, height))
    if south < SOUTH_END or north > NORTH_END:
        reach = f"{-south:.1f} degrees south" if south < SOUTH_END else f"{north:.1f} degrees north"
        raise InvalidRegion(
            f"it reaches {reach}, and UTM ends at {NORTH_END:.0f} N and {-SOUTH_END:.0f} S, "
            "beyond which Sentinel-2 takes no images either"
        )
    area_km2 = region.area_km2
    if area_km2 > MAX_AREA_KM2:
        parts = math.ceil(area_km2 / MAX_AREA_KM2)
        reason = f"it covers {area_km2:.0f} km2, and one order covers at most {MAX_AREA_KM2:.0f} km2"
        raise InvalidRegion(f"{reason}; order it in at least {parts} parts")


def _too_wide(width: float, height: float) -> str:
    parts = math.ceil(width / MAX_SPAN_DEGREES) * math.ceil(height / MAX_SPAN_DEGREES)
    reason = f"it spans {max(width, height):.1f} degrees, and one order spans at most {MAX_SPAN_DEGREES:.0f}"
    hint = ", and write one across 180 degrees in two polygons or with longitudes beyond 180" if width > 180 else ""
    return f"{reason}; order it in up to {parts} parts{hint}"


def _equal_area(longitude: float, latitude: float) -> str:
    return f"+proj=laea +lat_0={latitude:.6f} +lon_0={longitude:.6f} +datum=WGS84 +units=m"
