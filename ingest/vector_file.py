"""Vector files of any common format, and tables of points: features with their CRS. Nothing of what they are for."""

import json
import re
import warnings
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.parquet
from numpy.typing import NDArray
from pyproj import CRS
from shapely import Point, from_wkt, get_coordinates
from shapely.errors import GEOSException
from shapely.geometry.base import BaseGeometry

from core.region import WGS84
from core.source import AS_STATED, listed
from ingest.rules.columns import EASTINGS, LATITUDES, LONGITUDES, NORTHINGS, match
from ingest.rules.places import SWAPPED, are_degrees, are_swapped_degrees, foreign_crs_in, parse_crs
from ingest.rules.refusal import Refused
from ingest.table.file import TEXT, columns_of, read_file
from ingest.table.keys import has_dates, series_column
from ingest.vector_sources import FORMATS, PACKED, sources

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

PARQUET = (".parquet", ".geoparquet")
GEOJSON = (".geojson", ".json")
WKT = (".wkt", ".txt")
MOST_PACKED = 8
"""Largest ratio of a file to its zip: polygons have 2 or 3, a zip bomb 1000."""
MAX_REASON = 200
"""Characters of a library's message about a broken file."""
PROJECTED = "where they are of a projected CRS, give it by --crs EPSG:..."
WKT_COLUMNS = ("wkt", "geometry", "geom", "the_geom")
_WKT_START = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:SRID=\d+;)?\s*(?:MULTI)?(?:POINT|LINE|POLYGON|GEOM)", re.IGNORECASE)
_EWKT = re.compile(r"\s*SRID=(\d+);", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class VectorFile:
    """Features of one layer, or of all."""

    name: str
    layout: str
    """Format, in words."""
    table: "GeoDataFrame"
    """With a CRS; geometries may be missing or empty."""
    remarks: tuple[str, ...] = ()

    @property
    def crs(self) -> CRS:
        """CRS of the geometries, x before y."""
        crs: CRS = self.table.crs
        return crs


def read_vector(
    path: Path, *, crs: str = "", layer: str = "", most: int, near: BaseGeometry | None = None
) -> VectorFile:
    """Read the features of one layer.

    Args:
        path: of FORMATS, or a table with `lon` and `lat`, or with WKT in a column.
        crs: stated by the user; empty = as the file states.
        layer: of a file with several; empty = the only one.
        most: features that are read at most, and one more.
        near: in WGS84; where the format allows, nothing else is read.

    Raises:
        Refused: no such file or layer, broken, without geometry, or without a CRS.
    """
    check_file(path)
    ending = path.suffix.lower()
    if ending in WKT and _starts_as_wkt(path):
        found = read_wkt(path)
    elif ending in TEXT or (ending in PARQUET and not _is_geoparquet(path)):
        found = _points(path, crs)
    elif ending in PARQUET:
        found = _opened(path, lambda: _read_parquet(path))
    else:
        found = _opened(path, lambda: _read_layer(path, layer, most, near))
        _check_stated(path, found, crs)
    return with_crs(found, crs)


def check_file(path: Path) -> None:
    """Refuse a file that is missing or of another format.

    Raises:
        Refused: says which formats are read.
    """
    if not path.is_file():
        raise Refused("there is no such file")
    if path.suffix.lower() not in (*FORMATS, *TEXT):
        raise Refused(f"its ending is none of {', '.join(dict.fromkeys((*FORMATS, *TEXT)))}")


def layers(path: Path) -> list[str]:
    """Return the layers with geometry of a file; none where the format has no layers.

    Raises:
        Refused: it cannot be read.
    """
    import pyogrio

    check_file(path)
    if path.suffix.lower() in (*PARQUET, *WKT, *TEXT):
        return []
    names = _opened(path, lambda: [str(n) for n, kind in pyogrio.list_layers(sources(path)[0]) if kind is not None])
    return list(names)


def size_of(path: Path) -> int:
    """Return the bytes of a file; of a zip the larger of its own and an eighth of what is in it.

    Raises:
        Refused: it cannot be opened.
    """
    try:
        size = path.stat().st_size
        if path.suffix.lower() in PACKED:
            with zipfile.ZipFile(path) as packed:
                size = max(size, sum(entry.file_size for entry in packed.infolist()) // MOST_PACKED)
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise Refused(f"it cannot be read ({error.__class__.__name__})") from None
    return size


def read_layers(path: Path, *, crs: str, most: int) -> list[VectorFile]:
    """Read the geometries of all layers.

    Raises:
        Refused: as `read_vector`; or more features.
    """
    check_file(path)
    if path.suffix.lower() in (*PARQUET, *WKT, *TEXT):
        found = [read_vector(path, crs=crs, most=most)]
    else:
        found = _opened(path, lambda: _all_layers(path, most))
        for one in found:
            _check_stated(path, one, crs)
    if sum(len(f.table) for f in found) > most:
        raise Refused(f"it holds more than {most} features")
    return [with_crs(f, crs) for f in found]


def extent(path: Path, layer: str, crs: CRS) -> NDArray[np.float64]:
    """Return (N, 4) west, south, east, north of all features of a layer, in WGS84; none where it cannot be told."""
    import geopandas
    import pyogrio
    from shapely import box

    source = sources(path)[0]
    _, bounds = pyogrio.read_bounds(source, layer=layer or _layer(source, ""))
    boxes = geopandas.GeoSeries(box(*bounds[:, np.isfinite(bounds).all(axis=0)]), crs=crs)
    return np.asarray(boxes.to_crs(WGS84).bounds, np.float64)


def with_crs(found: VectorFile, crs: str) -> VectorFile:
    """Return the features in the CRS that the user states, or check the one of the file.

    Raises:
        Refused: there is none, or the coordinates are not of it.
    """
    if crs:
        return replace(found, table=found.table.set_crs(parse_crs(crs), allow_override=True))
    if found.table.crs is None:
        missing = "its .prj file is missing" if "Shapefile" in found.layout else "the file has none"
        raise Refused(f"it does not state its CRS ({missing}); give it by --crs EPSG:...")
    _check_degrees(found.table)
    return found


def reason_of(error: Exception) -> str:
    """Return a library's message in one line."""
    return " ".join(str(error).split())[:MAX_REASON].rstrip(".") or type(error).__name__


def read_wkt(path: Path) -> VectorFile:
    """Read WKT or EWKT: one geometry, or one on each line; degrees of WGS84 where it states no CRS.

    Raises:
        Refused: it is none, or its coordinates are not degrees.
    """
    try:
        text = path.read_text(encoding="utf-8-sig").strip()
    except (OSError, ValueError) as error:
        raise Refused(f"it cannot be read as WKT ({reason_of(error)})") from None
    lines = [line for line in text.splitlines() if line.strip()]
    stated = {m[1] for line in lines if (m := _EWKT.match(line))}
    if len(stated) > 1:
        raise Refused("its geometries have several CRSs (SRID)")
    whole = [_EWKT.sub("", text)]
    shapes = _shapes(whole) if _is_wkt(whole[0]) else _shapes([_EWKT.sub("", line) for line in lines])
    return _of_shapes(path, "WKT", {}, shapes, f"EPSG:{stated.pop()}" if stated else "")


def _starts_as_wkt(path: Path) -> bool:
    """Tell WKT from a table with the same ending."""
    with path.open("rb") as file:
        return path.suffix.lower() == ".wkt" or bool(_WKT_START.match(file.read(200)))


def _is_wkt(text: str) -> bool:
    try:
        from_wkt(text)
    except GEOSException:
        return False
    return True


def _shapes(texts: Sequence[str]) -> list[BaseGeometry | None]:
    try:
        return [from_wkt(t) if t.strip() else None for t in texts]
    except GEOSException as error:
        raise Refused(f"it cannot be read as WKT ({reason_of(error)})") from None


def _of_shapes(
    path: Path, layout: str, columns: dict[str, Any], shapes: Sequence[BaseGeometry | None], crs: str
) -> VectorFile:
    """Return features whose file states no CRS as WGS84 where their coordinates are degrees, with a remark."""
    import geopandas

    table = geopandas.GeoDataFrame(columns, geometry=list(shapes), crs=crs or None)
    if crs or not len(table) or not are_degrees(table.total_bounds):
        return VectorFile(name=path.name, layout=layout, table=table)
    remark = "It states no CRS; its coordinates are taken as longitude and latitude of WGS84."
    return VectorFile(name=path.name, layout=layout, table=table.set_crs(WGS84), remarks=(remark,))


def _opened(path: Path, read: Any) -> Any:
    """Call a reader of a library, with its errors as ours."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # of GDAL on rings that are not closed; GEOS refuses them
            return read()
    except ImportError as error:
        name = error.name or "geopandas"
        raise Refused(f"{path.suffix} files need the package {name}; 'pip install {name}' installs it") from None
    except Refused:
        raise
    except (RuntimeError, ValueError, OSError, GEOSException) as error:  # of pyogrio, pyproj, pyarrow and shapely
        if "SHAPE_RESTORE_SHX" in str(error):
            raise Refused("its .shx file is missing; keep the files .shp, .shx, .dbf and .prj together") from None
        kind = FORMATS.get(path.suffix.lower(), "a vector file")
        raise Refused(f"it cannot be read as {kind} ({reason_of(error)})") from None


def _read_parquet(path: Path) -> VectorFile:
    import geopandas

    return VectorFile(name=path.name, layout="GeoParquet", table=geopandas.read_parquet(path))


def _is_geoparquet(path: Path) -> bool:
    found = _opened(path, lambda: b"geo" in (pyarrow.parquet.read_schema(path).metadata or {}))
    return bool(found)


def _read_layer(path: Path, layer: str, most: int, near: BaseGeometry | None) -> VectorFile:
    import geopandas

    found = sources(path)
    if len(found) > 1:
        raise Refused(f"it holds {len(found)} files ({listed([Path(f).name for f in found])}); give one of them")
    area = None if near is None else geopandas.GeoSeries([near], crs=WGS84)
    name = _layer(found[0], layer)
    table = geopandas.read_file(found[0], engine="pyogrio", layer=name, bbox=area, rows=most + 1, fid_as_index=True)
    if getattr(table, "_geometry_column_name", None) is None:
        raise Refused("it has no geometry, only a table")
    return VectorFile(name=path.name, layout=FORMATS[path.suffix.lower()], table=table)


def _layer(source: str, layer: str) -> str:
    import pyogrio

    names = [str(name) for name, kind in pyogrio.list_layers(source) if kind is not None]
    if layer in names:
        return layer
    if layer or len(names) > 1:
        raise Refused(
            f"{f'--layer {layer}: ' if layer else ''}it has the layers {listed(names, 20)}; choose one by --layer"
        )
    if not names:
        raise Refused("it has no geometry, only a table")
    return names[0]


def _all_layers(path: Path, most: int) -> list[VectorFile]:
    import geopandas
    import pyogrio

    found: list[VectorFile] = []
    for source in sources(path):
        for layer, kind in pyogrio.list_layers(source):
            left = most + 1 - sum(len(f.table) for f in found)
            if kind is not None and left > 0:
                table = geopandas.read_file(source, engine="pyogrio", layer=layer, columns=[], rows=left)
                found.append(
                    VectorFile(name=path.name, layout=FORMATS.get(path.suffix.lower(), "GeoJSON"), table=table)
                )
    return found


def _check_stated(path: Path, found: VectorFile, crs: str) -> None:
    """Refuse a GeoJSON file with a member `crs` that GDAL passes over, and takes for WGS84.

    Raises:
        Refused: names it.
    """
    if crs or path.suffix.lower() not in GEOJSON or not found.crs.equals(WGS84, ignore_axis_order=True):
        return
    try:
        text = path.read_bytes()
        document = json.loads(text) if b'"crs"' in text.lower() else None
    except (OSError, ValueError, RecursionError):  # GDAL has read it, in some way
        return
    if name := foreign_crs_in(document):
        raise Refused(f"it states the CRS {name}, which is not understood; give it by --crs EPSG:...")


def _check_degrees(table: "GeoDataFrame") -> None:
    """Refuse coordinates that are not of a CRS in degrees.

    Raises:
        Refused: x and y are swapped, or of a projected CRS.
    """
    bounds = table.total_bounds
    if not table.crs.is_geographic or not np.isfinite(bounds).all() or are_degrees(bounds):
        return
    west, south, east, north = bounds
    where = f"its coordinates from {west:.1f}, {south:.1f} to {east:.1f}, {north:.1f} are not degrees"
    raise Refused(f"{where}; {SWAPPED if are_swapped_degrees(bounds) else PROJECTED}")


def _points(path: Path, crs: str) -> VectorFile:
    """Read a table with places: columns lon and lat, x and y of a stated CRS, or WKT.

    Raises:
        Refused: it has none of them, or they are not degrees.
    """
    file = read_file(path)
    layout = "table of points"
    for xs, ys, needs_crs in ((LONGITUDES, LATITUDES, False), (EASTINGS, NORTHINGS, True)):
        x, y = match(file.columns, xs), match(file.columns, ys)
        if x and y and (crs or not needs_crs):
            places = file.numbers([x[0], y[0]])
            shapes = [Point(*p) if np.isfinite(p).all() else None for p in zip(*places.values(), strict=True)]
            columns = {c: file.table[c].to_numpy(object) for c in file.columns}
            found = _of_shapes(path, layout, columns, shapes, "")
            _check_lonlat(found, crs, (x[0], y[0]))
            return replace(found, remarks=file.unread([x[0], y[0]]))
    wkt = match(file.columns, WKT_COLUMNS)
    if wkt:
        columns = {c: file.table[c].to_numpy(object) for c in file.columns if c not in wkt}
        return _of_shapes(path, "table with WKT", columns, _shapes([str(t) for t in file.table[wkt[0]]]), "")
    hint = "; for x and y give the CRS by --crs EPSG:..." if match(file.columns, EASTINGS) else ""
    raise Refused(f"a table needs the columns lon and lat, in degrees; {columns_of(file)}{hint}")


def has_places(path: Path) -> bool:
    """Tell whether a table has columns of coordinates and none of dates: points, whatever is wrong with them."""
    try:
        file = read_file(path)
    except Refused:
        return False
    pairs = ((LONGITUDES, LATITUDES), (EASTINGS, NORTHINGS))
    has_pair = any(match(file.columns, xs) and match(file.columns, ys) for xs, ys in pairs)
    return has_pair and not has_dates(file, series_column(file), AS_STATED)


def _check_lonlat(found: VectorFile, crs: str, names: tuple[str, str]) -> None:
    if crs or not len(found.table):
        return
    points = get_coordinates(found.table.geometry.array)
    bad = ~((np.abs(points[:, 0]) <= 180) & (np.abs(points[:, 1]) <= 90))
    if not bad.any():
        return
    hint = f"; {SWAPPED if are_swapped_degrees(found.table.total_bounds) else PROJECTED}"
    at = np.nonzero(found.table.geometry.notna().to_numpy())[0][int(bad.argmax())]
    raise Refused(f"{', '.join(names)} of its row {at + 1} are not degrees{hint}")
