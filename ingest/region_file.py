"""Polygons of a file in any common vector format and CRS. core/region.py makes a region from them."""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shapely import force_2d, get_parts, get_type_id
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from core.errors import InvalidRegion
from core.region import MAX_FILE_BYTES, POLYGON, WGS84, parse_region, reproject

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

FORMATS = {
    ".gpkg": "GeoPackage",
    ".shp": "Shapefile",
    ".zip": "Shapefile in a zip",
    ".fgb": "FlatGeobuf",
    ".kml": "KML",
    ".geojson": "GeoJSON",
    ".json": "GeoJSON",
}
"""Formats by ending; a file with another ending is read as GeoJSON."""
GEOJSON = (".geojson", ".json")
WGS84_NAMES = ("CRS84", "EPSG::4326", "EPSG:4326")
"""Endings of the names of WGS84 in GeoJSON from before RFC 7946."""
MAX_FEATURES = 10_000
"""A land register of a district; its polygons are united in seconds."""
MOST_PACKED = 8
"""Largest ratio of a file to its zip: polygons have 2 or 3, a zip bomb 1000."""
EDGE_M = 1000.0
"""Longest edge that keeps its shape when it is projected: the error is below 0.2 m."""
MAX_REASON = 200
"""Characters of a library's message about a broken file."""


def read_region_file(path: Path) -> dict[str, Any]:
    """Read a region from GeoPackage, Shapefile (also zipped), FlatGeobuf, KML or GeoJSON, in any stated CRS.

    All layers' polygons are united. GeoJSON in WGS84 is read without geopandas.

    Returns:
        A GeoJSON geometry in WGS84, that `core.region.parse_region` takes.

    Raises:
        InvalidRegion: no such file, too large, not of its format, without polygons or CRS, or no usable region.
    """
    ending = path.suffix.lower()
    if (ending in GEOJSON or ending not in FORMATS) and _is_wgs84(path):
        return parse_region(path).to_geojson()
    _check_size(path)
    polygons = _polygons(path)
    if not polygons:
        raise InvalidRegion(f"the file '{path}' holds no polygon, and only polygons have an area to map")
    features = [{"type": "Feature", "geometry": dict(mapping(polygon))} for polygon in polygons]
    return parse_region({"type": "FeatureCollection", "features": features}).to_geojson()


def _is_wgs84(path: Path) -> bool:
    """Return whether a GeoJSON file names no CRS but WGS84; true also for a file that cannot be read."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            return True
        document = json.loads(path.read_text(encoding="utf-8"))
        name = str(document["crs"]["properties"]["name"])
    except (OSError, ValueError, RecursionError, LookupError, TypeError):
        return True
    return name.endswith(WGS84_NAMES)


def _check_size(path: Path) -> None:
    try:
        size = path.stat().st_size
        if path.suffix.lower() == ".zip":
            with zipfile.ZipFile(path) as packed:
                size = max(size, sum(entry.file_size for entry in packed.infolist()) // MOST_PACKED)
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise InvalidRegion(f"the file '{path}' cannot be read ({error.__class__.__name__})") from None
    if size > MAX_FILE_BYTES:
        raise InvalidRegion(f"the file '{path}' is larger than {MAX_FILE_BYTES // 1024**2} MiB")


def _polygons(path: Path) -> list[BaseGeometry]:
    """Return the polygons of all layers of a file in WGS84."""
    try:
        return [polygon for table in _tables(path) for polygon in _polygons_of(table, path)]
    except ImportError as error:
        name = error.name or "geopandas"
        raise InvalidRegion(f"{path.suffix} files need the package {name}; 'pip install {name}' installs it") from None
    except (RuntimeError, ValueError, OSError) as error:  # of pyogrio and pyproj
        kind = FORMATS.get(path.suffix.lower(), "GeoJSON")
        reason = " ".join(str(error).split())[:MAX_REASON]
        raise InvalidRegion(f"the file '{path}' cannot be read as {kind} ({reason.rstrip('.')})") from None


def _tables(path: Path) -> "Iterator[GeoDataFrame]":
    import geopandas  # takes a second to load, and GeoJSON does not need it
    import pyogrio

    left = MAX_FEATURES
    for source in _sources(path):
        for layer, kind in pyogrio.list_layers(source):
            if kind is None:
                continue
            table = geopandas.read_file(source, engine="pyogrio", layer=layer, columns=[], rows=left + 1)
            left -= len(table)
            if left < 0:
                raise InvalidRegion(f"the file '{path}' holds more than {MAX_FEATURES} features")
            yield table


def _sources(path: Path) -> list[str]:
    """Return the paths to open: the file, or each Shapefile of a zip."""
    if path.suffix.lower() != ".zip":
        return [str(path.resolve())]
    with zipfile.ZipFile(path) as packed:
        inside = [n for n in packed.namelist() if n.lower().endswith(".shp") and not n.startswith("__MACOSX")]
    if not inside:
        raise InvalidRegion(f"the file '{path}' holds no Shapefile (.shp)")
    return [f"zip://{path.resolve()}!{name}" for name in inside]


def _polygons_of(table: "GeoDataFrame", path: Path) -> list[BaseGeometry]:
    found = [g for g in table.geometry if g is not None and not g.is_empty]
    pieces = get_parts(get_parts(force_2d(found)))
    polygons = list(pieces[get_type_id(pieces) == POLYGON])
    if polygons and table.crs is None:
        raise InvalidRegion(f"the file '{path}' does not state its CRS (of a Shapefile, the .prj file is missing)")
    if not polygons or table.crs.equals(WGS84, ignore_axis_order=True):
        return polygons
    if table.crs.is_projected:
        polygons = [polygon.segmentize(EDGE_M) for polygon in polygons]
    return [reproject(polygon, table.crs.to_wkt(), WGS84) for polygon in polygons]
