"""Polygons of a file in any common vector format and CRS. core/region.py makes a region from them."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shapely import force_2d, get_parts, get_type_id
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from core.errors import InvalidRegion
from core.region import MAX_FILE_BYTES, POLYGON, WGS84, Region, check_valid, parse_region, reproject, segmentize
from core.source import AS_STATED, InputSummary, ReadAs, counted
from ingest.rules.places import foreign_crs_in
from ingest.rules.refusal import Refused
from ingest.table.file import TEXT
from ingest.vector_file import GEOJSON, WKT, VectorFile, read_layers, size_of
from ingest.vector_sources import FORMATS

MAX_FEATURES = 10_000
"""A land register of a district; its polygons are united in seconds."""
EDGE_M = 1000.0
"""Longest edge that keeps its shape when it is projected: the error is below 0.2 m."""
POLYGONS = ("Polygon", "MultiPolygon")
Parse = Callable[[dict[str, Any]], Region]
"""GeoJSON object -> region; raises InvalidRegion."""


@dataclass(frozen=True, kw_only=True)
class RegionFile:
    """A region, and how its file was understood."""

    geojson: dict[str, Any]
    """A geometry in WGS84, that `core.region.parse_region` takes."""
    summary: InputSummary


def read_region(path: Path, *, read_as: ReadAs = AS_STATED, parse: Parse = parse_region) -> RegionFile:
    """Read a region from any format of ingest/vector_file.py, in any stated CRS.

    All layers' polygons are united. GeoJSON in WGS84 is read without geopandas.

    Args:
        path: of the file.
        read_as: what the caller states about it.
        parse: makes the region; by default, one that an order may have.

    Raises:
        InvalidRegion: no such file, too large, not of its format, without polygons or CRS, or no usable region.
    """
    try:
        _check_size(path)
        document = None if read_as.crs else _geojson(path)
        return _of_files(path, read_as, parse) if document is None else _of_geojson(path, document, parse)
    except Refused as error:
        raise InvalidRegion(_of_the_file(path, str(error))) from None


def _of_the_file(path: Path, reason: str) -> str:
    return f"the file '{path}' {reason[3:]}" if reason.startswith("it ") else f"of the file '{path}', {reason}"


def read_region_file(path: Path, *, read_as: ReadAs = AS_STATED) -> dict[str, Any]:
    """Read a region, see `read_region`, without the summary."""
    return read_region(path, read_as=read_as).geojson


def _geojson(path: Path) -> dict[str, Any] | None:
    """Return the GeoJSON object of a file, if it is one and in WGS84."""
    ending = path.suffix.lower()
    if ending in FORMATS and ending not in (*GEOJSON, *WKT):
        return None
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        if ending in WKT:
            return None
        if ending in TEXT:
            raise Refused("it is a table, and a region is a file of polygons, such as GeoJSON or GeoPackage") from None
        raise Refused(f"it cannot be read as GeoJSON ({error})") from None
    if not isinstance(document, dict):
        raise Refused("it is JSON but not a GeoJSON object")
    return None if foreign_crs_in(document) else document


def _check_size(path: Path) -> None:
    if size_of(path) > MAX_FILE_BYTES:
        raise Refused(f"it is larger than {MAX_FILE_BYTES // 1024**2} MiB")


def _of_geojson(path: Path, document: dict[str, Any], parse: Parse) -> RegionFile:
    shapes = geojson_shapes(document)
    known = [s for s in shapes if s is not None and (s.get("coordinates") or s.get("type") not in POLYGONS)]
    polygons = [s for s in known if s.get("type") in POLYGONS]
    if not polygons:
        return RegionFile(geojson=parse(document).to_geojson(), summary=_summary(path, "GeoJSON", 0, ()))
    features = [{"type": "Feature", "geometry": p} for p in polygons]
    region = parse({"type": "FeatureCollection", "features": features})
    remarks = _left_out(len(shapes) - len(known), len(known) - len(polygons))
    return RegionFile(geojson=region.to_geojson(), summary=_summary(path, "GeoJSON", len(polygons), remarks))


def _of_files(path: Path, read_as: ReadAs, parse: Parse) -> RegionFile:
    layers = read_layers(path, crs=read_as.crs, most=MAX_FEATURES)
    found = [_polygons_of(layer) for layer in layers]
    polygons = [p for own, _, _ in found for p in own]
    if not polygons:
        raise Refused("it holds no polygon, and only polygons have an area to map")
    features = [{"type": "Feature", "geometry": dict(mapping(p))} for p in polygons]
    region = parse({"type": "FeatureCollection", "features": features})
    remarks = (
        *(r for layer in layers for r in layer.remarks),
        *_left_out(sum(e for _, e, _ in found), sum(o for _, _, o in found)),
    )
    crs = dict.fromkeys(layer.crs.name for layer in layers)
    summary = _summary(path, layers[0].layout, len(polygons), remarks)
    return RegionFile(geojson=region.to_geojson(), summary=summary.with_taken(f"CRS: {', '.join(crs)}"))


def _summary(path: Path, layout: str, polygons: int, remarks: Sequence[str]) -> InputSummary:
    return InputSummary(
        name=path.name,
        layout=f"region in {layout}",
        taken=(f"polygons: {polygons:,}",) if polygons else (),
        remarks=tuple(remarks),
    )


def _left_out(empty: int, others: int) -> tuple[str, ...]:
    """Return remarks on features without a geometry and on those that are no polygons."""
    found = []
    if empty:
        found.append(f"{counted(empty, 'feature has', 'features have')} no geometry and {_is(empty)} left out.")
    if others:
        found.append(
            f"{counted(others, 'feature is no polygon', 'features are no polygons')} and {_is(others)} left out."
        )
    return tuple(found)


def _is(count: int) -> str:
    return "is" if count == 1 else "are"


def _polygons_of(layer: VectorFile) -> tuple[list[BaseGeometry], int, int]:
    """Return the polygons of a layer in WGS84, and how many features are empty, and no polygons."""
    shapes = list(layer.table.geometry)
    known = [g for g in shapes if g is not None and not g.is_empty]
    pieces = [get_parts(get_parts(force_2d([g]))) for g in known]
    own = [list(p[get_type_id(p) == POLYGON]) for p in pieces]
    polygons = [g for some in own for g in some]
    for polygon in polygons:
        check_valid(polygon)
    others = sum(not some for some in own)
    crs = layer.crs
    if polygons and not crs.equals(WGS84, ignore_axis_order=True):
        if crs.is_projected:
            polygons = [segmentize(polygon, EDGE_M) for polygon in polygons]
        polygons = [reproject(polygon, crs.to_wkt(), WGS84) for polygon in polygons]
    return polygons, len(shapes) - len(known), others


def geojson_shapes(document: dict[str, Any]) -> list[dict[str, Any] | None]:
    """Return the geometries of a GeoJSON object, those of collections one by one; None = a feature without one."""
    match document.get("type"):
        case "FeatureCollection":
            features = document.get("features")
            return [g for f in (features if isinstance(features, list) else []) for g in _geometry_of(f)]
        case "GeometryCollection":
            inner = document.get("geometries")
            return [g for d in (inner if isinstance(inner, list) else []) for g in _geometry_of({"geometry": d})]
        case "Feature":
            return _geometry_of(document)
    return [document]


def _geometry_of(feature: Any) -> list[dict[str, Any] | None]:
    geometry = feature.get("geometry") if isinstance(feature, dict) else None
    return geojson_shapes(geometry) if isinstance(geometry, dict) else [None]
